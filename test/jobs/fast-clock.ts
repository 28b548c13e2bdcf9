import type { Clock } from '../../src/core/clock.ts';
import { systemClock } from '../support/rehearsal-cluster.ts';

/** Time that runs `factor` times as fast as the machine's, from now on. */
export function fastClock(factor: number): Clock {
  const startedMs = Date.now();
  return {
    now: () => new Date(startedMs + (Date.now() - startedMs) * factor),
    sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
  };
}
