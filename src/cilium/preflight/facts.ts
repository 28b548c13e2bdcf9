import type { SelfPath } from '../../core/self-path.ts';
import type { NodeAddresses } from '../facts/node-addresses.ts';
import type { NodeNetwork, SilentNode } from '../facts/node-network.ts';
import type { StatusData } from '../facts/status-data.ts';

/** Everything the preflight judges. What could not be read is undefined, and the checks say so. */
export type PreflightFacts = {
  /** What `status` reads: agents, installation, owner, release, nodes, unmanaged pods. */
  readonly status: StatusData;
  /** The whole ConfigMap `cilium-config`. */
  readonly config: Readonly<Record<string, string>> | undefined;
  /** Linux nodes with their addresses and pod CIDRs. */
  readonly nodes: readonly NodeAddresses[] | undefined;
  readonly networks: readonly NodeNetwork[];
  /** Nodes whose network was asked for and not told. */
  readonly silent: readonly SilentNode[];
  /** Nodes left out of the asking because the cluster is big; 0 when all were asked. */
  readonly notAsked: number;
  /** The DaemonSet of the agents, beyond what `status` keeps. */
  readonly rollout: Rollout | undefined;
  /** Service CIDRs, or the addresses of Services where the cluster does not tell its ranges. */
  readonly services: readonly string[] | undefined;
  /** CiliumNodeConfigs that touch routing, by name. */
  readonly nodeConfigs: readonly string[] | undefined;
  readonly policies: PolicyCounts | undefined;
  /** Names of DaemonSets and Deployments that matter: kube-router, kube-proxy, aws-node, clustermesh-apiserver. */
  readonly workloads: readonly string[] | undefined;
  /** PodDisruptionBudgets that allow no disruption now, as `namespace/name`. */
  readonly tightBudgets: readonly string[] | undefined;
  /** How the worker reaches its store; undefined counts as a terminal outside of the cluster. */
  readonly self: SelfPath | undefined;
  readonly wanted: Wanted;
};

export type Wanted = {
  readonly routes?: 'auto' | 'external' | undefined;
  readonly cidr?: string | undefined;
  /** Nodes restarted at once, when asked for: `2`, `100%`. */
  readonly maxUnavailable?: string | undefined;
};

export type Rollout = {
  /** RollingUpdate or OnDelete. */
  readonly strategy: string;
  /** As written: `2`, `25%`. */
  readonly maxUnavailable: string;
  /** The pod template carries a checksum of the ConfigMap: then helm upgrade alone restarts all agents. */
  readonly rollsOnConfigChange: boolean;
};

export type PolicyCounts = {
  readonly networkPolicies: number;
  readonly ciliumPolicies: number;
  readonly clusterwide: number;
};
