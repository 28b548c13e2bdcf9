/**
 * cilium-health: each agent probes every node about every two minutes, so what it says is as old as its last round.
 * Right after a start there is nothing to say: "0/0 reachable".
 */
import type { Agent, Agents, NodeFacts } from './agents.ts';
import { pathWorks } from './reachability.ts';

export type HealthReport = {
  readonly reachable: number;
  readonly total: number;
  readonly probedAtMs: number;
  readonly intervalSeconds: number;
  readonly unreachable: ReadonlySet<string>;
};

/** Nodes whose kubelet and agent are gone, for faults. */
export type DeadNodes = ReadonlySet<string>;

/** Grows with the cluster; 1m56.754608943s on three nodes, as recorded. */
function probeIntervalSeconds(nodes: number): number {
  return 60 * Math.log1p(2 * nodes);
}

function unreachableFrom(agents: Agents, agent: Agent, dead: DeadNodes): ReadonlySet<string> {
  const lost = agents.nodes().filter((node) => {
    const peer = agents.on(node.name);
    return dead.has(node.name) || (peer !== undefined && !pathWorks(agents, agent, peer));
  });
  return new Set(lost.map((node) => node.name));
}

/** What each agent found in its last round, by round: until the next one it says nothing else. */
const found = new WeakMap<Agents, Map<string, { readonly round: string; readonly unreachable: ReadonlySet<string> }>>();

function lastRound(agents: Agents, agent: Agent, round: string, dead: DeadNodes): ReadonlySet<string> {
  const known = found.get(agents) ?? new Map<string, { round: string; unreachable: ReadonlySet<string> }>();
  found.set(agents, known);
  const before = known.get(agent.name);
  if (before?.round === round) return before.unreachable;
  const unreachable = unreachableFrom(agents, agent, dead);
  known.set(agent.name, { round, unreachable });
  return unreachable;
}

/** `cilium-health status --probe`: asks now. */
export function probeNow(agents: Agents, agent: Agent, nowMs: number, dead: DeadNodes): HealthReport {
  const unreachable = unreachableFrom(agents, agent, dead);
  const total = agents.nodes().length;
  const intervalSeconds = probeIntervalSeconds(total);
  return { reachable: total - unreachable.size, total, probedAtMs: nowMs, intervalSeconds, unreachable };
}

export function healthOf(agents: Agents, agent: Agent, nowMs: number, dead: DeadNodes): HealthReport {
  const total = agents.nodes().length;
  const intervalSeconds = probeIntervalSeconds(total);
  const intervalMs = (intervalSeconds * 1_000) / agents.speed;
  const rounds = Math.floor((nowMs - agent.startedAtMs) / intervalMs);
  if (rounds < 1) {
    const unreachable = new Set<string>();
    return { reachable: 0, total: 0, probedAtMs: agent.startedAtMs, intervalSeconds: 0, unreachable };
  }
  const unreachable = lastRound(agents, agent, `${agent.startedAtMs}/${rounds}`, dead);
  const probedAtMs = agent.startedAtMs + rounds * intervalMs;
  return { reachable: total - unreachable.size, total, probedAtMs, intervalSeconds, unreachable };
}

function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Go's Duration text: 1m56.754608943s, 0s. */
export function goDuration(seconds: number): string {
  if (seconds === 0) return '0s';
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor((seconds % 3_600) / 60);
  const rest = Number((seconds % 60).toFixed(9));
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${rest}s`;
}

export function healthLine(report: HealthReport): string {
  const counts = `${report.reachable}/${report.total} reachable`;
  return `${counts}   (${isoSeconds(report.probedAtMs)})   (Probe interval: ${goDuration(report.intervalSeconds)})`;
}

type Path = { readonly lastProbed: string; readonly latency?: number; readonly status?: string };

function pathTo(report: HealthReport, ok: boolean, latency: number): Path {
  const lastProbed = isoSeconds(report.probedAtMs);
  return ok ? { lastProbed, latency } : { lastProbed, status: 'Connection timed out' };
}

function nodeHealth(report: HealthReport, node: NodeFacts, hostOk: boolean): Readonly<Record<string, unknown>> {
  const endpointOk = !report.unreachable.has(node.name);
  const endpoint = {
    http: pathTo(report, endpointOk, 748_957),
    icmp: pathTo(report, endpointOk, 232_186),
    ip: node.healthIp,
  };
  const host = { http: pathTo(report, hostOk, 535_318), icmp: pathTo(report, hostOk, 101_962), ip: node.nodeIp };
  return {
    endpoint,
    'health-endpoint': { 'primary-address': endpoint, 'secondary-addresses': [] },
    host: { 'primary-address': host, 'secondary-addresses': [] },
    name: node.name,
  };
}

/** `cilium-health status -o json` */
export function healthJson(agents: Agents, agent: Agent, report: HealthReport, dead: DeadNodes): unknown {
  const nodes =
    report.total === 0 ? null : agents.nodes().map((node) => nodeHealth(report, node, !dead.has(node.name)));
  return {
    local: { name: agent.name },
    nodes,
    probeInterval: goDuration(report.intervalSeconds),
    timestamp: isoSeconds(report.probedAtMs),
  };
}

export function healthText(agents: Agents, agent: Agent, report: HealthReport): string {
  const rows = report.total === 0 ? [] : agents.nodes();
  const lines = rows.map((node) => {
    const name = node.name === agent.name ? `${node.name} (localhost)` : node.name;
    const endpoints = report.unreachable.has(node.name) ? '0/1' : '1/1';
    return `  ${name.padEnd(20)}${node.nodeIp.padEnd(16)}1/1                      ${endpoints}`;
  });
  const head = 'Name                  IP              Node                     Endpoints';
  return `${['', `Cluster health:       ${healthLine(report)}`, head, ...lines].join('\n').trimStart()}\n`;
}
