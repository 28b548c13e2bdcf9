import type { JobContext } from '../../src/core/job.ts';

/** Gives `read` a signal that ends the reading, not the run, when `budgetMs` are used up. */
export async function withinBudget<Value>(
  { clock, signal }: Pick<JobContext, 'clock' | 'signal'>,
  budgetMs: number,
  read: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const budget = new AbortController();
  const done = new AbortController();
  const timer = clock.sleep(budgetMs, AbortSignal.any([signal, done.signal])).then(
    () => budget.abort(new Error('the time for reading is up')),
    () => undefined,
  );
  try {
    return await read(AbortSignal.any([signal, budget.signal]));
  } finally {
    done.abort();
    await timer;
    // Parallel parts of a reading that failed as a whole have nobody left to read for.
    budget.abort(new Error('the reading is over'));
  }
}
