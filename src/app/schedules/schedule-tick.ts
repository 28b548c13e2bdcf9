import { Actor, Origin } from '../../core/actor.ts';
import { MINUTE_MS } from '../../core/clock.ts';
import { OpsError } from '../../core/errors.ts';
import type { RunId } from '../../core/ids.ts';
import { type Meter, NO_METER } from '../../core/meter.ts';
import { rhythmOf, type Schedule, type ScheduleName, tickingOf } from '../../core/policy/schedule.ts';
import type { Processed, Ticks } from '../../core/ports/ports.ts';
import type { Run } from '../../core/run/run.ts';
import { loadRun } from '../record.ts';
import { type SubmitDeps, submit } from '../submit.ts';
import { loadNews, loadTick, loadWatch, saveNews, saveTick } from './schedule-state.ts';

export type TickDeps = SubmitDeps & { readonly ticks: Ticks; readonly root: string; readonly meter?: Meter };

/** A run that has not ended by then is worth a word: no worker takes it, or its cluster hangs. */
const LATE_MS = 2 * MINUTE_MS;
/** A run that ended and was not looked at by then never will be. */
const LOOKED_AT_MS = 10 * MINUTE_MS;

/**
 * Makes exactly the schedules of the configuration tick. One that has never run does so now, so that whoever wrote it
 * sees what it does. Any number of replicas may do this at once. @throws OpsError QueueUnavailable
 */
export async function applySchedules(deps: TickDeps): Promise<void> {
  const { schedules } = deps.config();
  await deps.ticks.put(schedules.map((schedule) => ({ name: schedule.name, rhythm: tickingOf(schedule) })));
  const now = deps.clock.now().getTime();
  for (const { name } of schedules)
    if ((await loadTick(deps.state.blobs, name)) === undefined)
      // To the minute, so that replicas that start together mean the same run.
      await onTick(deps, name, new Date(now - (now % MINUTE_MS)));
}

/**
 * Starts the run of one tick, unless the one before is still under way. Safe to repeat: the same tick is the same run.
 * @throws OpsError of the store
 */
export async function onTick(deps: TickDeps, name: ScheduleName, at: Date): Promise<Processed> {
  // A replica with another version of the configuration may have put it; its ticks are for that one to take away.
  const schedule = deps.config().schedules.find((each) => each.name === name);
  const result = schedule === undefined ? 'skipped' : await startUnlessBusy(deps, schedule, at);
  (deps.meter ?? NO_METER).count('schedule_ticks_total', { schedule: name, result });
  return { type: 'done' };
}

async function startUnlessBusy(
  deps: TickDeps,
  schedule: Schedule,
  at: Date,
): Promise<'started' | 'skipped' | 'refused'> {
  const { name } = schedule;
  const { state, queues, clock, log } = deps;
  const requestKey = `schedule:${name}:${at.toISOString()}`;
  const last = await loadTick(state.blobs, name);
  if (last !== undefined && !(await isDone(deps, last.run, requestKey))) return 'skipped';
  const rhythm = rhythmOf(schedule);
  const submitted = await submit(deps, {
    line: schedule.command,
    root: deps.root,
    by: Actor.parse({ user: `schedule:${name}` }),
    origin: Origin.parse({ type: 'schedule', schedule: name, rhythm, channel: schedule.channel }),
    requestKey,
  });
  if (submitted.type === 'reply') {
    log.error({ schedule: name, problem: submitted.reply.text }, 'scheduled run not started');
    return 'refused';
  }
  await saveTick(state.blobs, name, { run: submitted.run, at: at.toISOString() });
  await submitted.queue();
  await queues.remind(submitted.run, new Date(clock.now().getTime() + LATE_MS), 'late');
  return 'started';
}

/** Whether the run of the tick before has ended and was looked at: then the next one may start. */
async function isDone(deps: TickDeps, id: RunId, requestKey: string): Promise<boolean> {
  const run = await known(deps, id);
  if (run === undefined || run.request.requestKey === requestKey) return true;
  if (run.now.state !== 'ended') {
    await lookForLate(deps, id);
    return false;
  }
  const { origin, at } = run.request;
  const watch = origin.type === 'schedule' ? await loadWatch(deps.state.blobs, origin.schedule) : undefined;
  const lookedAt = watch !== undefined && watch.requestedAt >= at;
  return lookedAt || ageMs(deps, run.now.endedAt) > LOOKED_AT_MS;
}

/** Shows a scheduled run that should have ended by now, once. Nothing for any other run. @throws OpsError of the store */
export async function lookForLate(deps: Pick<TickDeps, 'state' | 'queues' | 'clock'>, id: RunId): Promise<void> {
  const run = await known(deps, id);
  if (run?.request.origin.type !== 'schedule' || run.now.state === 'ended') return;
  const { origin, at } = run.request;
  const { blobs } = deps.state;
  if (ageMs(deps, at) < LATE_MS || (await loadNews(blobs, id)) !== undefined) return;
  const since = (await loadWatch(blobs, origin.schedule))?.seenAt;
  const { schedule, rhythm } = origin;
  const base = { schedule, rhythm, kind: 'late' as const, added: [], gone: [] };
  await saveNews(blobs, id, since === undefined ? base : { ...base, since });
  await deps.queues.add({ type: 'render' }, id);
}

async function known({ state }: Pick<TickDeps, 'state'>, id: RunId): Promise<Run | undefined> {
  return loadRun(state.runs, id).catch((thrown: unknown) => {
    if (thrown instanceof OpsError && thrown.code === 'UnknownRun') return undefined;
    throw thrown;
  });
}

function ageMs({ clock }: Pick<TickDeps, 'clock'>, at: string): number {
  return clock.now().getTime() - Date.parse(at);
}
