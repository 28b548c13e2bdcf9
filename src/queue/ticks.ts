import type { Rhythm } from '../core/policy/schedule.ts';
import type { Ticking, Ticks } from '../core/ports/ports.ts';
import type { LaneQueue, Scheduler } from './bull.ts';
import { answered } from './queue-errors.ts';

type Use = <T>(work: (queue: LaneQueue) => Promise<T>) => Promise<T>;

/** Schedules live in the store as BullMQ's job schedulers: any number of replicas, and one tick each time. */
export function createTicks(use: Use): Ticks {
  return {
    put: (all) => answered('take the schedules', () => use((queue) => converge(queue, all))),
    next: () =>
      answered('list the schedules', async () => {
        const known = await use((queue) => queue.schedulers());
        return new Map(known.flatMap(({ key, next }) => (next === undefined ? [] : [[key, new Date(next)] as const])));
      }),
  };
}

async function converge(queue: LaneQueue, all: readonly Ticking[]): Promise<void> {
  const known = new Map((await queue.schedulers()).map((each) => [each.key, each]));
  for (const { name, rhythm } of all) {
    // Put again, a scheduler would begin anew: one more tick with every restart, and the time of the next one lost.
    if (!isSame(known.get(name), rhythm)) await queue.putScheduler(name, rhythm);
    known.delete(name);
  }
  for (const name of known.keys()) await queue.dropScheduler(name);
}

function isSame(known: Scheduler | undefined, rhythm: Rhythm): boolean {
  if (known === undefined) return false;
  if ('everyMs' in rhythm) return Number(known.every) === rhythm.everyMs && !known.pattern;
  return known.pattern === rhythm.cron && known.tz === rhythm.timeZone;
}
