import type { Progress } from '../../core/job.ts';
import type { Attempt } from './attempt.ts';

/**
 * Runs a job to its end, recording what it yields. Whatever goes wrong with that is thrown inside the job, at its
 * `yield`: its `finally` blocks run, and then it comes back to us.
 */
export async function drain<T>(
  progress: AsyncGenerator<Progress, T, void>,
  record: (yielded: Progress) => Promise<void>,
): Promise<T> {
  for (;;) {
    const next = await progress.next();
    if (next.done) return next.value;
    try {
      await record(next.value);
    } catch (thrown) {
      await progress.throw(thrown);
      throw thrown;
    }
  }
}

/** Recording for work that may be stopped at any moment: by the signal, or by a wish that our own append found. */
export function stoppable(attempt: Attempt, signal: AbortSignal): (yielded: Progress) => Promise<void> {
  return async (yielded) => {
    signal.throwIfAborted();
    await keepProgress(attempt, yielded);
    if (attempt.cancelledBy()) throw new Error('cancelled');
  };
}

export async function keepProgress(attempt: Attempt, yielded: Progress, at?: string): Promise<void> {
  if (yielded.type === 'made') await attempt.keep(yielded.artifact);
  else await attempt.progress(yielded, at);
}
