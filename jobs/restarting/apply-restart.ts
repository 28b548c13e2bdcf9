import { clip, count, listed } from '../../src/cilium/facts/text.ts';
import { type RestartEnd, restartReport, unknownRestartReport } from '../../src/cilium/restart/restart-report.ts';
import { ownerWords, RestartWork } from '../../src/cilium/restart/restart-work.ts';
import { MINUTE_MS, SECOND_MS } from '../../src/core/clock.ts';
import { toOpsError } from '../../src/core/errors.ts';
import type { ChangeContext, JobResult, JobRun } from '../../src/core/job.ts';
import type { Plan } from '../../src/core/run/plan.ts';
import { isOver as isOverForUs, patiently } from '../changing/patience.ts';
import { type Step, sealed } from '../changing/switching.ts';
import { evictRound } from './evict-round.ts';
import { type Found, findPods } from './find-pods.ts';
import { look } from './look.ts';
import { readingOf } from './plan-restart.ts';
import { doneOf, isOver, type OwnerWatch, openRestarting, plannedOf, type Restarting } from './restarting.ts';
import { endSteps, news } from './tell.ts';

/** Between two looks; a look that takes long makes the pause longer, so that the API server is never asked all the time. */
const PAUSE_MS = 400;
/** A budget that gives way to nobody while nothing of its workload is on its way: only people can help. */
const BLOCKED_LIMIT_MS = 2 * MINUTE_MS;
/** Beyond the time that a pod may take to stop. */
const BACK_LIMIT_MS = 5 * MINUTE_MS;
/** Of time that passed between two looks, so much counts at most: an API server that was away is nobody's idleness. */
const MOST_COUNTED_MS = 5 * SECOND_MS;
/** When successors of so many workloads do not come up, the cause is not the workload: no more evictions. */
const MANY_FAILED = 3;

/**
 * Evicts what was approved and waits until it is replaced. Every round looks first and decides from what is there, so
 * an attempt that begins anew goes on where the one before it was killed.
 *
 *   due ──evict──▶ away (ending, made, not ready, no endpoint) ──▶ done
 *    │ a budget says no: asked again; after 2 min with nothing on its way: given up, by name
 *    │ it is Cilium's by now (its agent was restarted): done
 */
export async function* applyRestart(plan: Plan, context: ChangeContext): JobRun {
  return yield* sealed(applyIn(openRestarting(context, RestartWork.parse(plan.work))));
}

async function* applyIn(restarting: Restarting): Step<JobResult> {
  try {
    const stopped = yield* restart(restarting);
    return yield* prove(restarting, stopped);
  } catch (thrown: unknown) {
    const { context, watches } = restarting;
    context.signal.throwIfAborted();
    if (isOverForUs(thrown)) throw thrown;
    context.log.warn({ err: thrown }, 'the restart cannot go on');
    return unknown(
      restarting,
      `${doneOf(watches)} of ${count(plannedOf(watches), 'pod')} restarted`,
      toOpsError(thrown).message,
    );
  }
}

/** Whether a person stopped it. */
async function* restart(restarting: Restarting): Step<boolean> {
  const { context, watches } = restarting;
  let lastMs = context.clock.now().getTime();
  let stopped = false;
  for (;;) {
    const beganMs = context.clock.now().getTime();
    await look(restarting, Math.min(beganMs - lastMs, MOST_COUNTED_MS));
    lastMs = beganMs;
    giveUp(watches, stopped);
    yield* news(watches);
    if (watches.every((watch) => isOver(watch) || (stopped && watch.state.away === 0))) break;
    stopped ||= await context.stopWanted();
    if (!stopped && failedOnes(watches).length < MANY_FAILED) await evictRound(restarting);
    const tookMs = context.clock.now().getTime() - beganMs;
    await context.clock.sleep(Math.max(PAUSE_MS, 2 * tookMs), context.signal);
  }
  yield* endSteps(watches);
  return stopped;
}

function giveUp(watches: readonly OwnerWatch[], stopped: boolean): void {
  for (const watch of watches) {
    if (isOver(watch)) continue;
    const { blocked, idleMs, state, owner } = watch;
    if (state.away === 0 && blocked !== undefined && idleMs > BLOCKED_LIMIT_MS) watch.gaveUp = blocked.why;
    else if (state.away > 0 && idleMs > BACK_LIMIT_MS + owner.graceS * SECOND_MS) watch.gaveUp = notBack(watch);
    else if (state.away === 0 && !stopped && failedOnes(watches).length >= MANY_FAILED)
      watch.gaveUp = `not evicted: the successors of ${MANY_FAILED} other workloads did not come up`;
  }
}

function failedOnes(watches: readonly OwnerWatch[]): readonly OwnerWatch[] {
  return watches.filter(({ gaveUp, state }) => gaveUp !== undefined && state.away > 0);
}

function notBack({ state }: OwnerWatch): string {
  const names = state.unready.map(({ name, ready, managed }) => `${name} (${unreadyWords(ready, managed)})`);
  const who = names.length === 0 ? 'nobody made a successor' : listed(names, 3);
  return clip(`successors did not come back within ${BACK_LIMIT_MS / MINUTE_MS} min: ${who}`, 300);
}

function unreadyWords(ready: boolean, managed: boolean): string {
  if (ready) return 'no CiliumEndpoint';
  return managed ? 'not ready' : 'not ready, no CiliumEndpoint';
}

/** The same question as before the change: what it still finds is named, with its reason. */
async function* prove(restarting: Restarting, stopped: boolean): Step<JobResult> {
  const { context, work } = restarting;
  yield { type: 'step-started', step: 'proof', title: 'Look again for unmanaged pods' };
  const { namespace, includeBare, includeJobs, staleMtu } = work;
  const scope = { namespace, includeBare, includeJobs, staleMtu };
  const found = await patiently(context, () => findPods(readingOf(context, context.signal), scope));
  const left = found.verdicts.filter((verdict) => verdict.included || verdict.stays).length;
  yield { type: 'step-ended', step: 'proof', result: left === 0 ? 'ok' : 'warn', detail: `${count(left, 'pod')} left` };
  return ending(restarting, found, stopped);
}

function ending(restarting: Restarting, found: Found, stopped: boolean): JobResult {
  const { context, watches } = restarting;
  const end = endOf(restarting, found);
  const data = { schemaVersion: 1, ...end };
  const report = restartReport(end);
  const failed = watches.filter((watch) => !watch.state.finished);
  const counted = `${doneOf(watches)} of ${count(plannedOf(watches), 'pod')} restarted`;
  if (failed.length === 0) return { outcome: { type: 'succeeded', report }, data };
  if (stopped) {
    const reason = clip(`${counted}; the others were not touched, and nothing is on its way`, 1_000);
    return { outcome: { type: 'cancelled', by: { user: context.by, external: false }, reason }, data };
  }
  const why = failed.map((watch) => `${ownerWords(watch.owner)}: ${whyNot(watch)}`);
  const message = clip(`${counted}; ${listed(why, 3)}`, 1_000);
  const nextStep = 'see to what is named, then ask again: what is done stays done';
  return { outcome: { type: 'failed', code: 'NotAllRestarted', message, nextStep, report }, data };
}

function whyNot({ gaveUp, refused }: OwnerWatch): string {
  return gaveUp ?? [...refused.values()][0] ?? 'not finished';
}

function endOf({ context, watches, startedMs }: Restarting, found: Found | undefined): RestartEnd {
  const now = context.clock.now();
  return {
    cluster: context.cluster.name,
    run: context.run,
    asOf: now.toISOString(),
    // An attempt that went on where another was killed does not know when that one began.
    tookMs: context.resumed ? undefined : now.getTime() - startedMs,
    approvedBy: context.approvedBy,
    owners: watches.map((watch) => ({
      words: ownerWords(watch.owner),
      planned: watch.owner.pods.length,
      done: watch.state.done,
      ...(watch.state.finished ? {} : { why: whyNot(watch) }),
    })),
    found,
  };
}

function unknown(restarting: Restarting, lastProven: string, why: string): JobResult {
  const end = endOf(restarting, undefined);
  const report = unknownRestartReport(end, lastProven, why);
  return {
    outcome: { type: 'unknown', since: end.asOf, lastProven, why: clip(why, 1_000), report },
    data: { schemaVersion: 1, ...end },
  };
}
