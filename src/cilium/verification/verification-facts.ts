import type { Check } from '../../core/run/check.ts';
import { configuredRouting } from '../facts/config-view.ts';
import type { NodeAddresses } from '../facts/node-addresses.ts';
import type { NodeNetwork, SilentNode } from '../facts/node-network.ts';
import type { AgentState } from '../facts/status-data.ts';
import type { PairProbes } from '../probe/probe-loss.ts';
import type { StaleMtu } from '../restart/stale-mtu.ts';
import type { RoutingTarget } from '../switch/switch-work.ts';

/** How traffic between nodes is meant to flow. */
export type Expectation = RoutingTarget;

/** What one check found; the rest of a Check is the same every time. */
export type Found = Pick<Check, 'verdict' | 'evidence'> & { readonly fix?: string };

export type VerificationFacts = {
  readonly cluster: string;
  /** ISO 8601. */
  readonly asOf: string;
  /** Linux nodes; undefined when they could not be read. */
  readonly nodes: readonly NodeAddresses[] | undefined;
  readonly agents: readonly AgentState[];
  /** Version of the agents, as their image or they themselves say. */
  readonly version: string | undefined;
  readonly config: Readonly<Record<string, string>> | undefined;
  readonly networks: readonly NodeNetwork[];
  readonly silent: readonly SilentNode[];
  /** Nodes left out of the reading of routes, because the cluster is big. */
  readonly notAsked: number;
  readonly probes: ProbeFacts;
  /** Running pods that keep the route MTU of another mode; counted where that can be. No verdict of a node's. */
  readonly staleMtu?: StaleMtu;
};

export type ProbeFacts =
  | {
      readonly state: 'probed';
      readonly pairs: readonly PairProbes[];
      /** Questions before this, unix ms, do not count. */
      readonly sinceMs: number;
      /** Ordered pairs there are in all; more than were probed on a big cluster. */
      readonly of: number;
    }
  | { readonly state: 'not-probed'; readonly why: string };

/** What cilium-config asks for; undefined where it names no mode that is known. */
export function expectationOf(config: Readonly<Record<string, string>>): Expectation | undefined {
  const { mode, protocol = 'vxlan' } = configuredRouting(config);
  if (mode === 'tunnel') return { mode, protocol };
  if (mode !== 'native') return undefined;
  const cidr = config['ipv4-native-routing-cidr'] ?? config['native-routing-cidr'] ?? '';
  return { mode, cidr, routes: config['auto-direct-node-routes'] === 'true' ? 'auto' : 'external' };
}
