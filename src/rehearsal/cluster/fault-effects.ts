/** What the switches do to the objects of the cluster, each with its way back. */
import { CHANGE_EFFECTS } from './fault-effects-change.ts';
import {
  all,
  type Change,
  type EffectWorld,
  lastNode,
  nodeNames,
  removeAll,
  replace,
  SYSTEM,
  typeOf,
} from './fault-moves.ts';
import type { Effect } from './faults.ts';
import { isRecord, type KubeObject, listAt, recordAt, stringsAt, textAt } from './kube-object.ts';
import { readEntry } from './store.ts';
import { fieldOf, labelsOf } from './store-entry.ts';
import type { FaultId } from './switches.ts';

const AGENT_LABEL = 'cilium';

function agentPodOn(world: EffectWorld, node: string): KubeObject | undefined {
  const pods = typeOf(world, 'v1', 'Pod');
  for (const entry of world.store.scan(pods, SYSTEM)) {
    const isAgent = labelsOf(entry)['k8s-app'] === AGENT_LABEL;
    if (isAgent && fieldOf(entry, 'spec.nodeName') === node) return readEntry(entry);
  }
  return undefined;
}

function withStatus(object: KubeObject, status: Readonly<Record<string, unknown>>): KubeObject {
  return { ...object, status: { ...recordAt(object, 'status'), ...status } };
}

function withCondition(
  object: KubeObject,
  types: ReadonlySet<string>,
  patch: Readonly<Record<string, string>>,
): KubeObject {
  const conditions = listAt(object, 'status', 'conditions').map((condition) =>
    types.has(textAt(condition, 'type')) && isRecord(condition) ? { ...condition, ...patch } : condition,
  );
  return withStatus(object, { conditions });
}

const POD_READY: ReadonlySet<string> = new Set(['Ready', 'ContainersReady']);

function notReady(world: EffectWorld, pod: KubeObject): KubeObject {
  const lastTransitionTime = `${world.now().toISOString().slice(0, 19)}Z`;
  return withCondition(pod, POD_READY, { status: 'False', reason: 'ContainersNotReady', lastTransitionTime });
}

/** The DaemonSet counts one agent less. */
function oneAgentUnready(world: EffectWorld): () => void {
  const type = typeOf(world, 'apps/v1', 'DaemonSet');
  return replace(world, type, { namespace: SYSTEM, name: 'cilium' }, (daemonSet) => {
    const ready = Number(recordAt(daemonSet, 'status')['numberReady'] ?? 0);
    return withStatus(daemonSet, { numberReady: ready - 1, numberAvailable: ready - 1, numberUnavailable: 1 });
  });
}

function taint(world: EffectWorld, node: string, taints: readonly Readonly<Record<string, string>>[]): () => void {
  return replace(world, typeOf(world, 'v1', 'Node'), { namespace: '', name: node }, (object) => ({
    ...object,
    spec: { ...recordAt(object, 'spec'), taints: [...listAt(object, 'spec', 'taints'), ...taints] },
  }));
}

const AGENT_TAINT = { key: 'node.cilium.io/agent-not-ready', effect: 'NoSchedule' };

function crashed(world: EffectWorld, pod: KubeObject): KubeObject {
  const finishedAt = `${world.now().toISOString().slice(0, 19)}Z`;
  const containerStatuses = listAt(pod, 'status', 'containerStatuses').map((status) => {
    if (!isRecord(status)) return status;
    const containerID = textAt(status, 'containerID');
    const terminated = { exitCode: 255, reason: 'Error', startedAt: finishedAt, finishedAt, containerID };
    const message = `back-off 2m40s restarting failed container=cilium-agent pod=${pod.metadata.name}_${SYSTEM}`;
    const state = { waiting: { reason: 'CrashLoopBackOff', message } };
    return { ...status, ready: false, started: false, restartCount: 5, state, lastState: { terminated } };
  });
  return withStatus(notReady(world, pod), { containerStatuses });
}

function agentCrashing(world: EffectWorld): () => void {
  const node = lastNode(world);
  const pod = agentPodOn(world, node);
  if (pod === undefined) return () => undefined;
  const key = { namespace: SYSTEM, name: pod.metadata.name };
  const undoPod = replace(world, typeOf(world, 'v1', 'Pod'), key, (object) => crashed(world, object));
  return all([undoPod, oneAgentUnready(world), taint(world, node, [AGENT_TAINT])]);
}

const KUBELET_CONDITIONS: ReadonlySet<string> = new Set(['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']);

function nodeNotReady(world: EffectWorld): () => void {
  const node = lastNode(world);
  const timeAdded = `${world.now().toISOString().slice(0, 19)}Z`;
  const key = 'node.kubernetes.io/unreachable';
  const undoTaints = taint(world, node, [
    { key, effect: 'NoSchedule', timeAdded },
    { key, effect: 'NoExecute', timeAdded },
    AGENT_TAINT,
  ]);
  const undoConditions = replace(world, typeOf(world, 'v1', 'Node'), { namespace: '', name: node }, (object) =>
    withCondition(object, KUBELET_CONDITIONS, {
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: timeAdded,
    }),
  );
  const pods = typeOf(world, 'v1', 'Pod');
  // The containers go on in the status: nobody is left to report otherwise. Only Ready turns False.
  const undoPods = [...world.store.scan(pods, '')]
    .filter((entry) => fieldOf(entry, 'spec.nodeName') === node)
    .map(readEntry)
    .map((pod) => {
      const where = { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name };
      const ready = new Set(['Ready']);
      return replace(world, pods, where, (object) => withCondition(object, ready, { status: 'False' }));
    });
  return all([undoTaints, undoConditions, ...undoPods, oneAgentUnready(world)]);
}

/** Takes rules out of the bot's own roles, where everyone can see it with kubectl. */
function loseAccess(world: EffectWorld, loses: (rule: unknown) => boolean): () => void {
  const roles = typeOf(world, 'rbac.authorization.k8s.io/v1', 'Role');
  const clusterRoles = typeOf(world, 'rbac.authorization.k8s.io/v1', 'ClusterRole');
  const without: Change = (role) => ({ ...role, rules: listAt(role, 'rules').filter((rule) => !loses(rule)) });
  const name = 'cilium-chatops';
  return all([
    replace(world, clusterRoles, { namespace: '', name }, without),
    replace(world, roles, { namespace: SYSTEM, name }, without),
    replace(world, roles, { namespace: name, name }, without),
  ]);
}

function mentions(resource: string): (rule: unknown) => boolean {
  return (rule) => stringsAt(rule, 'resources').includes(resource);
}

/** As `helm upgrade` leaves it: three keys of the ConfigMap changed, no pod restarted. */
function configChanged(world: EffectWorld): () => void {
  const key = { namespace: SYSTEM, name: 'cilium-config' };
  const native = {
    'routing-mode': 'native',
    'auto-direct-node-routes': 'true',
    'ipv4-native-routing-cidr': '10.0.0.0/16',
  };
  return replace(world, typeOf(world, 'v1', 'ConfigMap'), key, (object) => ({
    ...object,
    data: { ...recordAt(object, 'data'), ...native },
  }));
}

function mixed(world: EffectWorld): () => void {
  const undoConfig = configChanged(world);
  const [first = ''] = nodeNames(world.store, world.table);
  world.agents.restart(first);
  return () => {
    undoConfig();
    world.agents.restart(first);
  };
}

function isCilium(object: KubeObject): boolean {
  const labels = object.metadata.labels ?? {};
  const ofRelease = labels['owner'] === 'helm' && labels['name'] === 'cilium';
  return ofRelease || /^(cilium|hubble)/.test(object.metadata.name);
}

/** CiliumNodes and CiliumEndpoints stay stored but hidden: without their CRDs the whole API group is gone. */
function ciliumAbsent(world: EffectWorld): () => void {
  const kinds: readonly (readonly [string, string])[] = [
    ['v1', 'Pod'],
    ['v1', 'ConfigMap'],
    ['v1', 'Secret'],
    ['v1', 'Service'],
    ['v1', 'ServiceAccount'],
    ['apps/v1', 'DaemonSet'],
    ['apps/v1', 'Deployment'],
    ['apps/v1', 'ReplicaSet'],
  ];
  const undos = kinds.map(([apiVersion, kind]) => removeAll(world, typeOf(world, apiVersion, kind), SYSTEM, isCilium));
  const crds = typeOf(world, 'apiextensions.k8s.io/v1', 'CustomResourceDefinition');
  const undoCrds = removeAll(world, crds, '', (crd) => crd.metadata.name.endsWith('.cilium.io'));
  world.setCiliumInstalled(false);
  return all([() => world.setCiliumInstalled(true), undoCrds, ...undos]);
}

const EFFECTS: Readonly<Record<string, (world: EffectWorld) => () => void>> = {
  'agent crashing': agentCrashing,
  'node not-ready': nodeNotReady,
  'access no-exec': (world) => loseAccess(world, mentions('pods/exec')),
  'access no-secrets': (world) => loseAccess(world, mentions('secrets')),
  'access none': (world) => loseAccess(world, () => true),
  'cilium not-rolled-out': configChanged,
  'cilium mixed': mixed,
  'cilium absent': ciliumAbsent,
  ...CHANGE_EFFECTS,
};

/** Undefined for switches that act on requests, not on objects. */
export function effectOf(world: EffectWorld, id: FaultId, value: string): Effect | undefined {
  const effect = EFFECTS[`${id} ${value}`];
  return effect === undefined ? undefined : () => effect(world);
}
