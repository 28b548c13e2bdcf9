/**
 * iperf3 in the rehearsal: clients executed in pods, against servers that pods run. The rates are those measured on a
 * real cluster, six runs each, replayed in order for every pair of nodes; a test takes a tenth of the time it claims.
 */
import { isNative } from './agent/agents.ts';
import { reach } from './agent/reachability.ts';
import { type ExecInput, type ExecResult, exited, sleep } from './agent/shell.ts';
import type { Cluster } from './cluster-state.ts';
import { type IperfRun, iperfJson, refusalJson } from './iperf-json.ts';
import { type KubeObject, listAt, stringsAt, textAt } from './kube-object.ts';
import { containerState, nodeOf } from './pod-containers.ts';
import { readEntry } from './store.ts';

type Asked = {
  readonly address: string;
  readonly port: string;
  readonly seconds: number;
  readonly omit: number;
  readonly streams: number;
  readonly udpMbit: number | undefined;
  readonly reverse: boolean;
  readonly connectMs: number;
};

const TIMES_FASTER = 10;
const DEFAULT_PORT = '5201';
const KILLED = 137;

function flagOf(args: readonly string[], names: readonly string[]): string | undefined {
  const at = args.findIndex((arg) => names.includes(arg));
  return at < 0 ? undefined : args[at + 1];
}

function askedBy(args: readonly string[]): Asked | undefined {
  const address = flagOf(args, ['-c', '--client']);
  if (address === undefined) return undefined;
  const isUdp = args.includes('-u') || args.includes('--udp');
  const rate = Number.parseFloat(flagOf(args, ['-b', '--bitrate']) ?? '1');
  const streams = Number(flagOf(args, ['-P', '--parallel']) ?? 1);
  return {
    address,
    port: flagOf(args, ['-p', '--port']) ?? DEFAULT_PORT,
    seconds: Number(flagOf(args, ['-t', '--time']) ?? 10),
    omit: Number(flagOf(args, ['-O', '--omit']) ?? 0),
    streams,
    udpMbit: isUdp ? rate * streams : undefined,
    reverse: args.includes('-R') || args.includes('--reverse'),
    connectMs: Number(flagOf(args, ['--connect-timeout']) ?? 5_000),
  };
}

function listens(pod: KubeObject, port: string): boolean {
  return listAt(pod, 'spec', 'containers').some((container) => {
    const line = [...stringsAt(container, 'command'), ...stringsAt(container, 'args')];
    const isServer = line[0]?.endsWith('iperf3') === true && (line.includes('-s') || line.includes('--server'));
    const runs = containerState(pod, textAt(container, 'name')) === 'running';
    return isServer && runs && (flagOf(line, ['-p', '--port']) ?? DEFAULT_PORT) === port;
  });
}

function serverAt(cluster: Cluster, { address, port }: Asked): KubeObject | undefined {
  const pods = cluster.world.type('v1', 'Pod');
  for (const entry of cluster.store.scan(pods, '')) {
    const pod = readEntry(entry);
    if (textAt(pod, 'status', 'podIP') === address && listens(pod, port)) return pod;
  }
  return undefined;
}

/** Gbit/s as recorded: Cilium 1.19, kernel 6.18, nodes of one machine. What was not recorded is in proportion. */
const RECORDED: Readonly<Record<string, readonly number[]>> = {
  'tunnel 1': [9.49, 9.14, 9.11, 9.95, 9.92, 10.05],
  'tunnel 4': [16.07, 16.21, 14.46, 17.14, 17.69, 17.95],
  'native 1': [9.93, 9.36, 10.26, 10.19, 9.9, 10.34],
  'native 4': [18.34, 16.87, 18.94, 18.32, 17.44, 18.66],
  'tunnel host': [12.29, 9.92, 11.07, 12, 11.41, 12.31],
  'native host': [11.17, 10.65, 12.42, 11.47, 11.36, 12.09],
};
/** One recorded run of each: four streams had 17.63 and 19.76 Gbit/s between hosts where one had 10.34 and 12.26. */
const HOST_FOUR_STREAMS = 1.66;
/** Of the fault: a path that hardware offloads only for tunnels, say. */
const SLOWER = 2 / 3;
/** UDP was bound by the sender's CPU: 422 Mbit/s sent, 3 % of it lost. */
const UDP_MOST_MBIT = 422;

/** Numbers of servers that are busy, and how many runs there have been of each kind, for one cluster. */
type Memory = { readonly busy: Set<string>; readonly runs: Map<string, number> };

const memories = new WeakMap<Cluster, Memory>();

function memoryOf(cluster: Cluster): Memory {
  const known = memories.get(cluster);
  if (known !== undefined) return known;
  const fresh: Memory = { busy: new Set(), runs: new Map() };
  memories.set(cluster, fresh);
  return fresh;
}

type Link = { readonly client: KubeObject; readonly server: KubeObject; readonly asked: Asked };

function isHost(pod: KubeObject): boolean {
  return textAt(pod, 'status', 'podIP') === textAt(pod, 'status', 'hostIP');
}

type Mode = 'native' | 'tunnel';

function modeOf(cluster: Cluster, pod: KubeObject): Mode {
  const from = cluster.agents.agents.on(nodeOf(pod));
  return from !== undefined && isNative(from) ? 'native' : 'tunnel';
}

function gigabits(cluster: Cluster, { client, server, asked }: Link): number {
  const mode = modeOf(cluster, client);
  const host = isHost(client) && isHost(server);
  const many = asked.streams > 1;
  const kind = host ? `${mode} host` : `${mode} ${many ? 4 : 1}`;
  const key = [kind, nodeOf(client), nodeOf(server), asked.streams, asked.reverse].join(' ');
  const { runs } = memoryOf(cluster);
  const run = runs.get(key) ?? 0;
  runs.set(key, run + 1);
  const series = RECORDED[kind] ?? [];
  const names = cluster.agents.agents.nodes().map((node) => node.name);
  const apart = Math.abs(names.indexOf(nodeOf(client)) - names.indexOf(nodeOf(server))) - 1;
  const rate = series[(run + Math.max(0, apart)) % series.length] ?? 0;
  return rate * (host ? hostFactor(many) : podFactor(cluster, mode));
}

function hostFactor(many: boolean): number {
  return many ? HOST_FOUR_STREAMS : 1;
}

function podFactor(cluster: Cluster, mode: Mode): number {
  return mode === 'native' && cluster.faults.value('benchmark') === 'slower-native' ? SLOWER : 1;
}

function runOf(cluster: Cluster, link: Link): IperfRun {
  const { client, server, asked } = link;
  const tunnelled = modeOf(cluster, client) === 'tunnel' && !(isHost(client) && isHost(server));
  const udp = asked.udpMbit === undefined ? undefined : Math.min(asked.udpMbit, UDP_MOST_MBIT) * 1e6;
  return {
    local: textAt(client, 'status', 'podIP'),
    remote: asked.address,
    port: Number(asked.port),
    host: client.metadata.name,
    seconds: asked.seconds,
    omit: asked.omit,
    streams: asked.streams,
    reverse: asked.reverse,
    protocol: udp === undefined ? 'TCP' : 'UDP',
    bitsPerSecond: udp ?? gigabits(cluster, link) * 1e9,
    pathMtu: tunnelled ? 1_450 : 1_500,
    at: cluster.now(),
  };
}

async function measure(cluster: Cluster, link: Link, signal: AbortSignal): Promise<ExecResult> {
  const { busy } = memoryOf(cluster);
  const uid = link.server.metadata.uid ?? '';
  if (busy.has(uid)) return exited(refusalJson('the server is busy running a test. try again later'), 1);
  busy.add(uid);
  try {
    const seconds = (link.asked.seconds + link.asked.omit) / (TIMES_FASTER * cluster.agents.agents.speed);
    await sleep(seconds, signal);
    const isKilled = cluster.faults.value('benchmark') === 'killed' && nodeOf(link.client) !== nodeOf(link.server);
    if (isKilled) return exited('', KILLED);
    return exited(iperfJson(runOf(cluster, link)));
  } finally {
    busy.delete(uid);
  }
}

/** Undefined for everything that is not an iperf3 client. */
export async function runIperf(cluster: Cluster, pod: KubeObject, input: ExecInput): Promise<ExecResult | undefined> {
  const [program = '', ...args] = input.argv;
  if (program !== 'iperf3' && !program.endsWith('/iperf3')) return undefined;
  const asked = askedBy(args);
  if (asked === undefined) return undefined;
  const sender = { node: nodeOf(pod), ip: textAt(pod, 'status', 'podIP') };
  const hint =
    'unable to connect to server - server may have stopped running or use a different port, firewall issue, etc.';
  if (!reach(cluster.agents.agents, sender, asked.address).ok) {
    await sleep(asked.connectMs / 1_000 / cluster.agents.agents.speed, input.signal);
    return exited(refusalJson(`${hint}: Connection timed out`), 1);
  }
  const server = serverAt(cluster, asked);
  if (server === undefined) return exited(refusalJson(`${hint}: Connection refused`), 1);
  return measure(cluster, { client: pod, server, asked }, input.signal);
}
