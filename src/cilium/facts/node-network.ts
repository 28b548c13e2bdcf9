import { z } from 'zod';
import { type Ipv4Network, parseIpv4, parseNetwork } from './ipv4-network.ts';

/** One IPv4 route of a node, from `ip -j route show table all`. `bits` of the default route are 0. */
export type Route = {
  readonly network: Ipv4Network;
  readonly gateway?: string;
  readonly dev: string;
  readonly mtu?: number;
  readonly metric: number;
  /** `local` decides before `main`, as the kernel's own rules say. */
  readonly table: 'main' | 'local';
  readonly protocol?: string;
};

/** What one node's kernel says about its network, asked in its agent container. */
export type NodeNetwork = {
  readonly node: string;
  readonly routes: readonly Route[];
  /** Devices that exist: `cilium_vxlan`, `flannel.1`, `eth0`, … Interfaces of pods are left out. */
  readonly devices: readonly { readonly name: string; readonly mtu: number }[];
  /**
   * Routing rules that could send traffic between nodes past the main table, as `ip rule` prints them. Where there are
   * none, the longest match in the tables is what `ip route get` answers.
   */
  readonly oddRules: readonly string[];
  /** The kernel's own answers to `ip -j route get <address>`, where it was asked. */
  readonly asked: ReadonlyMap<string, Hop>;
};

/** A network that could not be read, and why. */
export type SilentNode = { readonly node: string; readonly why: string };

export type Hop = { readonly gateway?: string; readonly dev: string; readonly mtu?: number };

const text = z.string().optional().catch(undefined);
const RawRoute = z.object({
  type: text,
  dst: z.string(),
  gateway: text,
  dev: text,
  table: text,
  protocol: text,
  metric: z.number().optional().catch(undefined),
  metrics: z
    .array(z.object({ mtu: z.number().optional().catch(undefined) }))
    .optional()
    .catch(undefined),
});

/** Unreadable routes are left out; @returns undefined when the text is not a JSON list. */
export function parseRoutes(stdout: string): readonly Route[] | undefined {
  const raw = parseList(stdout);
  return raw?.flatMap((each) => {
    const parsed = RawRoute.safeParse(each);
    const route = parsed.success ? toRoute(parsed.data) : undefined;
    return route === undefined ? [] : [route];
  });
}

function toRoute(raw: z.infer<typeof RawRoute>): Route | undefined {
  const { type = 'unicast', table = 'main', dev } = raw;
  const isWanted = (type === 'unicast' && table === 'main') || (type === 'local' && table === 'local');
  const network = raw.dst === 'default' ? { base: 0, bits: 0 } : parseNetwork(raw.dst);
  // `default` is the word for IPv6 too: only the gateway tells them apart.
  if (!isWanted || network === undefined || dev === undefined || raw.gateway?.includes(':')) return undefined;
  const mtu = raw.metrics?.find((each) => each.mtu !== undefined)?.mtu;
  return {
    network,
    dev,
    metric: raw.metric ?? 0,
    table: table === 'local' ? 'local' : 'main',
    ...(raw.gateway === undefined ? {} : { gateway: raw.gateway }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(raw.protocol === undefined ? {} : { protocol: raw.protocol }),
  };
}

/** The first answer of `ip -j route get`, the one the agent itself looks at. */
export function parseRouteGet(stdout: string): Hop | undefined {
  const parsed = RawRoute.safeParse(parseList(stdout)?.[0]);
  if (!parsed.success || parsed.data.dev === undefined) return undefined;
  const { gateway, dev, metrics } = parsed.data;
  const mtu = metrics?.find((each) => each.mtu !== undefined)?.mtu;
  return { dev, ...(gateway === undefined ? {} : { gateway }), ...(mtu === undefined ? {} : { mtu }) };
}

const RawLink = z.object({ ifname: z.string(), mtu: z.number().default(0) });

export function parseDevices(stdout: string): NodeNetwork['devices'] | undefined {
  return parseList(stdout)?.flatMap((each) => {
    const parsed = RawLink.safeParse(each);
    if (!parsed.success || /^(lxc(?!_health)|veth)/.test(parsed.data.ifname)) return [];
    return [{ name: parsed.data.ifname, mtu: parsed.data.mtu }];
  });
}

/**
 * Rules of `ip rule` beyond the kernel's three and those of Cilium and kube-proxy, which pick out packets by a mark:
 * traffic between nodes carries none. Unreadable text counts as odd: it proves nothing.
 */
export function oddRulesOf(stdout: string): readonly string[] {
  const lines = stdout.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return ['(no rules printed)'];
  return lines.map((line) => line.replace(/\s+/g, ' ').trim()).filter((line) => !PLAIN_RULE.test(line));
}

const PLAIN_RULE =
  /^\d+: (from all (fwmark \S+ )?lookup (local|main|default)|from all fwmark \S+ lookup \S+)( proto \S+)?$/;

/**
 * Where the kernel would send a packet: its own answer if it was asked, else the longest match in its tables. Built once
 * per node and asked once per other node, so a big table is searched by length and not from end to end.
 */
export function hopFinder({
  routes,
  asked,
}: Pick<NodeNetwork, 'routes' | 'asked'>): (address: string) => Hop | undefined {
  const local = byLength(routes.filter((route) => route.table === 'local'));
  const main = byLength(routes.filter((route) => route.table === 'main'));
  return (address) => {
    const told = asked.get(address);
    if (told !== undefined) return told;
    const number = parseIpv4(address);
    return number === undefined ? undefined : (longest(local, number) ?? longest(main, number));
  };
}

type ByLength = readonly (readonly [bits: number, byBase: ReadonlyMap<number, Route>])[];

function byLength(routes: readonly Route[]): ByLength {
  const lengths = new Map<number, Map<number, Route>>();
  for (const route of routes) {
    const { base, bits } = route.network;
    const same = lengths.get(bits) ?? new Map<number, Route>();
    const known = same.get(base);
    if (known === undefined || route.metric < known.metric) same.set(base, route);
    lengths.set(bits, same);
  }
  return [...lengths].sort(([left], [right]) => right - left);
}

function longest(lengths: ByLength, address: number): Route | undefined {
  for (const [bits, byBase] of lengths) {
    const found = byBase.get(address - (address % 2 ** (32 - bits)));
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The route of the main table that decides where a whole network goes: the longest that covers it. Built once per node,
 * as `hopFinder` is.
 */
export function routeIndex({ routes }: Pick<NodeNetwork, 'routes'>): (network: Ipv4Network) => Route | undefined {
  const main = byLength(routes.filter((route) => route.table === 'main'));
  return ({ base, bits }) =>
    longest(
      main.filter(([length]) => length <= bits),
      base,
    );
}

function parseList(stdout: string): readonly unknown[] | undefined {
  try {
    const parsed: unknown = JSON.parse(stdout);
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    // Not JSON: an error text, an `ip` without -j, or output cut short.
    return undefined;
  }
}
