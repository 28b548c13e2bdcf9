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
/** K3s and RKE2: owns a Helm release on behalf of the cluster. */
export const HELM_CHARTS: Resource = { group: 'helm.cattle.io', version: 'v1', plural: 'helmcharts' };
