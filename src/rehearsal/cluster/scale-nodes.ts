import { isRecord, type KubeObject, recordAt } from './kube-object.ts';
import { mapRelease } from './release-secret.ts';
import { nodeAddress, podAddress, podCidr, routerAddress } from './scale-addresses.ts';
import { type Loader, type Moulds, metadataOf, nodeName } from './scale-moulds.ts';
import { hashOf } from './scale-names.ts';
import { makePod, podFields } from './scale-placement.ts';
import type { LazyObject } from './store-entry.ts';

const AGENT_LABELS = { 'k8s-app': 'cilium' };
const POOL = '10.0.0.0/16';
const WIDE_POOL = '10.0.0.0/8';
/** Nodes, at 256 addresses each. */
const POOL_HOLDS = 256;
const RELEASE = 'sh.helm.release.v1.cilium.v1';

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

function* nodeIndexes(nodes: number): Iterable<number> {
  for (let index = 4; index <= nodes; index++) yield index;
}

export function loadNodes(loader: Loader, moulds: Moulds, nodes: number): void {
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

/** The objects that count nodes agree with the nodes there are; a large cluster needs a larger address pool. */
export function adjustCounts(loader: Loader, nodes: number): void {
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
  if (nodes > POOL_HOLDS) widenPool(loader);
}

/** As whoever installed it for so many nodes would have: in the values of the release, and so in its ConfigMap. */
function widenPool({ store, type }: Loader): void {
  const wider = (text: string): string => text.replaceAll(POOL, WIDE_POOL);
  const configMaps = type('v1', 'ConfigMap');
  const config = store.get(configMaps, 'kube-system', 'cilium-config');
  if (config !== undefined && isRecord(config['data']))
    store.load(configMaps, [{ ...config, data: { ...config['data'], 'cluster-pool-ipv4-cidr': WIDE_POOL } }]);
  const secrets = type('v1', 'Secret');
  const release = store.get(secrets, 'kube-system', RELEASE);
  if (release === undefined) return;
  const widened = mapRelease(release, (held) => ({
    ...held,
    manifest: wider(held.manifest),
    config: JSON.parse(wider(JSON.stringify(held.config ?? {}))) as Record<string, unknown>,
  }));
  store.load(secrets, [widened]);
}
