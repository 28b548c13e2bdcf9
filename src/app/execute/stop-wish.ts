import { type Clock, HOUR_MS, MINUTE_MS } from '../../core/clock.ts';
import type { ChangeContext } from '../../core/job.ts';

export type StopWish = Required<Pick<ChangeContext, 'stopWanted' | 'stoppedBecause'>>;

export type Wishing = {
  readonly clock: Clock;
  /** From now on. */
  readonly deadlineMs: number;
  /** Whether a person wants it to stop. */
  readonly isAsked: () => Promise<boolean>;
};

/** A person's wish, or the time that the command gives itself: both are heard between steps only. */
export function stopWish({ clock, deadlineMs, isAsked }: Wishing): StopWish {
  const startedMs = clock.now().getTime();
  let isLate = false;
  return {
    stopWanted: async () => {
      if (await isAsked()) return true;
      isLate ||= clock.now().getTime() - startedMs > deadlineMs;
      return isLate;
    },
    stoppedBecause: () => (isLate ? `its own deadline of ${spanWords(deadlineMs)} passed` : undefined),
  };
}

function spanWords(ms: number): string {
  return ms % HOUR_MS === 0 ? `${ms / HOUR_MS} h` : `${Math.max(1, Math.round(ms / MINUTE_MS))} min`;
}
