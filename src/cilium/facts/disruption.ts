import { count, listed } from './text.ts';
import { atLeast, parseVersion } from './versions.ts';

/**
 * What traffic goes through while the agents restart. Seen on a real cluster (three nodes, two at a time): an agent is
 * Ready 12 to 15 s after its pod was deleted, and a node carries the new mode a few seconds before that. Two nodes in
 * different modes drop each other's pod traffic; when both have switched it flows again, and TCP goes on where it was.
 */
const AGENT_READY_S = { min: 12, max: 15 } as const;

export type Roll = {
  readonly agents: number;
  readonly atOnce: number;
  /** The canary counts as one. */
  readonly batches: number;
  /** The longest that any two nodes are in different modes, in seconds. 0 with a single node. */
  readonly mixedS: { readonly min: number; readonly max: number };
};

/** One agent first, then `atOnce` at a time. */
export function rollOf(agents: number, atOnce: number): Roll {
  const batches = agents <= 1 ? agents : 1 + Math.ceil((agents - 1) / atOnce);
  const isMixed = batches > 1;
  return {
    agents,
    atOnce,
    batches,
    mixedS: {
      min: isMixed ? (batches - 1) * AGENT_READY_S.min : 0,
      max: isMixed ? batches * AGENT_READY_S.max : 0,
    },
  };
}

/**
 * `2` or `25%` of the agents, as the DaemonSet controller counts it: percentages are rounded up, and it is never less
 * than one nor more than there are. undefined when it is neither.
 */
export function atOnceOf(maxUnavailable: string, agents: number): number | undefined {
  const match = /^(\d{1,6})(%?)$/.exec(maxUnavailable.trim());
  if (match === null) return undefined;
  const number = Number(match[1]);
  if (number === 0 || (match[2] === '%' && number > 100)) return undefined;
  const wanted = match[2] === '%' ? Math.ceil((number * agents) / 100) : number;
  return Math.max(1, Math.min(wanted, agents));
}

/** The first line an approver reads. `own` is the DaemonSet's own limit, named where another was asked for. */
export function rollWords(roll: Roll, rollsByItself: boolean): string {
  const { agents, atOnce, batches } = roll;
  if (batches <= 1) return `${count(agents, 'agent')} restarts; there is no other node whose traffic it could cut`;
  const order = rollsByItself
    ? `all by themselves when Helm writes the settings (rollOutCiliumPods), ${atOnce} at once`
    : `in ${count(batches, 'batch', 'batches')}, one first, then ${atOnce} at once`;
  const faster = rollOf(agents, agents);
  const alternative =
    rollsByItself || faster.batches === batches ? '' : ` (--max-unavailable 100%: ${spanWords(faster.mixedS)})`;
  return (
    `${count(agents, 'agent')} restart ${order}; estimated ${spanWords(roll.mixedS)} in which pods on switched and ` +
    `unswitched nodes cannot reach each other${alternative}. TCP stalls, then resumes`
  );
}

/** `12–30 s`, `33–38 min`. */
export function spanWords({ min, max }: Roll['mixedS']): string {
  if (max < 120) return `${min}–${max} s`;
  return `${Math.max(1, Math.round(min / 60))}–${Math.ceil(max / 60)} min`;
}

/** Who notices first. Parts that could not be read are undefined and left out. */
export type Exposure = {
  readonly dns: { readonly name: string; readonly pods: number } | undefined;
  /** Names of admission webhooks served by pods. */
  readonly webhooks: readonly string[] | undefined;
  /** Deployments and StatefulSets with one replica on the pod network. */
  readonly singles: readonly string[] | undefined;
};

export function exposureWords({ dns, webhooks, singles }: Exposure): string {
  const parts = [
    dns === undefined ? '' : `${dns.name} (${count(dns.pods, 'pod')}: names fail for clients on other nodes)`,
    webhooks === undefined || webhooks.length === 0
      ? ''
      : `${count(webhooks.length, 'admission webhook')} (${listed(webhooks, 2)})`,
    singles === undefined || singles.length === 0
      ? ''
      : `${count(singles.length, 'workload')} with a single replica (${listed(singles, 3)})`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'Hit first: whatever talks between nodes' : `Hit first: ${parts.join(', ')}`;
}

type Config = Readonly<Record<string, string>>;

/**
 * The MTU of routes to pods on other nodes over an IPv4 underlay, from the device's: what the agent subtracts in each
 * mode. Devices keep theirs in both modes (seen on a real cluster; the rest from the agent's own MTU tables).
 */
export function routeMtu(mode: 'native' | 'tunnel', config: Config, version: string, deviceMtu: number): number {
  const fixed = Number(config['mtu'] ?? '0');
  const device = Number.isInteger(fixed) && fixed > 0 ? fixed : deviceMtu;
  const parsed = parseVersion(version);
  const from = (minimum: string): boolean => parsed === undefined || atLeast(parsed, minimum);
  const hasTunnel = mode === 'tunnel' || (hasEgressGateway(config) && from('1.15'));
  const tunnel = hasTunnel ? 50 : 0;
  if (config['enable-ipsec'] === 'true') return device - tunnel - 77;
  if (config['enable-wireguard'] !== 'true') return device - tunnel;
  // Up to 1.15 the agent took WireGuard's overhead alone, although the packets carry both.
  return device - 80 - (from('1.16') ? tunnel : 0);
}

/** It keeps the tunnel device, and from 1.15 on the tunnel's MTU. */
function hasEgressGateway(config: Config): boolean {
  return config['enable-ipv4-egress-gateway'] === 'true' || config['enable-egress-gateway'] === 'true';
}

export type MtuChange = {
  readonly from: 'native' | 'tunnel';
  readonly to: 'native' | 'tunnel';
  readonly config: Config;
  readonly version: string;
  /** Smallest MTU among the devices that carry traffic between nodes; undefined where no node told it. */
  readonly deviceMtu: number | undefined;
};

/** Device and route MTU of running and of new pods, by version. */
export function mtuWords({ from, to, config, version, deviceMtu }: MtuChange): string {
  if (deviceMtu === undefined) return 'MTU: the devices of the nodes were not read';
  const before = routeMtu(from, config, version, deviceMtu);
  const after = routeMtu(to, config, version, deviceMtu);
  if (before === after) return `MTU: devices stay at ${deviceMtu}, routes of pods at ${before}`;
  const parsed = parseVersion(version);
  const running =
    parsed === undefined || atLeast(parsed, '1.17')
      ? 'in running pods too'
      : 'in new pods; running pods keep theirs until they are recreated (afterwards: restart unmanaged --stale-mtu)';
  return `MTU: devices stay at ${deviceMtu}; routes of pods ${before} → ${after}, ${running}`;
}

/** What a switch leaves behind, by version: nothing of it is in use. */
export function leftBehind(to: 'native' | 'tunnel', config: Config, version: string): string {
  if (to === 'tunnel') return '';
  const parsed = parseVersion(version);
  const keepsDevice = hasEgressGateway(config) && (parsed === undefined || atLeast(parsed, '1.15'));
  const kept = [
    keepsDevice ? 'the tunnel device (egress gateway uses it)' : '',
    parsed === undefined || atLeast(parsed, '1.17') ? 'the setting tunnel-protocol, which nothing reads then' : '',
  ].filter((part) => part !== '');
  return kept.length === 0 ? '' : `Stays behind: ${kept.join(', ')}`;
}
