import { within } from '../core/deadline.ts';
import type { RunId } from '../core/ids.ts';
import type { Lane, Log, QueueConnection, Queues, Ticks } from '../core/ports/ports.ts';
import { quietError } from '../core/quiet-error.ts';
import { type Bull, type LaneQueue, openBull, queueName } from './bull.ts';
import { answered } from './queue-errors.ts';
import { createTicks } from './ticks.ts';

const GOODBYE_MS = 1_000;

export type OpenQueues = Queues & { readonly ticks: Ticks; readonly close: () => Promise<void> };

type Relay = ReturnType<Bull['openRelay']>;

/**
 * The producing side, for bot and worker. Every call answers or throws within a second.
 * @throws OpsError QueueUnavailable
 */
export async function createQueues(connection: QueueConnection, { log }: { readonly log: Log }): Promise<OpenQueues> {
  const bull = await openBull(connection, 'person');
  const onError = (thrown: Error): void => log.debug({ err: quietError(thrown) }, 'queue error');
  const lanes = createLaneCache((lane) => bull.openQueue(lane, onError));
  let relay: Relay | undefined;

  return {
    add: (lane, run) =>
      answered('take the job', () => lanes.use(lane, (queue) => queue.add(lane, { run }, addOptions(lane, run)))),
    remind: (run, at, key) =>
      answered('take the reminder', () =>
        lanes.use({ type: 'deadline' }, (queue) =>
          // The id keeps a second one away until the first is done; BullMQ allows no colon in it.
          queue.add(
            { type: 'deadline' },
            { run },
            { jobId: `${run}-${key}`, delay: Math.max(0, at.getTime() - Date.now()) },
          ),
        ),
      ),
    hurry: (run) => answered('hurry a render', () => lanes.use({ type: 'render' }, (queue) => queue.hurry(run))),
    pushCancel: (run) =>
      answered('pass on the cancel', async () => {
        relay ??= bull.openRelay(onError);
        await relay.publish(`cancel.${run}`, { run });
      }).catch((thrown: unknown) => {
        // A relay that failed to start stays failed.
        const broken = relay;
        relay = undefined;
        broken?.close().catch(onError);
        throw thrown;
      }),
    depth: (lane) =>
      answered('count its jobs', async () => {
        const [counts, oldestAt] = await lanes.use(lane, (queue) =>
          Promise.all([queue.counts(['wait', 'delayed', 'prioritized', 'active']), queue.oldestAt()]),
        );
        const { active = 0, ...others } = counts;
        const waiting = Object.values(others).reduce((sum, each) => sum + each, 0);
        return { waiting, active, ...(oldestAt === undefined ? {} : { oldestAt }) };
      }),
    ticks: createTicks((work) => lanes.use({ type: 'schedule' }, work)),
    close: async () => {
      // Without the store these would wait for its return; closing the store ends their clients.
      const closed = Promise.all([relay?.close(), lanes.close()]).then(() => bull.close());
      await within(GOODBYE_MS, closed).catch(onError);
    },
  };
}

/**
 * `read` and `change`: the job id is the run id, so a second add meets the first; it is free again once the job has
 * ended. `render`: no job id (with one, the last change can be lost), one job per run, and one more after it when
 * something changed while it ran.
 */
function addOptions(lane: Lane, run: RunId) {
  return lane.type === 'render' ? { deduplication: { id: run, keepLastIfActive: true as const } } : { jobId: run };
}

function createLaneCache(open: (lane: Lane) => LaneQueue) {
  const known = new Map<string, LaneQueue>();
  return {
    async use<T>(lane: Lane, work: (queue: LaneQueue) => Promise<T>): Promise<T> {
      const key = queueName(lane);
      const queue = known.get(key) ?? open(lane);
      known.set(key, queue);
      try {
        return await work(queue);
      } catch (thrown: unknown) {
        // A queue whose first contact with the store failed stays broken: the next use opens a new one.
        if (known.get(key) === queue) known.delete(key);
        queue.close().catch(() => undefined);
        throw thrown;
      }
    },
    close: async (): Promise<void> => {
      await Promise.all([...known.values()].map((queue) => queue.close()));
      known.clear();
    },
  };
}
