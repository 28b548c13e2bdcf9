import { setMaxListeners } from 'node:events';

/** The time ran out. Which call it was is known to whoever translates it. */
export class DeadlineExceeded extends Error {
  readonly afterMs: number;

  constructor(afterMs: number) {
    super(`no answer within ${afterMs} ms`);
    this.name = 'DeadlineExceeded';
    this.afterMs = afterMs;
  }
}

/**
 * Runs `work` for at most `ms`. Rejects with the reason of `signal` when that aborts first, with DeadlineExceeded when
 * the time is up; in both cases at once, even where `work` does not listen to the signal it was given.
 */
export async function withDeadline<T>(
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  // Not AbortSignal.any: the outer signal lives as long as a run, and would keep every request's signal reachable.
  const inner = new AbortController();
  const onAbort = (): void => inner.abort(signal.reason);
  // A run's signal has a listener per call in flight, tens of them: no leak, and no reason for Node's warning.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => inner.abort(new DeadlineExceeded(ms)), ms);
  const aborted = new Promise<never>((_, reject) => {
    inner.signal.addEventListener('abort', () => reject(inner.signal.reason), { once: true });
  });
  try {
    return await Promise.race([work(inner.signal), aborted]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
