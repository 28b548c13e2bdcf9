import { z } from 'zod';
import type { Finding, NextStep } from '../../core/run/report.ts';
import { routeMtu } from '../facts/disruption.ts';
import { count } from '../facts/text.ts';
import { atLeast, parseVersion, type Version } from '../facts/versions.ts';

/**
 * Pods whose default route still has the MTU of another routing mode. The agent that is there when a pod starts writes
 * it; agents before 1.17 never touch it again, later ones rewrite it in running pods when they start (seen on a real
 * cluster with 1.19; the boundary from the agent's own sources). No API tells a pod's route MTU, so it is concluded from
 * when the pod started and when the mode changed, which every switch of this bot writes down beside its way back.
 */
const REWRITES_FROM = '1.17';

const Mode = z.enum(['native', 'tunnel']);
export type RoutingMode = z.infer<typeof Mode>;

/** One switch of the routing mode, by the worker's clock; ISO 8601. */
export const RoutingSwitch = z
  .object({
    run: z.string(),
    at: z.string(),
    /** When it was proven; absent while it is under way, or where it ended unknown. */
    until: z.string().optional(),
    from: Mode,
    to: Mode,
    /** It went back to `from` by itself. */
    undone: z.boolean().optional(),
  })
  .readonly();
export type RoutingSwitch = z.infer<typeof RoutingSwitch>;

/** Beside the way back, in the same ConfigMap. What is older than these does not matter to pods that still run. */
const MAX_SWITCHES = 20;

/** What stands in the ConfigMap; empty when there is nothing, or it was edited by hand. */
export function parseSwitches(text: string | undefined): readonly RoutingSwitch[] {
  try {
    const parsed = z.array(RoutingSwitch).safeParse(JSON.parse(text ?? '[]'));
    return parsed.success ? parsed.data : [];
  } catch {
    return [];
  }
}

/** With the newest state of one switch: safe to repeat. */
export function withSwitch(known: readonly RoutingSwitch[], newest: RoutingSwitch): readonly RoutingSwitch[] {
  return [...known.filter(({ run }) => run !== newest.run), newest].slice(-MAX_SWITCHES);
}

export type StaleRule =
  /** No running pod can have another route MTU than a new one. */
  | { readonly type: 'none'; readonly why: string }
  /** The mode has changed, and when is written down: oldest first. */
  | (Difference & { readonly type: 'recorded'; readonly switches: readonly RoutingSwitch[] })
  /** Nobody wrote down a change: pods older than their agent may be of another mode, or of the same. */
  | (Difference & { readonly type: 'unrecorded' });

type Difference = {
  /** What the cluster runs, and by how many bytes the route MTU of the other mode differs from it. */
  readonly mode: RoutingMode;
  readonly bytes: number;
};

export type StaleQuestion = {
  readonly mode: RoutingMode | undefined;
  readonly config: Readonly<Record<string, string>>;
  /** Of the oldest agent. */
  readonly version: Version | undefined;
  readonly switches: readonly RoutingSwitch[];
};

/** What the bytes are counted on; the difference between the modes is the same on any device. */
const A_DEVICE = 1_500;

export function staleRule({ mode, config, version, switches }: StaleQuestion): StaleRule {
  if (version === undefined) return { type: 'none', why: 'the version of the agents is unknown' };
  if (!keepsRoutes(version.text))
    return { type: 'none', why: `agents of ${version.text} rewrite the routes of running pods themselves` };
  if (mode === undefined) return { type: 'none', why: 'cilium-config names no routing mode that is known' };
  const of = (each: RoutingMode): number => routeMtu(each, config, version.text, A_DEVICE);
  const bytes = of(mode === 'native' ? 'tunnel' : 'native') - of(mode);
  if (bytes === 0) return { type: 'none', why: 'routes have the same MTU in both modes here' };
  const last = switches.at(-1);
  // Somebody changed the mode past this bot since, or a switch is on its way: what is written down tells nothing yet.
  if (last === undefined || last.until === undefined || modeAfter(last) !== mode)
    return { type: 'unrecorded', mode, bytes };
  return { type: 'recorded', mode, bytes, switches };
}

/** Agents of this version leave the routes of running pods alone. */
export function keepsRoutes(version: string): boolean {
  const parsed = parseVersion(version);
  return parsed !== undefined && !atLeast(parsed, REWRITES_FROM);
}

function modeAfter({ from, to, undone }: RoutingSwitch): RoutingMode {
  return undone === true ? from : to;
}

/**
 * Whether a pod that started then may have the MTU of the other mode. Within a switch the node's agent decides, as long
 * as it is still the one of that switch; where nobody can tell, the answer is yes: restarting it does no harm.
 */
export function mayBeStale(rule: StaleRule, startedAt: string | undefined, agentStartedAt?: string): boolean {
  const startMs = Date.parse(startedAt ?? '');
  const agentMs = Date.parse(agentStartedAt ?? '');
  if (rule.type === 'none' || Number.isNaN(startMs)) return false;
  if (rule.type === 'unrecorded') return startMs < agentMs;
  return modesOf(rule.switches, startMs, agentMs).some((mode) => mode !== rule.mode);
}

/**
 * For counting, by a pod's creation alone: those that have it for certain. After a switch that went back by itself only
 * pods made meanwhile can have it, and nobody knows by which agents: then each of them counts.
 */
export function countsAsStale(rule: StaleRule, createdAt: string | undefined): boolean {
  const createdMs = Date.parse(createdAt ?? '');
  if (rule.type !== 'recorded' || Number.isNaN(createdMs)) return false;
  const modes = modesOf(rule.switches, createdMs, Number.NaN);
  const others = modes.filter((mode) => mode !== rule.mode).length;
  return others === modes.length || (others > 0 && rule.switches.at(-1)?.undone === true);
}

/** The modes that the agent of a pod may have run when the pod started. */
function modesOf(switches: readonly RoutingSwitch[], startMs: number, agentMs: number): readonly RoutingMode[] {
  const spans = switches.map((each, index) => spanOf(each, switches[index + 1]));
  const found = spans.find(({ endedMs }) => startMs <= endedMs);
  if (found === undefined) return switches.slice(-1).map(modeAfter);
  if (startMs < found.beganMs) return [found.from];
  return found === spans.at(-1) ? duringLast(found, startMs, agentMs) : [found.from, found.to];
}

type Span = RoutingSwitch & { readonly beganMs: number; readonly endedMs: number };

/** One that ended unknown lasts until the next one, which began by looking. */
function spanOf(each: RoutingSwitch, next: RoutingSwitch | undefined): Span {
  return { ...each, beganMs: Date.parse(each.at), endedMs: Date.parse(each.until ?? next?.at ?? '') };
}

/** The agent that is there now may be the one that this switch started: then it decides for its node. */
function duringLast(last: Span, startMs: number, agentMs: number): readonly RoutingMode[] {
  const isItsAgent = agentMs >= last.beganMs && agentMs <= last.endedMs;
  if (isItsAgent && startMs >= agentMs) return [modeAfter(last)];
  return isItsAgent && last.undone !== true ? [last.from] : [last.from, last.to];
}

/** Running pods that have it, for a report. */
export const StaleMtu = z.object({ pods: z.number().int(), mode: Mode, bytes: z.number() }).readonly();
export type StaleMtu = z.infer<typeof StaleMtu>;

/** `120 running pods keep a route MTU 50 bytes below that of new ones, from before the last switch`. */
export function staleWords({ pods, bytes }: StaleMtu): string {
  const keep = pods === 1 ? 'keeps' : 'keep';
  return `${count(pods, 'running pod')} ${keep} the route MTU of the other routing mode, ${bytesWords({ bytes })} that of new pods: ${staleCost({ bytes })}`;
}

/** The follow-up: a button, and a line to type. */
export function restartStale(cluster: string): NextStep {
  return { label: 'Restart pods with a stale MTU', command: `restart unmanaged ${cluster} --stale-mtu` };
}

/** None where nobody has it, or nobody can tell. */
export function staleMtuFindings(stale: StaleMtu | undefined, cluster: string): readonly Finding[] {
  return stale === undefined ? [] : [{ mark: 'warn', text: staleWords(stale), next: restartStale(cluster) }];
}

/** Why no running pod that was looked at has it. */
export function noneStale(rule: StaleRule): string {
  if (rule.type === 'none') return rule.why;
  return rule.type === 'recorded' ? 'every pod started in this mode' : 'every pod is younger than its agent';
}

/** `50 bytes below`, `50 bytes above`: the route MTU of a stale pod beside that of a new one. */
export function bytesWords({ bytes }: { readonly bytes: number }): string {
  return `${Math.abs(bytes)} bytes ${bytes < 0 ? 'below' : 'above'}`;
}

/** What that costs. A route MTU above what the tunnel carries is the worse of the two. */
export function staleCost({ bytes }: { readonly bytes: number }): string {
  return bytes < 0
    ? 'traffic flows, in packets that are smaller than they could be'
    : 'their full-size packets to other nodes do not fit into the tunnel: they are fragmented or lost';
}
