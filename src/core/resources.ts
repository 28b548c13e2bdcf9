/** Kubernetes resources the bot reads, as the API paths name them. `group` is empty for core/v1. */
export type Resource = { readonly group: string; readonly version: string; readonly plural: string };

const core = (plural: string): Resource => ({ group: '', version: 'v1', plural });
const apps = (plural: string): Resource => ({ group: 'apps', version: 'v1', plural });
const cilium = (plural: string): Resource => ({ group: 'cilium.io', version: 'v2', plural });

export const NODES = core('nodes');
export const NAMESPACES = core('namespaces');
export const PODS = core('pods');
export const CONFIG_MAPS = core('configmaps');
export const SECRETS = core('secrets');
export const DAEMON_SETS = apps('daemonsets');
export const DEPLOYMENTS = apps('deployments');
export const CILIUM_NODES = cilium('ciliumnodes');
export const CILIUM_ENDPOINTS = cilium('ciliumendpoints');
export const LEASES: Resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' };
export const CILIUM_NODE_CONFIGS = cilium('ciliumnodeconfigs');
/** Up to Cilium 1.15. */
export const CILIUM_NODE_CONFIGS_ALPHA: Resource = {
  group: 'cilium.io',
  version: 'v2alpha1',
  plural: 'ciliumnodeconfigs',
};
export const CILIUM_NETWORK_POLICIES = cilium('ciliumnetworkpolicies');
export const CILIUM_CLUSTERWIDE_POLICIES = cilium('ciliumclusterwidenetworkpolicies');
export const NETWORK_POLICIES: Resource = { group: 'networking.k8s.io', version: 'v1', plural: 'networkpolicies' };
/** From Kubernetes 1.33. */
export const SERVICE_CIDRS: Resource = { group: 'networking.k8s.io', version: 'v1', plural: 'servicecidrs' };
export const SERVICES = core('services');
export const DISRUPTION_BUDGETS: Resource = { group: 'policy', version: 'v1', plural: 'poddisruptionbudgets' };
/** K3s and RKE2: owns a Helm release on behalf of the cluster. */
export const HELM_CHARTS: Resource = { group: 'helm.cattle.io', version: 'v1', plural: 'helmcharts' };
/** Up to Kubernetes 1.24. */
export const DISRUPTION_BUDGETS_BETA: Resource = { ...DISRUPTION_BUDGETS, version: 'v1beta1' };
export const STATEFUL_SETS = apps('statefulsets');
export const REPLICA_SETS = apps('replicasets');
export const JOBS: Resource = { group: 'batch', version: 'v1', plural: 'jobs' };
