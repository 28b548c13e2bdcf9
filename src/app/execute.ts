import type { Clock } from '../core/clock.ts';
import { OpsError, toOpsError } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import type { RunId } from '../core/ids.ts';
import type { Artifact, Job, JobResult, Progress } from '../core/job.ts';
import type { Outcome } from '../core/outcome.ts';
import type { CancelReason, ClusterPort, Log, Processed, Queues, State } from '../core/ports.ts';
import type { Run } from '../core/run.ts';
import { loadRun, record } from './record.ts';

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

/**
 * One attempt at a run. Safe to call twice for the same run: a second worker takes the attempt over, and the first one
 * finds its next event refused (Superseded) and stops.
 */
export async function execute(deps: ExecuteDeps, id: RunId, aborted: AbortSignal): Promise<Processed> {
  const run = await loadRun(deps.state.runs, id);
  if (run.now.state === 'ended' || run.now.state === 'awaiting-approval') return { type: 'done' };
  const attempt = createAttempt(deps, run);
  if (run.cancel) return attempt.end({ type: 'cancelled', by: run.cancel.by });
  if (run.attempt >= MAX_ATTEMPTS) {
    const message = `${run.attempt} workers were lost while they ran it`;
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
  await attempt.append({ type: 'started', at: now(deps), attempt: attempt.number, worker: deps.worker });
  return work(deps, { run, job, attempt, aborted });
}

type Work = { readonly run: Run; readonly job: Job; readonly attempt: Attempt; readonly aborted: AbortSignal };

async function work(deps: ExecuteDeps, { run, job, attempt, aborted }: Work): Promise<Processed> {
  const deadline = AbortSignal.timeout(job.deadlineMs);
  const signal = AbortSignal.any([aborted, deadline]);
  const log = withRun(deps.log, run.request.run);
  try {
    const cluster = await deps.openCluster(run.request.cluster);
    const progress = job.run(run.request.args, { cluster, clock: deps.clock, log, signal });
    const result = await drain(progress, attempt, signal);
    await attempt.keep({
      name: 'result.json',
      title: 'Result (JSON)',
      mimetype: 'application/json',
      bytes: asJson(result.data),
    });
    return await attempt.end(result.outcome);
  } catch (thrown) {
    if (thrown instanceof OpsError && thrown.code === 'Superseded') return { type: 'done' };
    if (aborted.aborted) return endEarly(deps, { run, attempt, reason: reasonOf(aborted) });
    if (deadline.aborted) return attempt.end({ type: 'timed-out', afterMs: job.deadlineMs });
    const error = toOpsError(thrown);
    // Without the store nothing can be recorded: the queue tries the whole attempt again.
    if (error.blame === 'store') throw error;
    log.warn({ err: thrown, command: job.name }, 'job failed');
    return attempt.end(failed(error));
  }
}

async function drain(
  progress: AsyncGenerator<Progress, JobResult, void>,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<JobResult> {
  for (;;) {
    signal.throwIfAborted();
    const next = await progress.next();
    if (next.done) return next.value;
    if (next.value.type === 'made') await attempt.keep(next.value.artifact);
    else await attempt.progress(next.value);
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

function failed(error: OpsError): Outcome {
  const nextStep = error.nextStep === undefined ? {} : { nextStep: error.nextStep };
  return { type: 'failed', code: error.code, message: error.message, ...nextStep };
}

type Attempt = ReturnType<typeof createAttempt>;

/** Everything an attempt writes goes through here: in order, under its own number, with a render after it. */
function createAttempt(deps: ExecuteDeps, from: Run) {
  const id = from.request.run;
  const number = from.attempt + 1;
  let run = from;

  async function append(event: RunEvent): Promise<void> {
    const recorded = await record(deps.state.runs, id, event, run);
    if (!recorded.ok) throw new OpsError('Superseded', recorded.why);
    run = recorded.run;
    await deps.queues.add({ type: 'render' }, id);
  }

  return {
    number,
    append,
    progress: (progress: Exclude<Progress, { type: 'made' }>) =>
      append({ ...progress, at: now(deps), attempt: number }),
    async keep({ bytes, ...artifact }: Artifact): Promise<void> {
      const key = `${id}/${artifact.name}`;
      await deps.state.blobs.put(key, bytes);
      await append({ type: 'artifact', at: now(deps), attempt: number, key, sizeBytes: bytes.byteLength, ...artifact });
    },
    async end(outcome: Outcome): Promise<Processed> {
      await append({ type: 'ended', at: now(deps), outcome });
      return { type: 'done' };
    },
  };
}

function asJson(data: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(data, null, 2) ?? 'null');
}

function now(deps: Pick<ExecuteDeps, 'clock'>): string {
  return deps.clock.now().toISOString();
}

function withRun(log: Log, run: RunId): Log {
  return {
    debug: (fields, message) => log.debug({ run, ...fields }, message),
    info: (fields, message) => log.info({ run, ...fields }, message),
    warn: (fields, message) => log.warn({ run, ...fields }, message),
    error: (fields, message) => log.error({ run, ...fields }, message),
  };
}
