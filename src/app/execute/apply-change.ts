import { MINUTE_MS, SECOND_MS } from '../../core/clock.ts';
import { OpsError, toOpsError } from '../../core/errors.ts';
import type { ChangeContext, ChangeJob, JobContext, Planned } from '../../core/job.ts';
import { isOpen } from '../../core/policy/maintenance-window.ts';
import { ruleFor } from '../../core/policy/policy.ts';
import type { ChangePorts } from '../../core/ports/change-ports.ts';
import type { Log, Processed } from '../../core/ports/ports.ts';
import type { Outcome } from '../../core/run/outcome.ts';
import { changedSince, digestOf, Plan } from '../../core/run/plan.ts';
import type { Run } from '../../core/run/run.ts';
import { approversOf } from '../../core/run/votes.ts';
import { freezeOf, frozenWords } from '../freeze.ts';
import { loadRun } from '../record.ts';
import { now, resultFile } from './attempt.ts';
import { drain, stoppable } from './drain.ts';
import { jobContext } from './job-context.ts';
import { createPatientRecord } from './patient-record.ts';
import { type ChangeDeps, propose, refused } from './plan-change.ts';
import { stopWish } from './stop-wish.ts';
import { unknownState } from './unknown-state.ts';
import { handBack, reasonOf, withinLimits } from './within-limits.ts';
import type { Work } from './work.ts';

/** Another change may be ending, or its lost worker's Lease running out. */
const LOCK_WAIT_MS = 2 * MINUTE_MS;
const LOCK_POLL_MS = 5 * SECOND_MS;
/** An approval of the last minute still has its turn in the queue. */
const BEGIN_GRACE_MS = 15 * MINUTE_MS;
/** The plan is made again, with the Lease held. */
const RECHECK_LIMIT_MS = 5 * MINUTE_MS;
const GOODBYE_MS = 10 * SECOND_MS;

type Applying = Work<ChangeJob> & {
  readonly plan: Plan;
  readonly context: JobContext;
  readonly ports: ChangePorts;
  readonly log: Log;
};

/**
 * Does what was approved, with the cluster's Lease: makes the plan again, goes on only when it is the same, and then
 * has the job converge. An attempt that finds the change begun goes on with it: there is no way to ask anew in the
 * middle.
 */
export async function applyChange(deps: ChangeDeps, work: Work<ChangeJob>): Promise<Processed> {
  const { run, attempt } = work;
  const plan = Plan.parse(run.plan?.plan);
  const { log } = deps;
  const stop = shutdownOf(work.aborted);
  try {
    const context = await jobContext(deps, run, { signal: stop.signal, log });
    const ports = await deps.changes.openPorts(context.cluster, { run: run.request.run, attempt: attempt.number });
    try {
      return await withLease(deps, { ...work, plan, context, ports, log });
    } finally {
      await letGo(ports, log);
    }
  } catch (thrown) {
    return await failedBefore(deps, work, thrown);
  } finally {
    stop.release();
  }
}

/**
 * Only a shutdown interrupts a change. A person's wish is honoured at safe points; a lost queue lock means that the
 * store is away or another worker has begun, and the Lease and our next append tell which.
 */
function shutdownOf(aborted: AbortSignal): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const onAbort = (): void => {
    if (reasonOf(aborted).type === 'shutdown') controller.abort(aborted.reason);
  };
  if (aborted.aborted) onAbort();
  aborted.addEventListener('abort', onAbort, { once: true });
  return { signal: controller.signal, release: () => aborted.removeEventListener('abort', onAbort) };
}

/** Before the first write a failure is a failure; afterwards nobody can know. */
async function failedBefore(deps: ChangeDeps, { run, attempt, aborted }: Work<ChangeJob>, thrown: unknown) {
  if (thrown instanceof OpsError && (thrown.code === 'Superseded' || thrown.blame === 'store')) throw thrown;
  if (aborted.aborted && reasonOf(aborted).type === 'shutdown') return handBack(deps, attempt);
  deps.log.warn({ err: thrown, run: run.request.run }, 'change did not finish');
  const error = toOpsError(thrown);
  if (attempt.known().applying) return attempt.end(unknownState(attempt.known(), error.message, deps.clock.now()));
  const nextStep = error.nextStep === undefined ? {} : { nextStep: error.nextStep.slice(0, 400) };
  return attempt.end({ type: 'failed', code: error.code, message: error.message.slice(0, 1_000), ...nextStep });
}

async function letGo({ lease, close }: ChangePorts, log: Log): Promise<void> {
  const released = lease.release(AbortSignal.timeout(GOODBYE_MS));
  await released.catch((thrown: unknown) => log.warn({ err: thrown }, 'lease not released: it runs out by itself'));
  await close();
}

async function withLease(deps: ChangeDeps, applying: Applying): Promise<Processed> {
  const { attempt } = applying;
  const refusal = await takeLease(deps, applying);
  if (refusal !== undefined) return attempt.end(refusal);
  if (!applying.run.applying) {
    // Planning takes minutes on big clusters: whoever froze it meanwhile was told that nothing begins.
    const ended = (await notNow(deps, applying)) ?? (await recheck(deps, applying)) ?? (await notNow(deps, applying));
    if (ended !== undefined) return ended;
    const digest = applying.run.approvedDigest ?? '';
    await attempt.append({ type: 'applying', at: now(deps), attempt: attempt.number, digest });
  }
  return apply(deps, applying);
}

/** Waits a little for the change before this one, and says who that is. Answers how the run ends if it may not go on. */
async function takeLease(deps: ChangeDeps, applying: Applying): Promise<Outcome | undefined> {
  const { attempt, context } = applying;
  const untilMs = deps.clock.now().getTime() + LOCK_WAIT_MS;
  for (let round = 0; ; round += 1) {
    const locked = await tryLease(applying);
    if (locked === undefined) {
      if (round > 0) await attempt.progress({ type: 'step-ended', step: 'lock', result: 'ok' });
      return undefined;
    }
    const title = `Wait: ${locked.message}`.slice(0, 140);
    if (round === 0) await attempt.progress({ type: 'step-started', step: 'lock', title });
    const stopped = await cancelledMeanwhile(deps, applying);
    if (stopped) return stopped;
    if (deps.clock.now().getTime() >= untilMs) return lockedOut(applying, locked, deps.clock.now());
    await deps.clock.sleep(LOCK_POLL_MS, context.signal);
  }
}

/** Who has it, undefined when it is ours. */
async function tryLease({ ports, context }: Applying): Promise<OpsError | undefined> {
  try {
    await ports.lease.acquire(context.signal);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof OpsError && thrown.code === 'Locked') return thrown;
    throw thrown;
  }
}

async function cancelledMeanwhile(deps: ChangeDeps, { run }: Applying): Promise<Outcome | undefined> {
  if (run.applying) return undefined;
  const { cancel } = await loadRun(deps.state.runs, run.request.run);
  return cancel && { type: 'cancelled', by: cancel.by };
}

function lockedOut({ run }: Applying, { message, nextStep }: OpsError, at: Date): Outcome {
  if (run.applying) return unknownState(run, message, at);
  return { type: 'refused', reason: message, ...(nextStep === undefined ? {} : { nextStep }) };
}

/** Ends what was approved for another time; undefined when it may begin. @throws OpsError StoreUnavailable */
async function notNow(deps: ChangeDeps, { run, attempt }: Applying): Promise<Processed | undefined> {
  const { cluster } = run.request;
  const frozen = await freezeOf(deps.state.blobs, cluster);
  if (frozen) return attempt.end({ type: 'refused', reason: frozenWords(cluster, frozen) });
  const late = tooLate(deps, run);
  if (late === undefined) return undefined;
  return attempt.end({ type: 'refused', reason: late, nextStep: `ask again: ${run.request.text}`.slice(0, 400) });
}

/** People agreed to a time as well: a queue or a worker that was down must not move a change into the working day. */
function tooLate({ clock, changes }: ChangeDeps, { request, plan, votes }: Run): string | undefined {
  const now = clock.now();
  if (plan !== undefined && now.getTime() > Date.parse(plan.expiresAt) + BEGIN_GRACE_MS)
    return `no worker began it in time: the approval was for a change before ${plan.expiresAt.slice(0, 16)} UTC`;
  const rule = ruleFor(changes.policy(), { ...request, risk: 'change' });
  if (rule === undefined) return 'no policy allows it any more';
  const isEmergency = votes.some(({ breakGlass }) => breakGlass === true);
  if (isEmergency || rule.windows === undefined || isOpen(rule.windows, now)) return undefined;
  return `the maintenance window of ${request.cluster} closed before it could begin`;
}

/** What the run ends or waits with when the world is not as it was approved; undefined when it is. */
async function recheck(deps: ChangeDeps, applying: Applying): Promise<Processed | undefined> {
  const { run, attempt, job, aborted, context, ports } = applying;
  await attempt.progress({ type: 'step-started', step: 'world', title: 'World unchanged since approval' });
  const found: { same?: true } = {};
  const limits = { run, attempt, aborted, deadlineMs: RECHECK_LIMIT_MS, cleansUp: false };
  const processed = await withinLimits(deps, limits, async ({ signal, log }) => {
    const planning = job.plan(run.request.args, { ...context, signal, log, helm: ports.helm });
    // What planning says of itself was said when it was planned; that it is asked to stop is still noticed.
    const again = await drain(planning, async () => {
      signal.throwIfAborted();
      if (attempt.cancelledBy()) throw new Error('cancelled');
    });
    if (again.type === 'refused') return attempt.end(refused(again));
    if (digestOf(again.plan) !== run.approvedDigest) return askAgain(deps, applying, again);
    await stoppable(attempt, signal)({ type: 'step-ended', step: 'world', result: 'ok' });
    found.same = true;
    return { type: 'done' };
  });
  return found.same === true ? undefined : processed;
}

/** The votes were about another world. */
async function askAgain(
  deps: ChangeDeps,
  { run, attempt, plan }: Applying,
  again: Extract<Planned, { type: 'plan' }>,
): Promise<Processed> {
  const changed = changedSince(plan, again.plan).map((line) => line.slice(0, 300));
  await attempt.append({ type: 'voided', at: now(deps), attempt: attempt.number, changed: changed.slice(0, 20) });
  return propose(deps, { run, attempt }, again);
}

async function apply(deps: ChangeDeps, applying: Applying): Promise<Processed> {
  const { run, job, attempt, plan, context, ports, log } = applying;
  const record = createPatientRecord(deps, attempt, context.signal);
  const change: ChangeContext = {
    ...context,
    helm: ports.helm,
    write: ports.write,
    run: run.request.run,
    attempt: attempt.number,
    resumed: run.applying !== undefined,
    by: run.request.by.user,
    approvedBy: run.plan === undefined ? [] : approversOf(run.plan, run.request.by.user, run.votes),
    ...stopWish({ clock: deps.clock, deadlineMs: job.deadlineMs, isAsked: isAskedToStop(deps, applying) }),
  };
  const { outcome, data } = await drain(job.apply(plan, change), record.take);
  const file = resultFile(data);
  if (file) await record.take({ type: 'made', artifact: file });
  else log.warn({ command: job.name }, 'result is too large to be kept');
  return record.end(named(outcome, attempt.known()));
}

/** The job knows that somebody wants it to stop, not who that is. */
function named(outcome: Outcome, { cancel }: Run): Outcome {
  return outcome.type === 'cancelled' && cancel !== undefined ? { ...outcome, by: cancel.by } : outcome;
}

function isAskedToStop(deps: ChangeDeps, { run, attempt, aborted }: Applying): () => Promise<boolean> {
  return async () => {
    if (attempt.cancelledBy() !== undefined || (aborted.aborted && reasonOf(aborted).type === 'person')) return true;
    // Without the store nobody can have asked.
    const current = await loadRun(deps.state.runs, run.request.run).catch(() => undefined);
    return current?.cancel !== undefined;
  };
}
