import { type KubeObject, recordAt } from './kube-object.ts';
import { nodeAddress, podAddress } from './scale-addresses.ts';
import { first, type Loader, type Moulds, metadataOf } from './scale-moulds.ts';
import { hashOf, suffixOf, uidOf } from './scale-names.ts';
import { makePod, type Placement, podFields } from './scale-placement.ts';
import type { LazyObject } from './store-entry.ts';

const PODS_PER_WORKLOAD = 30;
const WORKLOADS_PER_NAMESPACE = 20;
/** One pod in so many started before Cilium did and has no CiliumEndpoint. */
const UNMANAGED_EVERY = 1_000;

function makeEndpoint(mould: KubeObject, place: Placement, id: number): KubeObject {
  const { namespace, name, ip, node } = place;
  const status = {
    ...recordAt(mould, 'status'),
    id,
    'external-identifiers': { 'k8s-namespace': namespace, 'k8s-pod-name': name, 'pod-name': `${namespace}/${name}` },
    networking: { addressing: [{ ipv4: ip }], node: nodeAddress(node) },
  };
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name, uid: uidOf(`Pod/${namespace}/${name}`) }];
  return { ...mould, metadata: metadataOf(mould, name, { namespace, ownerReferences }), status };
}

type Workload = { readonly namespace: string; readonly app: string; readonly labels: Readonly<Record<string, string>> };

function workloadOf(number: number): Workload {
  const namespace = `team-${String(Math.floor(number / WORKLOADS_PER_NAMESPACE)).padStart(4, '0')}`;
  const app = `web-${String(number % WORKLOADS_PER_NAMESPACE).padStart(2, '0')}`;
  return { namespace, app, labels: { app, 'pod-template-hash': hashOf(`${namespace}/${app}`, 10) } };
}

function placeOf(pod: number, workload: Workload, nodes: number): Placement {
  const onScaled = Math.max(1, nodes - 3);
  const node = 4 + (pod % onScaled);
  const slot = 2 + Math.floor(pod / onScaled);
  const hash = workload.labels['pod-template-hash'] ?? '';
  const name = `${workload.app}-${hash}-${suffixOf(pod)}`;
  return { name, namespace: workload.namespace, node, ip: podAddress(node, slot) };
}

export function loadPods(
  loader: Loader,
  moulds: Moulds,
  scale: { readonly nodes: number; readonly pods: number },
): void {
  const { store, type } = loader;
  const pods: LazyObject[] = [];
  const endpoints: LazyObject[] = [];
  let workload = workloadOf(0);
  for (let pod = 0; pod < scale.pods; pod++) {
    if (pod % PODS_PER_WORKLOAD === 0) workload = workloadOf(pod / PODS_PER_WORKLOAD);
    const { namespace, labels } = workload;
    const place = placeOf(pod, workload, scale.nodes);
    const { name } = place;
    pods.push({
      namespace,
      name,
      labels,
      fields: podFields(place, false),
      make: () => makePod(moulds.pod, place, labels),
    });
    if (pod % UNMANAGED_EVERY === UNMANAGED_EVERY - 1) continue;
    const fields = { 'status.networking.node': nodeAddress(place.node) };
    endpoints.push({
      namespace,
      name,
      labels: {},
      fields,
      make: () => makeEndpoint(moulds.endpoint, place, (pod % 60_000) + 10),
    });
  }
  store.load(type('v1', 'Pod'), pods);
  store.load(type('cilium.io/v2', 'CiliumEndpoint'), endpoints);
}

export function loadWorkloads(loader: Loader, moulds: Moulds, pods: number): void {
  const { store, type } = loader;
  const numbers = Array.from({ length: Math.ceil(pods / PODS_PER_WORKLOAD) }, (_, index) => index);
  const deployments = numbers.map((number): LazyObject => {
    const { namespace, app } = workloadOf(number);
    const metadata = metadataOf(moulds.deployment, app, { namespace, labels: { app } });
    const counts = {
      replicas: PODS_PER_WORKLOAD,
      readyReplicas: PODS_PER_WORKLOAD,
      updatedReplicas: PODS_PER_WORKLOAD,
    };
    const status = { ...recordAt(moulds.deployment, 'status'), ...counts, availableReplicas: PODS_PER_WORKLOAD };
    const before = recordAt(moulds.deployment, 'spec');
    const template = { ...recordAt(before, 'template'), metadata: { labels: { app } } };
    const spec = { ...before, replicas: PODS_PER_WORKLOAD, selector: { matchLabels: { app } }, template };
    return {
      namespace,
      name: app,
      labels: { app },
      fields: {},
      make: () => ({ ...moulds.deployment, metadata, spec, status }),
    };
  });
  store.load(type('apps/v1', 'Deployment'), deployments);
  const namespaceMould = first(loader, 'v1', 'Namespace', (object) => object.metadata.name === 'bench');
  const names = new Set(numbers.map((number) => workloadOf(number).namespace));
  const namespaces = [...names].map((name): LazyObject => {
    const labels = { 'kubernetes.io/metadata.name': name };
    const metadata = metadataOf(namespaceMould, name, { labels });
    return {
      namespace: '',
      name,
      labels,
      fields: { 'status.phase': 'Active' },
      make: () => ({ ...namespaceMould, metadata }),
    };
  });
  store.load(type('v1', 'Namespace'), namespaces);
}
