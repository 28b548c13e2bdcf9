/** Faults that matter while a change runs: the network below, owners of the release, budgets, an API that goes away. */
import { all, type Change, type EffectWorld, lastNode, replace, SYSTEM, typeOf } from './fault-moves.ts';
import { isRecord, type KubeObject, listAt, recordAt } from './kube-object.ts';
import { readEntry } from './store.ts';
import { fieldOf } from './store-entry.ts';

type BreakIt = (world: EffectWorld) => () => void;

function otherLink(address: string): string {
  return address.replace(/^172\.30\./, '172.31.');
}

function moveAddresses(object: KubeObject, field: 'spec' | 'status', key: 'ip' | 'address'): KubeObject {
  const addresses = listAt(object, field, 'addresses').map((entry) =>
    isRecord(entry) ? { ...entry, [key]: otherLink(String(entry[key])) } : entry,
  );
  return { ...object, [field]: { ...recordAt(object, field), addresses } };
}

/** The last node behind a router: VXLAN reaches it, direct routes to it cannot be installed. */
function otherL2(world: EffectWorld): () => void {
  const name = lastNode(world);
  const key = { namespace: '', name };
  const node = world.agents.on(name);
  const endpoints = typeOf(world, 'cilium.io/v2', 'CiliumEndpoint');
  const moved = [...world.store.scan(endpoints, '')].filter(
    (entry) => fieldOf(entry, 'status.networking.node') === node?.nodeIp,
  );
  const moveEndpoint: Change = (endpoint) => {
    const status = recordAt(endpoint, 'status');
    const networking = { ...recordAt(status, 'networking'), node: otherLink(node?.nodeIp ?? '') };
    return { ...endpoint, status: { ...status, networking } };
  };
  return all([
    replace(world, typeOf(world, 'v1', 'Node'), key, (object) => moveAddresses(object, 'status', 'address')),
    replace(world, typeOf(world, 'cilium.io/v2', 'CiliumNode'), key, (object) => moveAddresses(object, 'spec', 'ip')),
    ...moved
      .map(readEntry)
      .map(({ metadata: { namespace = '', name: own } }) =>
        replace(world, endpoints, { namespace, name: own }, moveEndpoint),
      ),
  ]);
}

function routedUnderlay(world: EffectWorld): () => void {
  world.agents.setUnderlayRoutesPods(true);
  return () => world.agents.setUnderlayRoutesPods(false);
}

const DAEMON_SET = { namespace: SYSTEM, name: 'cilium' };

function markDaemonSet(world: EffectWorld, marks: Pick<KubeObject['metadata'], 'labels' | 'annotations'>): () => void {
  return replace(world, typeOf(world, 'apps/v1', 'DaemonSet'), DAEMON_SET, (object) => ({
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...object.metadata.labels, ...marks.labels },
      annotations: { ...object.metadata.annotations, ...marks.annotations },
    },
  }));
}

function ownedByArgoCd(world: EffectWorld): () => void {
  const tracking = 'cilium:apps/DaemonSet:kube-system/cilium';
  return markDaemonSet(world, { annotations: { 'argocd.argoproj.io/tracking-id': tracking } });
}

function ownedByFlux(world: EffectWorld): () => void {
  return markDaemonSet(world, {
    labels: { 'helm.toolkit.fluxcd.io/name': 'cilium', 'helm.toolkit.fluxcd.io/namespace': 'flux-system' },
  });
}

/** As on K3s: a HelmChart object, whose controller would put its own values back. */
function ownedByHelmChart(world: EffectWorld): () => void {
  const type = typeOf(world, 'helm.cattle.io/v1', 'HelmChart');
  world.store.put(type, {
    apiVersion: 'helm.cattle.io/v1',
    kind: 'HelmChart',
    metadata: { name: 'cilium', namespace: SYSTEM, creationTimestamp: world.now().toISOString() },
    spec: { chart: 'cilium', targetNamespace: SYSTEM, valuesContent: 'routingMode: tunnel\n' },
  });
  return () => void world.store.remove(type, SYSTEM, 'cilium');
}

/** Somebody else's server-side apply owns the keys that a change sets. */
function secondManager(world: EffectWorld): () => void {
  const data = { 'f:routing-mode': {}, 'f:auto-direct-node-routes': {}, 'f:ipv4-native-routing-cidr': {} };
  const manager = {
    manager: 'network-operator',
    operation: 'Apply',
    apiVersion: 'v1',
    time: world.now().toISOString(),
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:data': data },
  };
  const key = { namespace: SYSTEM, name: 'cilium-config' };
  return replace(world, typeOf(world, 'v1', 'ConfigMap'), key, (object) => ({
    ...object,
    metadata: { ...object.metadata, managedFields: [manager] },
  }));
}

function blockingBudget(world: EffectWorld): () => void {
  const key = { namespace: 'legacy', name: 'legacy-web' };
  return replace(world, typeOf(world, 'policy/v1', 'PodDisruptionBudget'), key, (object) => {
    const { selector } = recordAt(object, 'spec');
    return { ...object, spec: { selector, minAvailable: '100%' } };
  });
}

/** The API comes back by itself, after real seconds. */
function goneFor(seconds: number): BreakIt {
  return (world) => {
    const timer = setTimeout(() => world.mend('api'), seconds * 1_000);
    timer.unref();
    return () => clearTimeout(timer);
  };
}

export const CHANGE_EFFECTS: Readonly<Record<string, BreakIt>> = {
  'network other-l2': otherL2,
  'network routed': routedUnderlay,
  'owner argo-cd': ownedByArgoCd,
  'owner flux': ownedByFlux,
  'owner helm-chart': ownedByHelmChart,
  'owner field-manager': secondManager,
  'budget blocks': blockingBudget,
  'api gone-5s': goneFor(5),
  'api gone-15s': goneFor(15),
  'api gone-60s': goneFor(60),
};
