/** Timers of the controllers: durations are those of a real cluster in ms, divided by `speed`. */
export type Pace = {
  readonly speed: number;
  /** From the deletion of a pod to its end: what runs here stops when told to. */
  readonly stopMs: number;
  /** Runs once, later; returns how to call it off. */
  readonly after: (durationMs: number, run: () => void) => () => void;
  /** No timer fires any more. */
  readonly stop: () => void;
};

const STOP_MS = 400;

export function createPace(speed: number, stopMs: number = STOP_MS): Pace {
  const timers = new Set<NodeJS.Timeout>();
  return {
    speed,
    stopMs,
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
