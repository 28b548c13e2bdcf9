import type { Clock } from '../../src/core/clock.ts';
import { systemClock } from '../support/rehearsal-cluster.ts';

/** From now on time runs at another factor; sleeps that are under way keep theirs. */
export type FastClock = Clock & { readonly runAt: (factor: number) => void };

/** Time that runs `factor` times as fast as the machine's, from now on. */
export function fastClock(factor: number): FastClock {
  let now = { factor, fromMs: Date.now(), machineMs: Date.now() };
  const nowMs = (): number => now.fromMs + (Date.now() - now.machineMs) * now.factor;
  return {
    now: () => new Date(nowMs()),
    sleep: (ms, signal) => systemClock.sleep(ms / now.factor, signal),
    runAt: (next) => {
      now = { factor: next, fromMs: nowMs(), machineMs: Date.now() };
    },
  };
}
