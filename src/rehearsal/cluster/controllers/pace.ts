/** Timers of the controllers: durations are those of a real cluster in ms, divided by `speed`. */
export type Pace = {
  readonly speed: number;
  /** Runs once, later; returns how to call it off. */
  readonly after: (durationMs: number, run: () => void) => () => void;
  /** No timer fires any more. */
  readonly stop: () => void;
};

export function createPace(speed: number): Pace {
  const timers = new Set<NodeJS.Timeout>();
  return {
    speed,
    after: (durationMs, run) => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        run();
      }, durationMs / speed);
      timer.unref();
      timers.add(timer);
      return () => {
        clearTimeout(timer);
        timers.delete(timer);
      };
    },
    stop: () => {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
