import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { type RunId, runIdFor } from '../../src/core/ids.ts';
import type { Lane } from '../../src/core/ports/ports.ts';
import { createConsumers } from '../../src/queue/consumers.ts';
import { createQueues } from '../../src/queue/queues.ts';
import { openState } from '../../src/store/open-state.ts';
import { anEvent, aRunId, silentLog } from '../support/run-events.ts';

/**
 * Prints one JSON line: how long from adding a run to its processor, ours and BullMQ's own in turn on the same Redis,
 * and how many events a second the run store takes. Arguments: a unix socket of a Redis, and how many samples.
 */
const [socket = '', count = '200'] = process.argv.slice(2);
const samples = Number(count);
const APPENDING_RUNS = 20;

const hops = await measureHops();
const appends = await measureAppends();
process.stdout.write(`${JSON.stringify({ ...hops, ...appends })}\n`);
process.exit(0);

async function measureHops(): Promise<{ readonly ours: readonly number[]; readonly bullmq: readonly number[] }> {
  const ours = await openOurs();
  const bullmq = await openBullMq();
  const times = { ours: [] as number[], bullmq: [] as number[] };
  // In turn, so that a busy moment of the machine hits both.
  for (let index = 0; index < samples; index += 1) {
    times.ours.push(await ours());
    times.bullmq.push(await bullmq());
  }
  // The first ones open connections.
  return { ours: times.ours.slice(10), bullmq: times.bullmq.slice(10) };
}

async function openOurs(): Promise<() => Promise<number>> {
  const store = await openState({ url: `redis+unix://${socket}`, dataDir: '', log: silentLog });
  const queues = await createQueues(store.queueConnection, { log: silentLog });
  const consumers = await createConsumers(store.queueConnection, { log: silentLog });
  const lane = { type: 'read', cluster: 'bench' } as Lane;
  let arrived: (run: RunId) => void = () => undefined;
  await consumers.consume(lane, 5, async (run) => {
    arrived(run);
    return { type: 'done' };
  });
  return async () => {
    const run = aRunId();
    const processed = new Promise<RunId>((resolve) => {
      arrived = resolve;
    });
    const startedAt = performance.now();
    await queues.add(lane, run);
    await processed;
    return performance.now() - startedAt;
  };
}

async function openBullMq(): Promise<() => Promise<number>> {
  const open = () => new Redis({ path: socket, maxRetriesPerRequest: null });
  const queue = new Queue('bare', { connection: open() });
  let arrived: () => void = () => undefined;
  const worker = new Worker('bare', async () => arrived(), { connection: open(), concurrency: 5 });
  await worker.waitUntilReady();
  return async () => {
    const processed = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const startedAt = performance.now();
    await queue.add('run', { run: randomUUID() }, { removeOnComplete: true });
    await processed;
    return performance.now() - startedAt;
  };
}

/** Several runs at once, each waiting for its own last append: the way workers and bots do it. */
async function measureAppends(): Promise<{ readonly appends: number; readonly appendsMs: number }> {
  const { state } = await openState({ url: `redis+unix://${socket}`, dataDir: '', log: silentLog });
  const each = Math.max(20, Math.ceil((samples * 5) / APPENDING_RUNS));
  const event = anEvent('counted');
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: APPENDING_RUNS }, async (_, number) => {
      const run = runIdFor(`bench-${number}-${randomUUID()}`);
      for (let seq = 0; seq < each; seq += 1) await state.runs.append(run, seq, event);
    }),
  );
  return { appends: APPENDING_RUNS * each, appendsMs: performance.now() - startedAt };
}
