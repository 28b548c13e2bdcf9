import { type Clock, SECOND_MS } from '../core/clock.ts';
import { OpsError, toOpsError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { Job, JobResult, JobRun, PlainJob } from '../core/job.ts';
import type { Outcome } from '../core/outcome.ts';
import type { CancelReason, ClusterPort, Log, Processed, Queues, State } from '../core/ports.ts';
import { type Run, WORKER_LOST } from '../core/run.ts';
import { type Attempt, createAttempt, now, resultFile } from './attempt.ts';
import { loadRun } from './record.ts';

export type ExecuteDeps = {
  readonly state: State;
  readonly queues: Queues;
  readonly jobs: readonly Job[];
  readonly openCluster: (name: Run['request']['cluster']) => Promise<ClusterPort>;
  readonly clock: Clock;
  readonly log: Log;
  /** Host and process id: named in the thread when this worker is lost. */
  readonly worker: string;
};

/** So many workers may be lost with one run before it is given up. */
const MAX_ATTEMPTS = 3;
/** A job that only reads gets this long to notice that it should stop; then nobody waits for it any more. */
const STOP_GRACE_MS = 5 * SECOND_MS;

/**
 * One attempt at a run. Safe to call twice for the same run: a second worker takes the attempt over, and the first one
 * finds its next event refused (Superseded) and stops.
 * @throws OpsError StoreUnavailable: the queue tries the whole attempt again.
 */
export async function execute(deps: ExecuteDeps, id: RunId, aborted: AbortSignal): Promise<Processed> {
  try {
    return await begin(deps, await loadRun(deps.state.runs, id), aborted);
  } catch (thrown) {
    if (!(thrown instanceof OpsError)) throw thrown;
    // Another worker writes the next event, or the run was removed: in both cases there is nothing left to do here.
    if (thrown.code !== 'Superseded' && thrown.code !== 'UnknownRun') throw thrown;
    deps.log.info({ run: id, why: thrown.message }, 'attempt given up');
    return { type: 'done' };
  }
}

async function begin(deps: ExecuteDeps, run: Run, aborted: AbortSignal): Promise<Processed> {
  if (run.now.state === 'ended' || run.now.state === 'awaiting-approval') return { type: 'done' };
  const attempt = createAttempt(deps, run);
  if (run.cancel) return attempt.end({ type: 'cancelled', by: run.cancel.by });
  if (lostWorkers(run) >= MAX_ATTEMPTS) {
    const message = `${lostWorkers(run)} workers were lost while they ran it`;
    return attempt.end({
      type: 'failed',
      code: 'Bug',
      message,
      nextStep: 'look at the logs of the workers, then run it again',
    });
  }
  const job = deps.jobs.find((each) => each.name === run.request.command);
  if (!job) {
    const message = `this worker does not know the command "${run.request.command}"`;
    return attempt.end({
      type: 'failed',
      code: 'Bug',
      message,
      nextStep: 'bot and worker run different versions: update the older one',
    });
  }
  if (job.type === 'change') return attempt.end({ type: 'refused', reason: 'changes cannot be planned yet' });
  await attempt.append({ type: 'started', at: now(deps), attempt: attempt.number, worker: deps.worker });
  return work(deps, { run, job, attempt, aborted });
}

/** A run that is handed back at every shutdown is unlucky, not broken: only those that were lost count. */
function lostWorkers(run: Run): number {
  return run.losses.filter((loss) => loss.why === WORKER_LOST).length + (run.now.state === 'running' ? 1 : 0);
}

type Work = { readonly run: Run; readonly job: PlainJob; readonly attempt: Attempt; readonly aborted: AbortSignal };

async function work(deps: ExecuteDeps, { run, job, attempt, aborted }: Work): Promise<Processed> {
  const deadline = AbortSignal.timeout(job.deadlineMs);
  const signal = AbortSignal.any([aborted, deadline]);
  const log = withRun(deps.log, run.request.run);
  try {
    const running = runJob({ ...deps, log }, { run, job, attempt, aborted: signal });
    // What a change has begun it must end or undo itself; a reading that hangs is left behind.
    const result = await (job.risk === 'read' ? unlessStuck(running, signal, deps.clock) : running);
    const file = resultFile(result.data);
    if (file) await attempt.keep(file);
    else log.warn({ command: job.name }, 'result is too large to be kept');
    return await attempt.end(result.outcome);
  } catch (thrown) {
    if (thrown instanceof OpsError && thrown.code === 'Superseded') throw thrown;
    if (aborted.aborted) return endEarly(deps, { attempt, run, reason: reasonOf(aborted) });
    log.warn({ err: thrown, command: job.name }, 'job did not finish');
    return attempt.end(endingOf(thrown, { job, attempt, deadline }));
  }
}

/** @throws OpsError of the store: nothing can be recorded then, and the queue tries the whole attempt again. */
function endingOf(
  thrown: unknown,
  { job, attempt, deadline }: Pick<Work, 'job' | 'attempt'> & { readonly deadline: AbortSignal },
): Outcome {
  // The message to this worker was missed: its own append found the wish on record.
  const by = attempt.cancelledBy();
  if (by) return { type: 'cancelled', by };
  if (deadline.aborted) return timedOut(job, attempt);
  const error = toOpsError(thrown);
  if (error.blame === 'store') throw error;
  return failed(error);
}

async function runJob(deps: ExecuteDeps, { run, job, attempt, aborted: signal }: Work): Promise<JobResult> {
  const cluster = await deps.openCluster(run.request.cluster);
  const progress = job.run(run.request.args, { cluster, clock: deps.clock, log: deps.log, signal });
  return drain(progress, attempt, signal);
}

async function drain(progress: JobRun, attempt: Attempt, signal: AbortSignal): Promise<JobResult> {
  for (;;) {
    const next = await progress.next();
    if (next.done) return next.value;
    try {
      signal.throwIfAborted();
      if (next.value.type === 'made') await attempt.keep(next.value.artifact);
      else await attempt.progress(next.value);
      if (attempt.cancelledBy()) throw new Error('cancelled');
    } catch (thrown) {
      // Thrown inside the job, at its `yield`: its `finally` blocks run, and then it comes back to us.
      await progress.throw(thrown);
      throw thrown;
    }
  }
}

/** What `work` answers; or a rejection, `STOP_GRACE_MS` after the signal, while the work goes on unheard. */
async function unlessStuck<T>(work: Promise<T>, signal: AbortSignal, clock: Clock): Promise<T> {
  const settled = new AbortController();
  const stuck = new Promise<never>((_, reject) => {
    const begin = (): void => {
      clock.sleep(STOP_GRACE_MS, settled.signal).then(
        () => reject(new Error('the job did not stop')),
        () => undefined,
      );
    };
    if (signal.aborted) begin();
    else signal.addEventListener('abort', begin, { once: true, signal: settled.signal });
  });
  try {
    return await Promise.race([work, stuck]);
  } finally {
    settled.abort();
  }
}

type Early = { readonly run: Run; readonly attempt: Attempt; readonly reason: CancelReason };

async function endEarly(deps: ExecuteDeps, { run, attempt, reason }: Early): Promise<Processed> {
  switch (reason.type) {
    case 'lock-lost':
      // Another worker has the job by now: it writes the next event, not we.
      return { type: 'done' };
    case 'shutdown':
      await attempt.append({
        type: 'handed-back',
        at: now(deps),
        attempt: attempt.number,
        why: 'the worker was shut down',
      });
      return { type: 'returned' };
    case 'person': {
      const { cancel } = await loadRun(deps.state.runs, run.request.run);
      return attempt.end({ type: 'cancelled', by: cancel?.by ?? run.request.by });
    }
    default:
      throw new Error(`unhandled ${JSON.stringify(reason satisfies never)}`);
  }
}

function reasonOf(signal: AbortSignal): CancelReason {
  const reason: unknown = signal.reason;
  const known: readonly CancelReason[] = [{ type: 'person' }, { type: 'shutdown' }, { type: 'lock-lost' }];
  const type = typeof reason === 'object' && reason !== null && 'type' in reason ? reason.type : undefined;
  return known.find((each) => each.type === type) ?? { type: 'lock-lost' };
}

function timedOut(job: PlainJob, attempt: Attempt): Outcome {
  const lastStep = attempt.lastStep();
  return { type: 'timed-out', afterMs: job.deadlineMs, ...(lastStep === undefined ? {} : { lastStep }) };
}

function failed(error: OpsError): Outcome {
  const nextStep = error.nextStep === undefined ? {} : { nextStep: error.nextStep.slice(0, 400) };
  return { type: 'failed', code: error.code, message: error.message.slice(0, 1_000), ...nextStep };
}

function withRun(log: Log, run: RunId): Log {
  return {
    debug: (fields, message) => log.debug({ run, ...fields }, message),
    info: (fields, message) => log.info({ run, ...fields }, message),
    warn: (fields, message) => log.warn({ run, ...fields }, message),
    error: (fields, message) => log.error({ run, ...fields }, message),
  };
}
