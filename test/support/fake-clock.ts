import type { Clock } from '../../src/core/clock.ts';

export type FakeClock = Clock & {
  readonly advance: (ms: number) => void;
  /** Resolves once at least `count` sleeps are under way. */
  readonly slept: (count: number) => Promise<void>;
};

type Sleeper = { readonly untilMs: number; readonly wake: () => void };

/** Time that stands still until a test moves it; sleepers wake when it is their time. */
export function createFakeClock(start = '2026-11-23T15:20:00.000Z'): FakeClock {
  let nowMs = Date.parse(start);
  const sleepers = new Set<Sleeper>();
  return {
    now: () => new Date(nowMs),
    advance: (ms) => {
      nowMs += ms;
      for (const sleeper of [...sleepers]) if (sleeper.untilMs <= nowMs) sleeper.wake();
    },
    slept: async (count) => {
      while (sleepers.size < count) await new Promise((resolve) => setImmediate(resolve));
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const onAbort = (): void => {
          sleepers.delete(sleeper);
          reject(signal.reason as Error);
        };
        const sleeper = {
          untilMs: nowMs + ms,
          wake: () => {
            sleepers.delete(sleeper);
            signal.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal.addEventListener('abort', onAbort, { once: true });
      }),
  };
}
