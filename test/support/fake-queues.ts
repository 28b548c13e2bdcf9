import type { RunId } from '../../src/core/ids.ts';
import type { Lane, Queues } from '../../src/core/ports/ports.ts';

export type FakeQueues = Queues & {
  /** Every add, in order: `read.prod run-…`, `render run-…`. */
  readonly added: readonly string[];
  /** Runs whose worker was told to stop. */
  readonly cancelled: readonly RunId[];
  /** From now on every call rejects with `error`; undefined mends it. */
  readonly break: (error: Error | undefined) => void;
};

/** The producing side of the queue, which remembers. Nothing is processed. */
export function createFakeQueues(): FakeQueues {
  const added: string[] = [];
  const cancelled: RunId[] = [];
  let broken: Error | undefined;
  const works = (): void => {
    if (broken) throw broken;
  };
  return {
    added,
    cancelled,
    break: (error) => {
      broken = error;
    },
    add: async (lane, run) => {
      works();
      added.push(`${nameOf(lane)} ${run}`);
    },
    remind: async (run, at, key) => {
      works();
      added.push(`deadline ${run} ${at.toISOString()} ${key}`);
    },
    hurry: async (run) => {
      works();
      added.push(`hurry ${run}`);
    },
    pushCancel: async (run) => {
      works();
      cancelled.push(run);
    },
    depth: async (lane) => ({ waiting: added.filter((each) => each.startsWith(`${nameOf(lane)} `)).length, active: 0 }),
  };
}

function nameOf(lane: Lane): string {
  return 'cluster' in lane ? `${lane.type}.${lane.cluster}` : lane.type;
}
