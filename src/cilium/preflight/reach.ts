import { hopFinder } from '../facts/node-network.ts';
import type { PreflightFacts } from './facts.ts';

/** A node that another one reaches only by way of a router, or not at all. */
export type Detour = { readonly from: string; readonly to: string; readonly gateway: string | undefined };

export type Reach = {
  /** Ordered pairs whose answer is known. */
  readonly pairs: number;
  /** Pairs whose answer the kernel itself gave (`ip route get`); the rest follow from its routing tables. */
  readonly confirmed: number;
  readonly detours: readonly Detour[];
  /** Nodes with routing rules that could overrule the tables, and pairs that nobody asked the kernel about. */
  readonly unproven: readonly string[];
  /** Nodes that use more than one device to reach the others, and which. */
  readonly devices: readonly { readonly node: string; readonly names: readonly string[] }[];
};

/**
 * Whether every node reaches every other without a gateway: the agent's own test before it installs a direct route. It
 * asks the kernel for the route to the other node's address and gives up when the answer names another gateway (its
 * log then has a warning, its health does not: seen on a real cluster).
 */
export function reachOf(facts: PreflightFacts): Reach {
  const targets = (facts.nodes ?? []).flatMap(({ name, ipv4 }) => (ipv4 === undefined ? [] : [{ name, ipv4 }]));
  const found = facts.networks.map((network) => {
    const hopTo = hopFinder(network);
    const peers = targets.filter((target) => target.name !== network.node);
    const hops = peers.map((peer) => ({ peer, hop: hopTo(peer.ipv4), isAsked: network.asked.has(peer.ipv4) }));
    return { network, hops };
  });
  const hops = found.flatMap(({ network, hops: each }) => each.map((hop) => ({ ...hop, from: network.node })));
  return {
    pairs: hops.length,
    confirmed: hops.filter(({ isAsked }) => isAsked).length,
    detours: hops.flatMap(({ from, peer, hop }) => {
      const isDirect = hop !== undefined && (hop.gateway === undefined || hop.gateway === peer.ipv4);
      return isDirect ? [] : [{ from, to: peer.name, gateway: hop?.gateway }];
    }),
    unproven: found.flatMap(({ network, hops: each }) =>
      network.oddRules.length > 0 && each.some(({ isAsked }) => !isAsked) ? [network.node] : [],
    ),
    devices: found.flatMap(({ network, hops: each }) => {
      const names = [...new Set(each.flatMap(({ hop }) => hop?.dev ?? []))];
      return names.length > 1 ? [{ node: network.node, names }] : [];
    }),
  };
}

/** Who installs the routes: the agents themselves, or something outside of Cilium. */
export type RoutesDecision = { readonly routes: 'auto' | 'external'; readonly because: string };

export function decideRoutes(facts: PreflightFacts): RoutesDecision {
  if (facts.wanted.routes !== undefined) return { routes: facts.wanted.routes, because: 'as asked for' };
  const reach = reachOf(facts);
  if (reach.detours.length === 0) return { routes: 'auto', because: 'every node reaches every other directly' };
  const router = otherRouter(facts);
  if (router !== undefined) return { routes: 'external', because: `${router} can carry the routes` };
  return { routes: 'auto', because: 'nothing else is known to carry the routes' };
}

/** Whatever else announces pod CIDRs: Cilium's BGP, kube-router. */
export function otherRouter({ config, workloads }: PreflightFacts): string | undefined {
  if (config?.['enable-bgp-control-plane'] === 'true') return 'the BGP control plane of Cilium';
  return workloads?.includes('kube-router') === true ? 'kube-router' : undefined;
}
