import { type Clock, MINUTE_MS, SECOND_MS } from '../../core/clock.ts';
import { ageWords, checkOf, checkOfError, graded } from '../../core/doctoring.ts';
import type { ClusterName } from '../../core/ids.ts';
import type { ScheduleName } from '../../core/policy/schedule.ts';
import type { Lane, Queues, State, Ticks } from '../../core/ports/ports.ts';
import type { Check } from '../../core/run/check.ts';
import type { Run } from '../../core/run/run.ts';
import { loadRun } from '../record.ts';
import { type Presence, SILENT_MS } from './doctor-presence.ts';

export type QueueDoctor = {
  readonly state: Pick<State, 'runs'>;
  readonly queues: Pick<Queues, 'depth'>;
  readonly clock: Clock;
  readonly clusters: readonly ClusterName[];
  readonly processes: readonly Presence[];
  /** Names of the schedules of chatops.yaml, and who knows when they tick. */
  readonly schedules?: readonly ScheduleName[];
  readonly ticks?: Pick<Ticks, 'next'> | undefined;
  /** The run that asks is not waiting. */
  readonly except?: string;
};

/** Who works, what waits, and what is stuck. @throws OpsError StoreUnavailable, QueueUnavailable */
export async function queueChecks(deps: QueueDoctor): Promise<readonly Check[]> {
  const { processes, clock, clusters } = deps;
  const alive = aliveOf(processes, clock.now());
  const checks = [
    botsCheck(alive),
    ...clusters.map((cluster) => workersCheck(cluster, alive)),
    ...silentChecks(processes, clock.now()),
  ];
  const lanes = await Promise.all(lanesOf(clusters).map((lane) => laneCheck(deps, lane)));
  return [...checks, ...lanes, ...(await scheduleChecks(deps)), await stuckCheck(deps)];
}

function aliveOf(processes: readonly Presence[], now: Date): readonly Presence[] {
  return processes.filter(({ at }) => now.getTime() - Date.parse(at) < SILENT_MS);
}

function servingOf(cluster: ClusterName, alive: readonly Presence[]): readonly Presence[] {
  return alive.filter(({ role, serves }) => role !== 'bot' && serves.includes(cluster));
}

/** Workers that take this cluster's runs and have left word lately. */
export function whoServes(cluster: ClusterName, processes: readonly Presence[], now: Date): readonly Presence[] {
  return servingOf(cluster, aliveOf(processes, now));
}

function botsCheck(alive: readonly Presence[]): Check {
  const bots = alive.filter(({ role }) => role !== 'worker').map(({ process }) => process);
  const why = 'bots take commands, post the threads and watch the deadlines';
  if (bots.length > 0) return checkOf('queue-bots', 'Bots alive', { verdict: 'pass', evidence: bots.join(', '), why });
  const fix = 'start one: ROLE=bot npm start (in a cluster: kubectl -n cilium-chatops get pods)';
  return checkOf('queue-bots', 'Bots alive', { verdict: 'fail', evidence: 'none has left word', why, fix });
}

function workersCheck(cluster: ClusterName, alive: readonly Presence[]): Check {
  const id = idOf('queue-workers', cluster);
  const title = `Workers for ${cluster}`;
  const workers = servingOf(cluster, alive);
  const why = 'a run of a cluster that nobody serves waits for ever';
  if (workers.length > 0)
    return checkOf(id, title, { verdict: 'pass', evidence: workers.map(({ process }) => process).join(', '), why });
  return checkOf(id, title, {
    verdict: 'fail',
    evidence: 'nobody serves it',
    why,
    fix: `start a worker: ROLE=worker CLUSTERS=${cluster} npm start (in a cluster: kubectl -n cilium-chatops logs deploy/worker)`,
  });
}

/** Names of clusters may be as long as an id. */
function idOf(prefix: string, cluster: ClusterName): string {
  return `${prefix}-${cluster}`.slice(0, 40);
}

function silentChecks(processes: readonly Presence[], now: Date): readonly Check[] {
  const silent = processes.filter(({ at }) => now.getTime() - Date.parse(at) >= SILENT_MS);
  if (silent.length === 0) return [];
  const named = silent.map(
    ({ process, role, at }) => `${role} ${process}, ${ageWords(now.getTime() - Date.parse(at))}`,
  );
  return [
    checkOf('queue-silent', 'Processes that fell silent', {
      verdict: 'warn',
      evidence: named.join('; '),
      why: 'one that stops takes itself off this list: these were killed, hang, or have lost the store',
      fix: 'look into their logs; each is forgotten after an hour',
    }),
  ];
}

function lanesOf(clusters: readonly ClusterName[]): readonly Lane[] {
  const own = clusters.flatMap((cluster) => [
    { type: 'read' as const, cluster },
    { type: 'change' as const, cluster },
  ]);
  return [...own, { type: 'render' }, { type: 'deadline' }];
}

/** Change lanes may wait for another change; the others are taken at once by whoever is there. */
const LATE_MS = { warn: 30 * SECOND_MS, fail: 5 * MINUTE_MS };

async function laneCheck({ queues, clock }: QueueDoctor, lane: Lane): Promise<Check> {
  const name = 'cluster' in lane ? `${lane.type} of ${lane.cluster}` : lane.type;
  const id = 'cluster' in lane ? idOf(`queue-${lane.type}`, lane.cluster) : `queue-${lane.type}`;
  const why = 'what waits long has nobody to take it';
  const asked = { id, title: `Lane ${name}`, why };
  try {
    const { waiting, active, oldestAt } = await queues.depth(lane);
    const lateMs = oldestAt === undefined ? 0 : clock.now().getTime() - oldestAt.getTime();
    const oldest = oldestAt === undefined ? '' : `, the oldest for ${ageWords(lateMs)}`;
    const verdict =
      lane.type === 'change' ? graded(lateMs, { warn: LATE_MS.fail, fail: Number.MAX_VALUE }) : graded(lateMs, LATE_MS);
    return checkOf(id, asked.title, {
      verdict,
      evidence: `${waiting} waiting, ${active} at work${oldest}`,
      why,
      ...(verdict === 'pass' ? {} : { fix: fixOf(lane) }),
    });
  } catch (thrown) {
    return checkOfError({ ...asked, verdict: 'unknown' }, thrown);
  }
}

function fixOf(lane: Lane): string {
  if (lane.type === 'change') return 'a change is applied after the one before it: see /cilium history';
  const who = lane.type === 'read' ? `workers of ${lane.cluster}` : 'bots';
  return `look into the logs of the ${who}; start more of them when they are all busy`;
}

/** A tick is taken at once by any bot. */
const TICK_LATE_MS = 2 * MINUTE_MS;

async function scheduleChecks({ schedules = [], ticks, clock }: QueueDoctor): Promise<readonly Check[]> {
  if (schedules.length === 0 || ticks === undefined) return [];
  const [id, title] = ['queue-schedules', 'Schedules tick'];
  const why = 'a schedule that does not tick looks like a cluster where nothing changes';
  try {
    const next = await ticks.next();
    const dead = schedules.flatMap((name) => {
      const at = next.get(name);
      if (at === undefined) return [`${name} is not in the queue`];
      const lateMs = clock.now().getTime() - at.getTime();
      return lateMs > TICK_LATE_MS ? [`${name} should have ticked ${ageWords(lateMs)} ago`] : [];
    });
    if (dead.length === 0) return [checkOf(id, title, { verdict: 'pass', evidence: schedules.join(', '), why })];
    const fix = 'look into the logs of the bots: they put schedules into the queue at their start and take the ticks';
    return [checkOf(id, title, { verdict: 'fail', evidence: dead.join('; '), why, fix })];
  } catch (thrown) {
    return [checkOfError({ id, title, why, verdict: 'unknown' }, thrown)];
  }
}

const LOOKED_AT = 200;
const QUEUED_TOO_LONG_MS = 2 * MINUTE_MS;
const SILENT_TOO_LONG_MS = 10 * MINUTE_MS;

async function stuckCheck(deps: QueueDoctor): Promise<Check> {
  const { state, clock, except } = deps;
  const recent = await state.runs.recent({ limit: LOOKED_AT });
  const old = recent.filter(({ changedAt }) => clock.now().getTime() - changedAt.getTime() > QUEUED_TOO_LONG_MS);
  const stuck: string[] = [];
  for (const { run: id } of old) {
    if (id === except) continue;
    const run = await loadRun(state.runs, id).catch(() => undefined);
    const why = run && whyStuck(run, clock.now());
    if (why !== undefined) stuck.push(`${id} ${why}`);
  }
  const why = 'a run that nobody works on and nobody ends keeps people waiting';
  if (stuck.length === 0)
    return checkOf('queue-stuck', 'No run is stuck', {
      verdict: 'pass',
      evidence: `of the last ${recent.length}`,
      why,
    });
  const first = stuck[0]?.split(' ')[0] ?? '';
  return checkOf('queue-stuck', 'No run is stuck', {
    verdict: 'warn',
    evidence: stuck.slice(0, 6).join('; ') + (stuck.length > 6 ? ` and ${stuck.length - 6} more` : ''),
    why,
    fix: `/cilium show ${first}; /cilium cancel ${first} ends one that will not go on`,
  });
}

function whyStuck({ now: state, lastEventAt, request }: Run, now: Date): string | undefined {
  const silentMs = now.getTime() - Date.parse(lastEventAt);
  const what = `(${request.command} on ${request.cluster})`;
  if (state.state === 'queued') return `${what} waits for a worker for ${ageWords(silentMs)}`;
  if (state.state !== 'running' || silentMs <= SILENT_TOO_LONG_MS) return undefined;
  return `${what} runs on ${state.worker} without a sign for ${ageWords(silentMs)}`;
}
