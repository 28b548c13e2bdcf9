import { DelayedError, UnrecoverableError, WaitingError } from 'bullmq';
import { OpsError } from '../core/errors.ts';
import { RunId } from '../core/ids.ts';
import type { CancelReason, Log, Processed, Processor } from '../core/ports.ts';
import { quietError } from '../core/quiet-error.ts';
import type { BullProcessor, QueuedJob } from './bull.ts';

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;

export type ProcessingDeps = {
  readonly processor: Processor;
  /** Aborts when this process begins to shut down: processors hand back. */
  readonly shutdown: AbortSignal;
  /** Aborts when the time for that is over: nobody waits for the processors any more. */
  readonly abandon: AbortSignal;
  readonly log: Log;
};

/** A processor of ours as BullMQ wants it: what it says becomes a move of the job, and no error uses the job up. */
export function toBullProcessor({ processor, shutdown, abandon, log }: ProcessingDeps): BullProcessor {
  // How often each run has thrown in a row. In this process only: after a crash the backoff begins anew.
  const failures = new Map<RunId, number>();

  async function processed(run: RunId, signal: AbortSignal): Promise<Processed> {
    try {
      const said = await processor(run, signal);
      failures.delete(run);
      return said;
    } catch (thrown: unknown) {
      if (isReason(signal.reason, 'lock-lost')) return { type: 'done' };
      if (isReason(signal.reason, 'shutdown')) return { type: 'returned' };
      const count = failures.get(run) ?? 0;
      failures.set(run, count + 1);
      const afterMs = retryAfterMs(count, thrown);
      log.warn({ err: loggable(thrown), run, failures: count + 1, afterMs }, 'processor failed, will try again');
      return { type: 'later', afterMs };
    }
  }

  // All three parameters must be declared: BullMQ counts them before it makes a signal.
  return async (job: QueuedJob, token: string | undefined, cancel: AbortSignal | undefined): Promise<void> => {
    // A fetch that was under way when the shutdown began may still bring a job: somebody else's.
    if (shutdown.aborted) return move(job, token, { type: 'returned' });
    const run = runOf(job);
    const aborts = createAborts(cancel, shutdown);
    const abandoned = rejectOn(abandon);
    try {
      await move(job, token, await Promise.race([processed(run, aborts.signal), abandoned.rejection]));
    } finally {
      aborts.release();
      abandoned.release();
    }
  };
}

function runOf(job: QueuedJob): RunId {
  const run = RunId.safeParse(job.data.run);
  if (!run.success) throw new UnrecoverableError('a job that names no run');
  return run.data;
}

async function move(job: QueuedJob, token: string | undefined, said: Processed): Promise<void> {
  switch (said.type) {
    case 'done':
      return;
    case 'later':
      await job.moveToDelayed(Date.now() + Math.max(0, said.afterMs), token);
      throw new DelayedError();
    case 'returned':
      await job.moveToWait(token);
      throw new WaitingError();
    default:
      throw new Error(`unhandled ${JSON.stringify(said satisfies never)}`);
  }
}

/** BullMQ aborts with a string; our processors are promised a CancelReason. */
function createAborts(cancel: AbortSignal | undefined, shutdown: AbortSignal) {
  const controller = new AbortController();
  const onCancel = (): void => controller.abort(toCancelReason(cancel?.reason));
  const onShutdown = (): void => controller.abort({ type: 'shutdown' } satisfies CancelReason);
  cancel?.addEventListener('abort', onCancel, { once: true });
  shutdown.addEventListener('abort', onShutdown, { once: true });
  const release = (): void => {
    // Not AbortSignal.any: on Node 20 it leaks under a signal that lives as long as the process.
    cancel?.removeEventListener('abort', onCancel);
    shutdown.removeEventListener('abort', onShutdown);
  };
  return { signal: controller.signal, release };
}

/** Lets go of the job without touching it: its lock runs out, and by then this process is gone. */
function rejectOn(abandon: AbortSignal) {
  let onAbandon = (): void => undefined;
  const rejection = new Promise<never>((_, reject) => {
    onAbandon = () => reject(new WaitingError());
    abandon.addEventListener('abort', onAbandon, { once: true });
  });
  return { rejection, release: () => abandon.removeEventListener('abort', onAbandon) };
}

function toCancelReason(type: unknown): CancelReason {
  // A reason nobody gave comes from BullMQ itself, when it lets go of a job.
  return type === 'person' ? { type } : { type: 'lock-lost' };
}

function isReason(reason: unknown, type: CancelReason['type']): boolean {
  return typeof reason === 'object' && reason !== null && 'type' in reason && reason.type === type;
}

/** Doubles from half a second to 30 s, each a little shorter by chance; a wait that the other side asked for wins. */
function retryAfterMs(failures: number, thrown: unknown): number {
  const asked = thrown instanceof OpsError ? (thrown.retryAfterMs ?? 0) : 0;
  const backoff = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
  return Math.max(asked, Math.round(backoff * (0.8 + 0.2 * Math.random())));
}

/** Ours are safe to log; a driver's may carry the payload. */
function loggable(thrown: unknown): Error {
  return thrown instanceof OpsError ? thrown : quietError(thrown);
}
