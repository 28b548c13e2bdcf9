import { setMaxListeners } from 'node:events';
import { within } from '../core/deadline.ts';
import { RunId } from '../core/ids.ts';
import type { Consumers, Consuming, Lane, Log, QueueConnection } from '../core/ports/ports.ts';
import { quietError } from '../core/quiet-error.ts';
import { type Bull, type LaneWorker, openBull, type QueuedJob, type Timing } from './bull.ts';
import { runTask, type Task, tickTask, toBullProcessor } from './processing.ts';

export type ConsumerOptions = {
  readonly log: Log;
  /** Default: lock 15 s, stalled check every 5 s. Shorter in tests. */
  readonly timing?: Timing;
};

const GOODBYE_MS = 1_000;
const TIMING: Timing = { lockMs: 15_000, stalledCheckMs: 5_000 };

/**
 * The consuming side. Waits while the store is away. The lanes `change` and `schedule` run one job at a time over all processes: the
 * limit is kept in the store, and set by whoever consumes.
 */
export async function createConsumers(connection: QueueConnection, options: ConsumerOptions): Promise<Consumers> {
  const { log, timing = TIMING } = options;
  const bull = await openBull(connection, 'machine');
  const workers: LaneWorker[] = [];
  const [shutdown, abandon] = [new AbortController(), new AbortController()];
  // Every running job listens.
  setMaxListeners(0, shutdown.signal, abandon.signal);
  const onError = (thrown: Error): void => {
    log[shutdown.signal.aborted ? 'debug' : 'warn']({ err: quietError(thrown) }, 'queue error');
  };
  const relay = bull.openRelay(onError);
  await relay.subscribe('cancel.*', ({ topic }) => {
    const run = RunId.safeParse(topic.slice('cancel.'.length));
    if (run.success) for (const worker of workers) worker.cancelJob(run.data, 'person');
  });

  async function consume(lane: Lane, concurrency: number, taskOf: (job: QueuedJob) => Task): Promise<Consuming> {
    if (lane.type === 'change' || lane.type === 'schedule') await limitToOne(bull, lane, onError);
    const processor = toBullProcessor({ taskOf, shutdown: shutdown.signal, abandon: abandon.signal, log });
    const worker = await bull.openWorker(lane, { concurrency, timing, processor, onError });
    workers.push(worker);
    return {
      release: async () => {
        await worker.close();
        // Not before: a shutdown in between has to reach what is still under way.
        workers.splice(workers.indexOf(worker), 1);
      },
    };
  }

  return {
    consume: (lane, concurrency, processor) => consume(lane, concurrency, runTask(processor)),
    consumeTicks: (processor) => consume({ type: 'schedule' }, 1, tickTask(processor)),
    close: async (drainMs) => {
      const closed = Promise.all(workers.map((worker) => worker.close()));
      shutdown.abort();
      await within(drainMs, closed).catch(() => {
        log.warn({ drainMs }, 'jobs did not hand back in time: others take them over when their locks expire');
        abandon.abort();
      });
      // Without the store these would wait for its return; closing the store ends their clients.
      await within(
        GOODBYE_MS,
        Promise.all([closed, relay.close()]).then(() => bull.close()),
      ).catch(onError);
    },
  };
}

async function limitToOne(
  bull: Bull,
  lane: Parameters<Bull['openQueue']>[0],
  onError: (error: Error) => void,
): Promise<void> {
  const queue = bull.openQueue(lane, onError);
  await queue.setGlobalConcurrency(1);
  await queue.close();
}
