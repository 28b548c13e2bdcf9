import type { Progress } from '../../src/core/job.ts';

export type Tell = (progress: Progress) => void;

/**
 * Runs `work`, which tells its progress from any number of parallel branches, and yields what it told in order. While
 * the consumer is busy, later counts of a step replace earlier ones, so progress never queues up behind a slow store.
 * Rejects as `work` does, after yielding what was told before.
 */
export async function* withProgress<Result>(
  work: (tell: Tell) => Promise<Result>,
): AsyncGenerator<Progress, Result, void> {
  let pending: Progress[] = [];
  let wake: () => void = () => undefined;
  const tell: Tell = (progress) => {
    pending = [...pending.filter((earlier) => !replaces(progress, earlier)), progress];
    wake();
  };
  let settled = false;
  const result = work(tell).finally(() => {
    settled = true;
    wake();
  });
  // The rejection is raised by the await below; a consumer that leaves early must not leave it unhandled.
  result.catch(() => undefined);
  for (;;) {
    const ready = pending;
    pending = [];
    for (const progress of ready) yield progress;
    if (pending.length > 0) continue;
    // `settled` is set from another turn of the event loop, which the type checker cannot see.
    // oxlint-disable-next-line typescript/no-unnecessary-condition
    if (settled) return result;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

function replaces(later: Progress, earlier: Progress): boolean {
  return later.type === 'counted' && earlier.type === 'counted' && later.step === earlier.step;
}
