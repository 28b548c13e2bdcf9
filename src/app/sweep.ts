import { type Clock, DAY_MS, MINUTE_MS, SECOND_MS } from '../core/clock.ts';
import { OpsError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { Log, Queues, State } from '../core/ports/ports.ts';
import { remindOf, settle } from './execute/settle.ts';
import { laneOf, wantsWorker } from './lanes.ts';

export type SweepDeps = {
  readonly state: State;
  readonly queues: Queues;
  readonly clock: Clock;
  readonly log: Log;
  readonly keepMs: number;
};

export const SWEEP_EVERY_MS = 30 * SECOND_MS;
const RUNS_PER_SWEEP = 500;

/**
 * Appending an event and queueing its work are two writes, and a process can die between them. This derives from the
 * runs that changed lately what must be queued, and adds it again; adding twice is harmless.
 */
export async function sweep(deps: SweepDeps, lookBackMs: number): Promise<void> {
  const changedSince = new Date(deps.clock.now().getTime() - lookBackMs);
  const recent = await deps.state.runs.recent({ limit: RUNS_PER_SWEEP, changedSince });
  for (const { run } of recent) {
    // One run that cannot be read must not keep the others from their work.
    await requeue(deps, run).catch((thrown: unknown) => {
      if (!(thrown instanceof OpsError)) deps.log.error({ err: thrown, run }, 'run could not be swept');
      else if (thrown.code !== 'UnknownRun') throw thrown;
    });
  }
  await deps.state.runs.prune(new Date(deps.clock.now().getTime() - deps.keepMs), RUNS_PER_SWEEP);
}

async function requeue(deps: SweepDeps, id: RunId): Promise<void> {
  // A vote may be on record without what follows from it, and a time may have run out with nobody there to see.
  const run = await settle(deps, id);
  if (wantsWorker(run)) await deps.queues.add(laneOf(run), id);
  await remindOf(deps, run, deps.clock.now());
  await deps.queues.add({ type: 'render' }, id);
}

/** Once over the last day on start, then the last minutes every 30 s. Ends with the signal. */
export async function keepSweeping(deps: SweepDeps, signal: AbortSignal): Promise<void> {
  for (let lookBackMs = DAY_MS; !signal.aborted; lookBackMs = 5 * MINUTE_MS) {
    try {
      await sweep(deps, lookBackMs);
    } catch (thrown) {
      // The store may be away for a while; the next round makes up for it.
      deps.log.warn({ err: thrown }, 'sweep failed');
    }
    await deps.clock.sleep(SWEEP_EVERY_MS, signal).catch(() => undefined);
  }
}
