import { KEPT_STATE } from '../../src/cilium/switch/way-back.ts';
import {
  CILIUM_CLUSTERWIDE_POLICIES,
  CILIUM_ENDPOINTS,
  CILIUM_NETWORK_POLICIES,
  CILIUM_NODE_CONFIGS,
  CILIUM_NODES,
  CONFIG_MAPS,
  DAEMON_SETS,
  DEPLOYMENTS,
  DISRUPTION_BUDGETS,
  HELM_CHARTS,
  JOBS,
  LEASES,
  NAMESPACES,
  NETWORK_POLICIES,
  NODES,
  PODS,
  REPLICA_SETS,
  type Resource,
  SECRETS,
  SERVICE_CIDRS,
  SERVICES,
  STATEFUL_SETS,
} from '../../src/core/resources.ts';

/**
 * What each job asks of the API server. Found by playing every job on the rehearsal cluster, which remembers what its
 * authorizer let through, and by what helm was recorded to call on a real cluster (Kubernetes 1.36, Helm 3.17).
 */
export type Right = {
  readonly verbs: readonly [string, ...string[]];
  readonly resource: Resource;
  readonly subresource?: string;
  readonly scope: Scope;
  /** The only objects it is used for; a namespace is always asked for by its own name. */
  readonly names?: readonly [string, ...string[]];
  /** What the job does without: it goes on, and says so. Absent: it cannot do its work. */
  readonly without?: string;
};

/** `cluster`: everywhere; else in the namespace of the agents, of the probe pods, `default`, or the chart's own second one. */
export type Scope = 'cluster' | 'cilium' | 'probes' | 'default' | 'cilium-secrets';

const inAll = (verbs: Right['verbs'], resource: Resource, without?: string): Right => ({
  verbs,
  resource,
  scope: 'cluster',
  ...(without === undefined ? {} : { without }),
});
const inCilium = (verbs: Right['verbs'], resource: Resource, more: Partial<Right> = {}): Right => ({
  verbs,
  resource,
  scope: 'cilium',
  ...more,
});

const RBAC = 'rbac.authorization.k8s.io';
const rbac = (plural: string): Resource => ({ group: RBAC, version: 'v1', plural });
const admission = (plural: string): Resource => ({ group: 'admissionregistration.k8s.io', version: 'v1', plural });
const SERVICE_ACCOUNTS: Resource = { group: '', version: 'v1', plural: 'serviceaccounts' };

/** Whoever may exec into agents is root on every node: said plainly in the README too. */
const EXEC: Right = inCilium(['get', 'create'], PODS, { subresource: 'exec' });
const NO_EXEC = 'what the agents really run, and health between nodes';
const FIND_CILIUM: readonly Right[] = [inAll(['list'], DAEMON_SETS), inAll(['list'], NODES)];
const RELEASE: readonly Right[] = [
  inCilium(['list', 'get'], SECRETS, { without: 'the Helm release: its chart, revision and values' }),
];
const CONFIG: Right = inCilium(['get'], CONFIG_MAPS, { names: ['cilium-config'] });

const WAY_BACK: Right = inCilium(['get'], CONFIG_MAPS, { names: [KEPT_STATE] });

const STATUS: readonly Right[] = [
  ...FIND_CILIUM,
  inAll(['list', 'get'], PODS),
  inAll(['list'], CILIUM_NODES),
  inAll(['list'], CILIUM_ENDPOINTS, 'which pods Cilium does not manage'),
  inAll(['list'], HELM_CHARTS, 'on K3s and RKE2: whether a HelmChart owns Cilium'),
  inCilium(['list'], DEPLOYMENTS),
  CONFIG,
  ...RELEASE,
  { ...EXEC, without: NO_EXEC },
];

const PREFLIGHT: readonly Right[] = [
  ...STATUS,
  inCilium(['get'], DAEMON_SETS),
  {
    verbs: ['get'],
    resource: SERVICES,
    scope: 'default',
    names: ['kubernetes'],
    without: 'an address of the Service range, before Kubernetes 1.33',
  },
  inAll(['list'], CILIUM_NODE_CONFIGS, 'settings of single nodes'),
  inAll(['list'], CILIUM_NETWORK_POLICIES, 'policies that a new routing mode touches'),
  inAll(['list'], CILIUM_CLUSTERWIDE_POLICIES, 'policies that a new routing mode touches'),
  inAll(['list'], NETWORK_POLICIES, 'policies that a new routing mode touches'),
  inAll(['list'], DISRUPTION_BUDGETS, 'how much a restart of agents disturbs'),
  inAll(['list'], SERVICE_CIDRS, 'the service CIDR, from Kubernetes 1.33'),
];

const PROBES: readonly Right[] = [
  { verbs: ['create', 'list', 'delete'], resource: PODS, scope: 'probes' },
  { verbs: ['get'], resource: PODS, subresource: 'log', scope: 'probes' },
];
const VERIFY: readonly Right[] = [
  ...FIND_CILIUM,
  inCilium(['list'], PODS),
  inAll(['list'], CILIUM_NODES),
  CONFIG,
  EXEC,
  ...PROBES,
];

/** RBAC cannot name what does not exist yet: to create is granted for all names. */
const LEASE: readonly Right[] = [
  inCilium(['get', 'update'], LEASES, { names: ['cilium-chatops'] }),
  inCilium(['create'], LEASES),
];

const CHARTS_OWN = 'charts that make a namespace cilium-secrets (from Cilium 1.14)';
/** What the chart contains is read before and after; what differs is patched. */
const HELM: readonly Right[] = [
  inCilium(['list', 'get', 'create', 'update', 'delete'], SECRETS),
  inCilium(['get'], CONFIG_MAPS),
  inCilium(['patch'], CONFIG_MAPS, { names: ['cilium-config', KEPT_STATE] }),
  inCilium(['get', 'patch'], DAEMON_SETS),
  inCilium(['get', 'patch'], DEPLOYMENTS),
  inCilium(['get'], SERVICES),
  inCilium(['get'], SERVICE_ACCOUNTS),
  inCilium(['get'], rbac('roles')),
  inCilium(['get'], rbac('rolebindings')),
  { verbs: ['get'], resource: rbac('roles'), scope: 'cilium-secrets', without: CHARTS_OWN },
  { verbs: ['get'], resource: rbac('rolebindings'), scope: 'cilium-secrets', without: CHARTS_OWN },
  inAll(['get'], rbac('clusterroles')),
  inAll(['get'], rbac('clusterrolebindings')),
  { verbs: ['get'], resource: NAMESPACES, scope: 'cilium-secrets', without: CHARTS_OWN },
];
const EXPOSURE: readonly Right[] = [
  inAll(['list'], DEPLOYMENTS, 'which workloads a switch hits first'),
  inAll(['list'], STATEFUL_SETS, 'which workloads a switch hits first'),
  inAll(['list'], admission('mutatingwebhookconfigurations'), 'which webhooks a switch hits first'),
  inAll(['list'], admission('validatingwebhookconfigurations'), 'which webhooks a switch hits first'),
];
const SWITCH: readonly Right[] = [
  ...PREFLIGHT,
  ...EXPOSURE,
  ...HELM,
  ...LEASE,
  WAY_BACK,
  inCilium(['create'], CONFIG_MAPS),
  inCilium(['delete'], PODS),
  inCilium(['get'], PODS, { subresource: 'log', without: 'the last words of an agent that crashes' }),
  inAll(['get'], NODES, 'whether the node of an agent that stays away is still there'),
  EXEC,
  ...PROBES,
];

const RESTART: readonly Right[] = [
  inAll(['list'], DAEMON_SETS),
  inAll(['list', 'get'], PODS),
  inAll(['list'], CILIUM_NODES),
  inAll(['list'], CILIUM_ENDPOINTS),
  inAll(['list'], DISRUPTION_BUDGETS),
  inAll(['get'], DEPLOYMENTS, 'whether an owner is still there'),
  inAll(['get'], STATEFUL_SETS, 'whether an owner is still there'),
  inAll(['get'], REPLICA_SETS, 'whether an owner is still there'),
  inAll(['get'], DAEMON_SETS, 'whether an owner is still there'),
  inAll(['get'], JOBS, 'whether an owner is still there'),
  { verbs: ['create'], resource: PODS, subresource: 'eviction', scope: 'cluster' },
  CONFIG,
  ...LEASE,
];

const IPERF: readonly Right[] = [
  ...FIND_CILIUM,
  inCilium(['list'], PODS),
  inAll(['list'], CILIUM_NODES),
  CONFIG,
  inCilium(['get'], LEASES, { names: ['cilium-chatops'], without: 'whether a change is under way' }),
  EXEC,
  { verbs: ['create', 'list', 'delete'], resource: PODS, scope: 'probes' },
  { verbs: ['get', 'create'], resource: PODS, subresource: 'exec', scope: 'probes' },
];

const DOCTOR: readonly Right[] = [
  ...FIND_CILIUM,
  { ...WAY_BACK, without: 'whether a switch was left half done' },
  ...RELEASE,
  { verbs: ['get'], resource: NAMESPACES, scope: 'probes', without: 'whether the namespace of probe pods is there' },
];

/** By the name of the job, as in its card. */
export const RIGHTS: Readonly<Record<string, readonly Right[]>> = {
  doctor: DOCTOR,
  status: STATUS,
  preflight: PREFLIGHT,
  verify: VERIFY,
  iperf: IPERF,
  'enable-native-routing': SWITCH,
  rollback: SWITCH,
  'restart-unmanaged': RESTART,
};
