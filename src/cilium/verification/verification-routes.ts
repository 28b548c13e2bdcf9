import { routeMtu } from '../facts/disruption.ts';
import { type Ipv4Network, parseNetwork } from '../facts/ipv4-network.ts';
import { type Route, routeIndex } from '../facts/node-network.ts';
import { count, listed } from '../facts/text.ts';
import { atLeast, parseVersion } from '../facts/versions.ts';
import type { Expectation, Found, VerificationFacts } from './verification-facts.ts';

const DEVICES: Readonly<Record<string, string>> = { vxlan: 'cilium_vxlan', geneve: 'cilium_geneve' };

/** Native mode deletes both devices, except where something else still tunnels: egress gateway from 1.15, Geneve DSR. */
export function tunnelDevice(facts: VerificationFacts, expected: Expectation): Found {
  const all = Object.values(DEVICES);
  const found = facts.networks.map(({ node, devices }) => ({
    node,
    names: devices.map(({ name }) => name).filter((name) => all.includes(name)),
  }));
  if (expected.mode === 'tunnel') {
    const wanted = DEVICES[expected.protocol] ?? `cilium_${expected.protocol}`;
    const without = found.filter(({ names }) => !names.includes(wanted)).map(({ node }) => node);
    if (without.length > 0) return { verdict: 'fail', evidence: `no ${wanted} on ${listed(without, 6)}` };
    return complete(facts, `${wanted} on ${count(found.length, 'node')}`);
  }
  const still = found.filter(({ names }) => names.length > 0);
  const why = tunnelKeeper(facts);
  if (still.length > 0 && why !== undefined)
    return {
      verdict: 'pass',
      evidence: `${listed([...new Set(still.flatMap(({ names }) => names))])} stays for ${why}`,
    };
  if (still.length > 0) {
    const names = still.map(({ node, names: devices }) => `${node} (${devices.join(', ')})`);
    return {
      verdict: 'fail',
      evidence: `still there on ${listed(names, 6)}`,
      fix: 'these agents did not switch: see their logs',
    };
  }
  return complete(facts, `gone on ${count(found.length, 'node')}`);
}

function tunnelKeeper({ config, version }: VerificationFacts): string | undefined {
  if (config === undefined) return undefined;
  const parsed = parseVersion(version ?? '');
  const isEgress = config['enable-egress-gateway'] === 'true' || config['enable-ipv4-egress-gateway'] === 'true';
  if (isEgress && (parsed === undefined || atLeast(parsed, '1.15'))) return 'the egress gateway';
  return config['bpf-lb-dsr-dispatch'] === 'geneve' ? 'DSR with Geneve' : undefined;
}

type Way = {
  readonly from: string;
  readonly to: string;
  readonly cidr: string;
  readonly network: Ipv4Network;
  readonly address: string | undefined;
  readonly route: Route | undefined;
  readonly deviceMtu: number | undefined;
};

/** From every node that told its routes to every pod CIDR of every other node. */
function waysOf({ nodes, networks }: VerificationFacts): readonly Way[] {
  const targets = (nodes ?? []).flatMap(({ name, ipv4, podCidrs }) =>
    podCidrs.flatMap((cidr) => {
      const network = parseNetwork(cidr);
      return network === undefined ? [] : [{ to: name, cidr, network, address: ipv4 }];
    }),
  );
  return networks.flatMap((network) => {
    const routeTo = routeIndex(network);
    const mtus = new Map(network.devices.map(({ name, mtu }) => [name, mtu]));
    return targets
      .filter(({ to }) => to !== network.node)
      .map((target) => {
        const route = routeTo(target.network);
        return { from: network.node, ...target, route, deviceMtu: route && mtus.get(route.dev) };
      });
  });
}

export function podRoutes(facts: VerificationFacts, expected: Expectation): Found {
  if (facts.nodes === undefined) return { verdict: 'unknown', evidence: 'nodes and their pod CIDRs could not be read' };
  const ways = waysOf(facts);
  const wrong = ways.flatMap((way) => {
    const problem = problemOf(way, expected);
    return problem === undefined ? [] : [`${way.from} to ${way.cidr} of ${way.to}: ${problem}`];
  });
  if (wrong.length > 0)
    return {
      verdict: 'fail',
      evidence: `${ways.length - wrong.length} of ${count(ways.length, 'route')}; ${listed(wrong, 4)}`,
      fix: 'look for “Unable to install direct node route” in these agents’ logs; a node behind a gateway needs a router, or the tunnel',
    };
  const outside = expected.mode === 'native' && expected.routes === 'external' ? ', carried from outside' : '';
  return complete(facts, `${ways.length} of ${count(ways.length, 'route')}${outside}`);
}

/** Own pod CIDRs stay on `cilium_host` in both modes; this is about those of other nodes. */
function problemOf(way: Way, expected: Expectation): string | undefined {
  const { route } = way;
  const isOwn = route?.dev.startsWith('cilium_') === true;
  if (expected.mode === 'tunnel') {
    if (isOwn) return undefined;
    return hasSpecific(way) ? `still via ${route?.gateway ?? 'the link'} on ${route?.dev ?? ''}` : 'no route';
  }
  if (isOwn) return `still over ${route.dev}, as in tunnel mode`;
  return expected.routes === 'auto' ? problemOfDirect(way) : problemOfOutside(way);
}

function problemOfDirect(way: Way): string | undefined {
  if (!hasSpecific(way)) return 'no route of its own';
  const { route, address } = way;
  return route?.gateway === address
    ? undefined
    : `via ${route?.gateway ?? 'the link'} instead of ${address ?? 'its node'}`;
}

/** The default route will do: what is behind it only the probes can tell. */
function problemOfOutside({ route }: Way): string | undefined {
  return route === undefined ? 'no route at all' : undefined;
}

function hasSpecific({ route }: Way): boolean {
  return route !== undefined && route.network.bits > 0;
}

export function routeMtus(facts: VerificationFacts, expected: Expectation): Found {
  const { config, version } = facts;
  if (config === undefined) return { verdict: 'unknown', evidence: 'cilium-config could not be read' };
  const ways = waysOf(facts).filter(({ route }) => route !== undefined && route.network.bits > 0);
  const seen = ways.flatMap((way) => {
    const mtu = way.route?.mtu ?? way.deviceMtu;
    if (mtu === undefined || way.deviceMtu === undefined) return [];
    return [{ ...way, mtu, wanted: routeMtu(expected.mode, config, version ?? '', way.deviceMtu) }];
  });
  const small = seen.filter(({ mtu, wanted }) => mtu < wanted);
  // In native mode host routes carry no MTU of their own even where encryption lowers that of pods: larger is right.
  const large = expected.mode === 'tunnel' ? seen.filter(({ mtu, wanted }) => mtu > wanted) : [];
  const [worst] = [...large, ...small];
  if (worst !== undefined)
    return {
      verdict: large.length > 0 ? 'fail' : 'warn',
      evidence: `${small.length + large.length} of ${count(seen.length, 'route')} differ: ${worst.from} to ${worst.to} ${worst.mtu}, expected ${worst.wanted}`,
      fix:
        large.length > 0
          ? 'replace the agent on that node'
          : 'a smaller MTU is safe; restart the agent on that node to gain it',
    };
  const mtus = [...new Set(seen.map(({ mtu }) => mtu))];
  return complete(
    facts,
    mtus.length === 0 ? 'no routes of their own' : `${mtus.join(', ')} on ${count(seen.length, 'route')}`,
  );
}

/** Passes only when every node was heard: what a silent node has is not proven. */
function complete({ networks, silent, notAsked }: VerificationFacts, words: string): Found {
  if (networks.length === 0 || silent.length > 0) {
    const names = silent.map(({ node, why }) => `${node} (${why})`);
    const who = names.length === 0 ? 'any node' : listed(names, 4);
    return { verdict: 'unknown', evidence: `${words}; not told by ${who}`, fix: 'see why these agents do not answer' };
  }
  if (notAsked > 0)
    return { verdict: 'warn', evidence: `${words}; asked ${networks.length} of ${networks.length + notAsked} nodes` };
  return { verdict: 'pass', evidence: words };
}
