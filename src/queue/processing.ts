import { DelayedError, UnrecoverableError, WaitingError } from 'bullmq';
import { OpsError } from '../core/errors.ts';
import { RunId } from '../core/ids.ts';
import { ScheduleName } from '../core/policy/schedule.ts';
import type { CancelReason, Log, Processed, Processor, TickProcessor } from '../core/ports/ports.ts';
import { quietError } from '../core/quiet-error.ts';
import type { BullProcessor, QueuedJob } from './bull.ts';

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;

/** What one job asks for. `id` is the same for each delivery of the same work; `said` stands in the log. */
export type Task = {
  readonly id: string;
  readonly said: Readonly<Record<string, string>>;
  readonly perform: (signal: AbortSignal) => Promise<Processed>;
};

export type ProcessingDeps = {
  readonly taskOf: (job: QueuedJob) => Task;
  /** Aborts when this process begins to shut down: processors hand back. */
  readonly shutdown: AbortSignal;
  /** Aborts when the time for that is over: nobody waits for the processors any more. */
  readonly abandon: AbortSignal;
  readonly log: Log;
};

/** A processor of ours as BullMQ wants it: what it says becomes a move of the job, and no error uses the job up. */
export function toBullProcessor({ taskOf, shutdown, abandon, log }: ProcessingDeps): BullProcessor {
  // How often each task has thrown in a row. In this process only: after a crash the backoff begins anew.
  const failures = new Map<string, number>();

  async function processed({ id, said, perform }: Task, signal: AbortSignal): Promise<Processed> {
    try {
      const answer = await perform(signal);
      failures.delete(id);
      return answer;
    } catch (thrown: unknown) {
      if (isReason(signal.reason, 'lock-lost')) return { type: 'done' };
      if (isReason(signal.reason, 'shutdown')) return { type: 'returned' };
      const count = failures.get(id) ?? 0;
      failures.set(id, count + 1);
      const afterMs = retryAfterMs(count, thrown);
      log.warn({ err: loggable(thrown), ...said, failures: count + 1, afterMs }, 'processor failed, will try again');
      return { type: 'later', afterMs };
    }
  }

  // All three parameters must be declared: BullMQ counts them before it makes a signal.
  return async (job: QueuedJob, token: string | undefined, cancel: AbortSignal | undefined): Promise<void> => {
    // A fetch that was under way when the shutdown began may still bring a job: somebody else's.
    if (shutdown.aborted) return move(job, token, { type: 'returned' });
    const task = taskOf(job);
    const aborts = createAborts(cancel, shutdown);
    const abandoned = rejectOn(abandon);
    try {
      await move(job, token, await Promise.race([processed(task, aborts.signal), abandoned.rejection]));
    } finally {
      aborts.release();
      abandoned.release();
    }
  };
}

export function runTask(processor: Processor): (job: QueuedJob) => Task {
  return (job) => {
    const run = RunId.safeParse(job.data.run);
    if (!run.success) throw new UnrecoverableError('a job that names no run');
    return { id: run.data, said: { run: run.data }, perform: (signal) => processor(run.data, signal) };
  };
}

export function tickTask(processor: TickProcessor): (job: QueuedJob) => Task {
  return (job) => {
    const name = ScheduleName.safeParse(job.data.schedule);
    if (!name.success) throw new UnrecoverableError('a tick of no schedule');
    // `repeat:<scheduler>:<ms>` is the id BullMQ gives to a tick.
    const plannedMs = Number(/:(\d{10,})$/.exec(job.id ?? '')?.[1] ?? job.timestamp);
    const perform = (): Promise<Processed> => processor(name.data, new Date(plannedMs));
    return { id: `${name.data} ${plannedMs}`, said: { schedule: name.data }, perform };
  };
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
