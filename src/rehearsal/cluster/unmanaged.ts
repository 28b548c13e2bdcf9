/**
 * Pods that started before Cilium did, in any number: Deployments of 50 behind a disruption budget of 25 %, copied from
 * the recorded `legacy-web`. Whole objects, unlike those of `scale.ts`: their controllers recreate them.
 */
import { type KubeObject, type ObjectMeta, recordAt } from './kube-object.ts';
import type { ResourceTable, ResourceType } from './resources.ts';
import { uidOf } from './scale-names.ts';
import { readEntry, type Store } from './store.ts';

const PER_WORKLOAD = 50;
const MOULD = { namespace: 'legacy', name: 'legacy-web', replicaSet: 'legacy-web-64465d7d54' };

type Loader = { readonly store: Store; readonly type: (apiVersion: string, kind: string) => ResourceType };

function required(loader: Loader, apiVersion: string, kind: string, name: string): KubeObject {
  const found = loader.store.get(loader.type(apiVersion, kind), MOULD.namespace, name);
  if (found === undefined) throw new Error(`the seed holds no ${kind} ${name} to copy`);
  return found;
}

function podMould(loader: Loader): KubeObject {
  for (const entry of loader.store.scan(loader.type('v1', 'Pod'), MOULD.namespace)) {
    const pod = readEntry(entry);
    if (pod.metadata.labels?.['app'] === MOULD.name) return pod;
  }
  throw new Error(`the seed holds no pod of ${MOULD.name} to copy`);
}

/** As its kind wants to be named, in a namespace of its own. */
function moved(mould: KubeObject, namespace: string, name: string, more: Partial<ObjectMeta> = {}): ObjectMeta {
  return { ...mould.metadata, ...more, namespace, name, uid: uidOf(`${mould.kind}/${namespace}/${name}`) };
}

function withReplicas(mould: KubeObject, metadata: ObjectMeta, replicas: number): KubeObject {
  const counts = Object.entries(recordAt(mould, 'status')).map(([key, value]) => [key, value === 3 ? replicas : value]);
  return {
    ...mould,
    metadata,
    spec: { ...recordAt(mould, 'spec'), replicas },
    status: Object.fromEntries(counts) as Record<string, unknown>,
  };
}

function budget(namespace: string, mould: KubeObject): KubeObject {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: moved(mould, namespace, MOULD.name),
    spec: { maxUnavailable: '25%', selector: { matchLabels: { app: MOULD.name } } },
    status: {},
  };
}

type Workload = { readonly namespace: string; readonly replicas: number; readonly first: number };

function loadWorkload(loader: Loader, { namespace, replicas, first }: Workload, nodes: readonly string[]): void {
  const { store, type } = loader;
  const deployment = required(loader, 'apps/v1', 'Deployment', MOULD.name);
  const replicaSet = required(loader, 'apps/v1', 'ReplicaSet', MOULD.replicaSet);
  const pod = podMould(loader);
  const owned = moved(deployment, namespace, MOULD.name);
  const [owner] = replicaSet.metadata.ownerReferences ?? [];
  const ofDeployment = owner === undefined ? [] : [{ ...owner, uid: owned.uid ?? '' }];
  const setMeta = moved(replicaSet, namespace, MOULD.replicaSet, { ownerReferences: ofDeployment });
  const [podOwner] = pod.metadata.ownerReferences ?? [];
  const ofSet = podOwner === undefined ? [] : [{ ...podOwner, uid: setMeta.uid ?? '' }];
  store.load(type('v1', 'Namespace'), [
    { apiVersion: 'v1', kind: 'Namespace', metadata: namespaceMeta(namespace), status: { phase: 'Active' } },
  ]);
  store.load(type('apps/v1', 'Deployment'), [withReplicas(deployment, owned, replicas)]);
  store.load(type('apps/v1', 'ReplicaSet'), [withReplicas(replicaSet, setMeta, replicas)]);
  store.load(type('policy/v1', 'PodDisruptionBudget'), [budget(namespace, deployment)]);
  const pods = Array.from({ length: replicas }, (_, index): KubeObject => {
    const number = first + index;
    const podIP = `10.244.${1 + Math.floor(number / 250)}.${2 + (number % 250)}`;
    return {
      ...pod,
      metadata: moved(pod, namespace, `${MOULD.replicaSet}-${String(number).padStart(5, '0')}`, {
        ownerReferences: ofSet,
      }),
      spec: { ...recordAt(pod, 'spec'), nodeName: nodes[number % nodes.length] ?? '' },
      status: { ...recordAt(pod, 'status'), podIP, podIPs: [{ ip: podIP }] },
    };
  });
  store.load(type('v1', 'Pod'), pods);
}

function namespaceMeta(name: string): ObjectMeta {
  return { name, uid: uidOf(`Namespace//${name}`), labels: { 'kubernetes.io/metadata.name': name } };
}

/** Adds `count` unmanaged pods in namespaces `before-00`, `before-01`, …, spread over the nodes there are. */
export function loadUnmanaged(store: Store, table: ResourceTable, count: number): void {
  if (count <= 0) return;
  const type = (apiVersion: string, kind: string): ResourceType => {
    const found = table.byKind(apiVersion, kind);
    if (found === undefined) throw new Error(`no resource serves ${apiVersion} ${kind}`);
    return found;
  };
  const nodes = [...store.scan(type('v1', 'Node'), '')].map(({ name }) => name);
  for (let first = 0; first < count; first += PER_WORKLOAD) {
    const namespace = `before-${String(first / PER_WORKLOAD).padStart(2, '0')}`;
    loadWorkload({ store, type }, { namespace, replicas: Math.min(PER_WORKLOAD, count - first), first }, nodes);
  }
}
