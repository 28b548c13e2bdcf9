import {
  addressesIn,
  covers,
  formatNetwork,
  hasHostBits,
  type Ipv4Network,
  parseNetwork,
  supernetOf,
} from '../facts/ipv4-network.ts';
import { count, listed } from '../facts/text.ts';
import type { PreflightFacts } from './facts.ts';

/** The CIDR whose addresses are reached without masquerading, and where it comes from. */
export type NativeCidr =
  | {
      readonly ok: true;
      readonly cidr: string;
      readonly network: Ipv4Network;
      readonly source: string;
      readonly growth: Growth;
    }
  | { readonly ok: false; readonly verdict: 'fail' | 'unknown'; readonly why: string; readonly fix: string };

/**
 * Whether nodes that join later are covered. settled: the pool itself is the CIDR. open: it was made from the nodes
 * there are, and a new node may get a pod CIDR outside of it. stated: a person or an earlier change said so.
 */
export type Growth = 'settled' | 'open' | 'stated';

const STATE_IT = 'state it with --cidr, wide enough for every node to come';

/** K3s and RKE2 cut node CIDRs from this range unless told otherwise. */
const RANCHER_DEFAULT = '10.42.0.0/16';

/**
 * From what was typed, else what is configured already, else what IPAM says: the cluster pool, or the smallest network
 * that covers every node's pod CIDRs. Validated in all cases: it must contain every pod CIDR, because traffic to the
 * rest would be masqueraded silently (seen on a real cluster: full speed, and policies see the node instead of the pod).
 */
export function nativeCidrOf(facts: PreflightFacts): NativeCidr {
  const chosen = choose(facts);
  if (!chosen.ok) return chosen;
  const outside = podNetworks(facts).filter(({ network }) => !covers(chosen.network, network));
  if (outside.length === 0) return chosen;
  const names = listed(outside.map(({ node, cidr }) => `${cidr} of ${node}`));
  return {
    ok: false,
    verdict: 'fail',
    why: `${chosen.cidr} (${chosen.source}) does not contain ${names}: traffic to them would be masqueraded`,
    fix: smallestFix(facts),
  };
}

function choose(facts: PreflightFacts): NativeCidr {
  if (facts.wanted.cidr !== undefined) return stated(facts.wanted.cidr, '--cidr');
  if (facts.config === undefined)
    return { ok: false, verdict: 'unknown', why: 'cilium-config could not be read', fix: STATE_IT };
  const configured = facts.config['ipv4-native-routing-cidr'] ?? facts.config['native-routing-cidr'];
  if (configured !== undefined && configured !== '') return stated(configured, 'configured already');
  const mode = facts.config['ipam'] ?? 'unknown';
  if (mode === 'cluster-pool' || mode === 'cluster-pool-v2beta') return fromPool(facts, facts.config);
  if (mode === 'kubernetes' || mode === 'multi-pool' || mode === 'crd') return fromNodes(facts, mode);
  return { ok: false, verdict: 'unknown', why: `IPAM mode ${mode} does not tell its pod CIDRs`, fix: STATE_IT };
}

function stated(text: string, source: string): NativeCidr {
  const cidr = text.trim();
  const network = parseNetwork(cidr);
  const wrong = (why: string, fix: string): NativeCidr => ({ ok: false, verdict: 'fail', why, fix });
  if (cidr.includes(':')) return wrong(`${cidr} (${source}) is IPv6, an IPv4 network is needed`, STATE_IT);
  if (network === undefined || !cidr.includes('/'))
    return wrong(`${cidr} (${source}) is not a network like 10.0.0.0/16`, 'write it as address/bits');
  if (hasHostBits(cidr)) {
    const meant = formatNetwork(network);
    return wrong(`${cidr} (${source}) has bits behind its /${network.bits}: agents reject it`, `write ${meant}`);
  }
  return { ok: true, cidr, network, source, growth: 'stated' };
}

function fromPool(facts: PreflightFacts, config: Readonly<Record<string, string>>): NativeCidr {
  const pools = (config['cluster-pool-ipv4-cidr'] ?? '').split(/[\s,]+/).filter((cidr) => cidr !== '');
  const networks = pools.flatMap((cidr) => parseNetwork(cidr) ?? []);
  const network = supernetOf(networks);
  if (network === undefined || networks.length !== pools.length) return fromNodes(facts, 'cluster-pool');
  const source = pools.length === 1 ? 'the cluster pool' : `the smallest network over ${count(pools.length, 'pool')}`;
  return { ok: true, cidr: formatNetwork(network), network, source, growth: 'settled' };
}

function fromNodes(facts: PreflightFacts, mode: string): NativeCidr {
  const known = podNetworks(facts).map(({ network }) => network);
  const network = supernetOf(known);
  if (network === undefined)
    return { ok: false, verdict: 'unknown', why: `no node tells a pod CIDR (IPAM ${mode})`, fix: STATE_IT };
  const rancher = parseNetwork(RANCHER_DEFAULT);
  const isRancher = (facts.nodes ?? []).some((node) => /\+(k3s|rke2)/.test(node.kubelet));
  if (rancher !== undefined && isRancher && covers(rancher, network))
    return {
      ok: true,
      cidr: RANCHER_DEFAULT,
      network: rancher,
      source: 'the default of K3s and RKE2',
      growth: 'settled',
    };
  const source = `the smallest network over ${count(known.length, 'pod CIDR')} of IPAM ${mode}`;
  return { ok: true, cidr: formatNetwork(network), network, source, growth: 'open' };
}

export type PodNetwork = { readonly node: string; readonly cidr: string; readonly network: Ipv4Network };

export function podNetworks({ nodes }: Pick<PreflightFacts, 'nodes'>): readonly PodNetwork[] {
  return (nodes ?? []).flatMap(({ name, podCidrs }) =>
    podCidrs.flatMap((cidr) => {
      const network = parseNetwork(cidr);
      return network === undefined ? [] : [{ node: name, cidr, network }];
    }),
  );
}

function smallestFix(facts: PreflightFacts): string {
  const smallest = supernetOf(podNetworks(facts).map(({ network }) => network));
  return smallest === undefined ? STATE_IT : `use --cidr ${formatNetwork(smallest)} or wider`;
}

/** A network far wider than the pods need keeps other hosts' answers from being masqueraded too. */
export function isTooWide({
  network,
  facts,
}: {
  readonly network: Ipv4Network;
  readonly facts: PreflightFacts;
}): boolean {
  const used = podNetworks(facts).reduce((sum, pod) => sum + addressesIn(pod.network), 0);
  return network.bits < 8 || (network.bits < 12 && used > 0 && addressesIn(network) / used > 256);
}
