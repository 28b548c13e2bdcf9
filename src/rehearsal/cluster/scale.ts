/**
 * More nodes and pods than were recorded, made the same way each time and only when somebody looks: the store keeps
 * names, labels and selector fields, a full object exists for as long as one request needs it.
 */
import { isRecord, type KubeObject, type ObjectMeta, recordAt } from './kube-object.ts';
import type { ResourceTable, ResourceType } from './resources.ts';
import { nodeAddress, podAddress, podCidr, routerAddress } from './scale-addresses.ts';
import { hashOf, suffixOf, uidOf } from './scale-names.ts';
import { readEntry, type Store } from './store.ts';
import type { LazyObject } from './store-entry.ts';

export type Scale = { readonly nodes: number; readonly pods: number };

const PODS_PER_WORKLOAD = 30;
const WORKLOADS_PER_NAMESPACE = 20;
/** One pod in so many started before Cilium did and has no CiliumEndpoint. */
const UNMANAGED_EVERY = 1_000;
const AGENT_LABELS = { 'k8s-app': 'cilium' };

type Moulds = {
  readonly node: KubeObject;
  readonly ciliumNode: KubeObject;
  readonly agentPod: KubeObject;
  readonly pod: KubeObject;
  readonly endpoint: KubeObject;
  readonly deployment: KubeObject;
};

type Loader = {
  readonly store: Store;
  readonly type: (apiVersion: string, kind: string) => ResourceType;
};

function first(loader: Loader, apiVersion: string, kind: string, matches: (object: KubeObject) => boolean): KubeObject {
  for (const entry of loader.store.scan(loader.type(apiVersion, kind), '')) {
    const object = readEntry(entry);
    if (matches(object)) return object;
  }
  throw new Error(`the seed holds no ${kind} to copy`);
}

function mouldsOf(loader: Loader): Moulds {
  const any = (): boolean => true;
  const inBench = (object: KubeObject): boolean => object.metadata.namespace === 'bench';
  const isWeb = (object: KubeObject): boolean => object.metadata.labels?.['app'] === 'web';
  return {
    node: first(loader, 'v1', 'Node', any),
    ciliumNode: first(loader, 'cilium.io/v2', 'CiliumNode', any),
    agentPod: first(loader, 'v1', 'Pod', (pod) => pod.metadata.labels?.['k8s-app'] === 'cilium'),
    pod: first(loader, 'v1', 'Pod', isWeb),
    endpoint: first(loader, 'cilium.io/v2', 'CiliumEndpoint', inBench),
    deployment: first(loader, 'apps/v1', 'Deployment', inBench),
  };
}

function metadataOf(mould: KubeObject, name: string, more: Partial<ObjectMeta> = {}): ObjectMeta {
  const namespace = more.namespace ?? mould.metadata.namespace;
  return { ...mould.metadata, ...more, name, uid: uidOf(`${mould.kind}/${namespace ?? ''}/${name}`) };
}

/** Nodes are numbered from 4 on: the first three are the recorded ones. */
function nodeName(index: number): string {
  return `worker-${String(index).padStart(4, '0')}`;
}

function makeNode(mould: KubeObject, index: number): KubeObject {
  const name = nodeName(index);
  const labels = { ...mould.metadata.labels, 'kubernetes.io/hostname': name };
  const addresses = [
    { type: 'InternalIP', address: nodeAddress(index) },
    { type: 'Hostname', address: name },
  ];
  return {
    ...mould,
    metadata: metadataOf(mould, name, { labels }),
    status: { ...recordAt(mould, 'status'), addresses },
  };
}

function makeCiliumNode(mould: KubeObject, index: number): KubeObject {
  const name = nodeName(index);
  const spec = {
    ...recordAt(mould, 'spec'),
    addresses: [
      { ip: nodeAddress(index), type: 'InternalIP' },
      { ip: routerAddress(index), type: 'CiliumInternalIP' },
    ],
    health: { ipv4: podAddress(index, 1) },
    ipam: { podCIDRs: [podCidr(index)], pools: {} },
  };
  const labels = { ...mould.metadata.labels, 'kubernetes.io/hostname': name };
  return { ...mould, metadata: metadataOf(mould, name, { labels }), spec };
}

type Placement = { readonly name: string; readonly namespace: string; readonly node: number; readonly ip: string };

function makePod(mould: KubeObject, place: Placement, labels: Readonly<Record<string, string>>): KubeObject {
  const hostIP = nodeAddress(place.node);
  const hash = labels['pod-template-hash'];
  const owners = mould.metadata.ownerReferences?.map((owner) =>
    hash === undefined ? owner : { ...owner, name: `${labels['app'] ?? ''}-${hash}` },
  );
  const more = {
    namespace: place.namespace,
    labels: { ...labels },
    generateName: place.name.replace(/[^-]*$/, ''),
    ...(owners === undefined ? {} : { ownerReferences: owners }),
  };
  const addresses = { hostIP, hostIPs: [{ ip: hostIP }], podIP: place.ip, podIPs: [{ ip: place.ip }] };
  return {
    ...mould,
    metadata: metadataOf(mould, place.name, more),
    spec: { ...recordAt(mould, 'spec'), nodeName: nodeName(place.node) },
    status: { ...recordAt(mould, 'status'), ...addresses },
  };
}

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

/** What field selectors ask for: with these at hand no pod has to be made to be left out. */
function podFields(place: Placement, hostNetwork: boolean): Readonly<Record<string, string>> {
  return {
    'spec.nodeName': nodeName(place.node),
    'spec.hostNetwork': String(hostNetwork),
    'status.phase': 'Running',
    'status.podIP': place.ip,
  };
}

function* nodeIndexes(nodes: number): Iterable<number> {
  for (let index = 4; index <= nodes; index++) yield index;
}

function loadNodes(loader: Loader, moulds: Moulds, nodes: number): void {
  const { store, type } = loader;
  const indexes = [...nodeIndexes(nodes)];
  const lazy = (mould: KubeObject, make: (index: number) => KubeObject): LazyObject[] =>
    indexes.map((index) => {
      const name = nodeName(index);
      const labels = { ...mould.metadata.labels, 'kubernetes.io/hostname': name };
      return { namespace: '', name, labels, fields: {}, make: () => make(index) };
    });
  store.load(
    type('v1', 'Node'),
    lazy(moulds.node, (index) => makeNode(moulds.node, index)),
  );
  store.load(
    type('cilium.io/v2', 'CiliumNode'),
    lazy(moulds.ciliumNode, (index) => makeCiliumNode(moulds.ciliumNode, index)),
  );
  const agentLabels = { ...moulds.agentPod.metadata.labels, ...AGENT_LABELS };
  const agents = indexes.map((index): LazyObject => {
    const name = `cilium-${hashOf(nodeName(index), 5)}${index % 10}`;
    const place = { name, namespace: 'kube-system', node: index, ip: nodeAddress(index) };
    const fields = podFields(place, true);
    return {
      namespace: 'kube-system',
      name,
      labels: agentLabels,
      fields,
      make: () => makePod(moulds.agentPod, place, agentLabels),
    };
  });
  store.load(type('v1', 'Pod'), agents);
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

function loadPods(loader: Loader, moulds: Moulds, scale: Scale): void {
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

function loadWorkloads(loader: Loader, moulds: Moulds, pods: number): void {
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

/** The objects that count nodes agree with the nodes there are; a large cluster needs a larger address pool. */
function adjustCounts(loader: Loader, nodes: number): void {
  const { store, type } = loader;
  const daemonSets = type('apps/v1', 'DaemonSet');
  const daemonSet = store.get(daemonSets, 'kube-system', 'cilium');
  if (daemonSet !== undefined) {
    const counts = Object.entries(recordAt(daemonSet, 'status')).map(([key, value]) => [
      key,
      value === 3 ? nodes : value,
    ]);
    store.load(daemonSets, [{ ...daemonSet, status: Object.fromEntries(counts) as Record<string, unknown> }]);
  }
  const configMaps = type('v1', 'ConfigMap');
  const config = store.get(configMaps, 'kube-system', 'cilium-config');
  if (config !== undefined && nodes > 256 && isRecord(config['data'])) {
    store.load(configMaps, [{ ...config, data: { ...config['data'], 'cluster-pool-ipv4-cidr': '10.0.0.0/8' } }]);
  }
}

/** Adds nodes up to `scale.nodes` and pods up to `scale.pods` in all; fewer than there are changes nothing. */
export function loadScale(store: Store, table: ResourceTable, scale: Scale): void {
  const type = (apiVersion: string, kind: string): ResourceType => {
    const found = table.byKind(apiVersion, kind);
    if (found === undefined) throw new Error(`no resource serves ${apiVersion} ${kind}`);
    return found;
  };
  const loader: Loader = { store, type };
  if (scale.nodes <= 3 && scale.pods === 0) return;
  const moulds = mouldsOf(loader);
  const nodes = Math.max(4, scale.nodes);
  loadNodes(loader, moulds, nodes);
  adjustCounts(loader, nodes);
  const pods = Math.max(0, scale.pods - store.count(type('v1', 'Pod')));
  if (pods === 0) return;
  loadPods(loader, moulds, { nodes, pods });
  loadWorkloads(loader, moulds, pods);
}
