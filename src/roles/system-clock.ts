import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';

export const systemClock: Clock = {
  now: () => new Date(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, { signal });
    } catch (thrown) {
      // Node wraps the reason; callers ask the signal, so they get the reason itself.
      signal.throwIfAborted();
      throw thrown;
    }
  },
};
