import {
  type ConnectionOptions,
  createPostgresBackend,
  createPostgresRelayBackend,
  type Job,
  type JobSchedulerJson,
  type JobType,
  type PgPool,
  Queue,
  Relay,
  runMigrations,
  Worker,
  type WorkerOptions,
  withBackend,
} from 'bullmq';
import type { Rhythm } from '../core/policy/schedule.ts';
import type { Lane, QueueConnection } from '../core/ports/ports.ts';

/*
 * BullMQ's classes on either backend, behind narrow types of our own: its generics differ per backend. The casts below
 * are the one place where an opaque client of the store becomes BullMQ's again.
 */

/** A run to look at, or a schedule that ticks. */
export type QueuedData = { readonly run?: string; readonly schedule?: string };
export type QueuedJob = Pick<Job<QueuedData>, 'id' | 'data' | 'timestamp' | 'moveToDelayed' | 'moveToWait'>;

type AddOptions = {
  readonly jobId?: string;
  readonly delay?: number;
  readonly deduplication?: { readonly id: string; readonly keepLastIfActive: true };
};

export type LaneQueue = {
  readonly add: (lane: Lane, job: QueuedData, options: AddOptions) => Promise<void>;
  /** Starts the deduplicated job of this id now if it is waiting for its time. */
  readonly hurry: (deduplicationId: string) => Promise<void>;
  readonly counts: (types: readonly JobType[]) => Promise<Readonly<Record<string, number>>>;
  /** When the job was added that waits longest; those that wait for their time are not meant. */
  readonly oldestAt: () => Promise<Date | undefined>;
  readonly setGlobalConcurrency: (limit: number) => Promise<void>;
  readonly schedulers: () => Promise<readonly Scheduler[]>;
  readonly putScheduler: (name: string, rhythm: Rhythm) => Promise<void>;
  readonly dropScheduler: (name: string) => Promise<void>;
  readonly close: () => Promise<void>;
};

export type Scheduler = Pick<JobSchedulerJson, 'key' | 'every' | 'pattern' | 'tz' | 'next'>;

export type LaneWorker = Pick<Worker, 'cancelJob' | 'close'>;

/** Milliseconds. A killed worker's job starts elsewhere after about lock + check. */
export type Timing = { readonly lockMs: number; readonly stalledCheckMs: number };

/** BullMQ hands the signal only to functions that declare three parameters. */
export type BullProcessor = (
  job: QueuedJob,
  token: string | undefined,
  cancel: AbortSignal | undefined,
) => Promise<void>;

export type WorkerSettings = {
  readonly concurrency: number;
  readonly timing: Timing;
  readonly processor: BullProcessor;
  readonly onError: (error: Error) => void;
};

export type Bull = {
  readonly openQueue: (lane: Lane, onError: (error: Error) => void) => LaneQueue;
  readonly openWorker: (lane: Lane, settings: WorkerSettings) => Promise<LaneWorker>;
  readonly openRelay: (onError: (error: Error) => void) => Relay<unknown>;
  /** After everything opened here was closed. */
  readonly close: () => Promise<void>;
};

/** Cluster names are checked when they are parsed: no queue is named by what somebody typed. */
export function queueName(lane: Lane): string {
  return 'cluster' in lane ? `${lane.type}.${lane.cluster}` : lane.type;
}

/** Nobody reads BullMQ's own events: the run's are the record. */
const STREAMS = { events: { maxLen: 100 } };

/** Gone when done, so that the run may be queued again; never used up when the store fails in the middle of a move. */
const KEPT_UNTIL_DONE = {
  removeOnComplete: true,
  removeOnFail: true,
  attempts: 1_000_000,
  backoff: { type: 'fixed', delay: 1_000 },
} as const;

function workerOptions({ concurrency, timing }: WorkerSettings) {
  return {
    concurrency,
    autorun: false,
    lockDuration: timing.lockMs,
    stalledInterval: timing.stalledCheckMs,
    // The run counts its attempts and ends itself; a queue that gave up first would leave it unfinished.
    maxStalledCount: 1_000,
    // BullMQ waits this long after an error of the store; its 15 s would outlast most restarts of one.
    runRetryDelay: 1_000,
  } satisfies Partial<WorkerOptions>;
}

/** `audience` decides what happens while the store is away: a `person` gets an error at once, a `machine` waits. */
export async function openBull(connection: QueueConnection, audience: 'person' | 'machine'): Promise<Bull> {
  return connection.kind === 'redis' ? onRedis(connection, audience) : onPostgres(connection);
}

function onRedis(connection: Extract<QueueConnection, { kind: 'redis' }>, audience: 'person' | 'machine'): Bull {
  const { prefix } = connection;
  const patient = (): ConnectionOptions => connection.patient() as ConnectionOptions;
  return {
    openQueue: (lane, onError) => {
      const client = audience === 'person' ? (connection.failFast as ConnectionOptions) : patient();
      return toLaneQueue(
        new Queue<QueuedData>(queueName(lane), { connection: client, prefix, streams: STREAMS }),
        onError,
      );
    },
    openWorker: async (lane, settings) => {
      const options = { ...workerOptions(settings), connection: patient(), prefix };
      return started(new Worker<QueuedData>(queueName(lane), settings.processor, options), settings.onError);
    },
    openRelay: (onError) => {
      const relay = new Relay<unknown>({ connection: patient(), prefix, namespace: 'cancel' });
      return relay.on('error', onError);
    },
    close: () => Promise.resolve(),
  };
}

async function onPostgres({ openPool }: Extract<QueueConnection, { kind: 'postgres' }>): Promise<Bull> {
  const Postgres = withBackend(createPostgresBackend);
  const pools: PgPool[] = [];
  // Two: one listens for work, the other does everything else.
  const pool = (): PgPool => {
    const opened = openPool(2) as PgPool;
    pools.push(opened);
    return opened;
  };
  const shared = pool();
  await migrate(shared);
  return {
    openQueue: (lane, onError) =>
      toLaneQueue(new Postgres.Queue<QueuedData>(queueName(lane), { connection: shared, streams: STREAMS }), onError),
    openWorker: async (lane, settings) => {
      const options = { ...workerOptions(settings), connection: pool() };
      return started(new Postgres.Worker<QueuedData>(queueName(lane), settings.processor, options), settings.onError);
    },
    openRelay: (onError) => {
      const backend = createPostgresRelayBackend as (options: {
        connection: unknown;
        namespace: string;
      }) => ReturnType<typeof createPostgresRelayBackend>;
      return new Relay<unknown>({ connection: pool(), namespace: 'cancel', backend }).on('error', onError);
    },
    close: async () => {
      await Promise.all(pools.map((each) => each.end()));
    },
  };
}

/** Idempotent, and safe when several processes start at once: BullMQ takes an advisory lock. */
async function migrate(pool: PgPool): Promise<void> {
  const client = await pool.connect();
  try {
    await runMigrations(client);
  } finally {
    client.release();
  }
}

type AnyQueue = {
  add: (name: string, job: QueuedData, options: object) => Promise<unknown>;
  getDeduplicationJobId: (id: string) => Promise<string | null | undefined>;
  getJob: (id: string) => Promise<Pick<Job, 'isDelayed' | 'promote'> | undefined>;
  getJobCounts: (...types: JobType[]) => Promise<Record<string, number>>;
  getJobs: (types: JobType[], start: number, end: number, asc: boolean) => Promise<readonly Pick<Job, 'timestamp'>[]>;
  setGlobalConcurrency: (limit: number) => Promise<unknown>;
  getJobSchedulers: () => Promise<readonly Scheduler[]>;
  upsertJobScheduler: (id: string, repeat: object, template: object) => Promise<unknown>;
  removeJobScheduler: (id: string) => Promise<unknown>;
  on: (event: 'error', listener: (error: Error) => void) => unknown;
  close: () => Promise<void>;
};

function toLaneQueue(queue: AnyQueue, onError: (error: Error) => void): LaneQueue {
  queue.on('error', onError);
  return {
    add: async (lane, job, options) => {
      await queue.add(lane.type, job, { ...options, ...KEPT_UNTIL_DONE });
    },
    hurry: async (deduplicationId) => {
      const id = await queue.getDeduplicationJobId(deduplicationId);
      const job = typeof id === 'string' ? await queue.getJob(id) : undefined;
      // It may begin by itself meanwhile: then there is nothing left to hurry.
      if (await job?.isDelayed()) await job?.promote().catch(() => undefined);
    },
    counts: (types) => queue.getJobCounts(...types),
    oldestAt: async () => {
      // Newest first: on Postgres a page is counted from that end, whatever order is asked for (BullMQ 6.7).
      const { wait: waiting = 0 } = await queue.getJobCounts('wait');
      const [oldest] = waiting === 0 ? [] : await queue.getJobs(['wait'], waiting - 1, waiting - 1, false);
      return oldest && new Date(oldest.timestamp);
    },
    setGlobalConcurrency: async (limit) => {
      await queue.setGlobalConcurrency(limit);
    },
    schedulers: () => queue.getJobSchedulers(),
    putScheduler: async (name, rhythm) => {
      await queue.upsertJobScheduler(name, repeatOf(rhythm), {
        name: 'schedule',
        data: { schedule: name },
        opts: KEPT_UNTIL_DONE,
      });
    },
    dropScheduler: async (name) => {
      await queue.removeJobScheduler(name);
    },
    close: () => queue.close(),
  };
}

/**
 * Ticks are at whole multiples of their interval: replicas that put the same schedule at the same time then mean the
 * same tick. Left to itself each would add one for its own now, on Postgres both of them.
 */
function repeatOf(rhythm: Rhythm): object {
  if ('cron' in rhythm) return { pattern: rhythm.cron, tz: rhythm.timeZone };
  const { everyMs } = rhythm;
  return { every: everyMs, startDate: Math.ceil(Date.now() / everyMs) * everyMs };
}

type AnyWorker = LaneWorker & {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'lockRenewalFailed', listener: (jobIds: string[]) => void): unknown;
  waitUntilReady: () => Promise<unknown>;
  run: () => Promise<void>;
};

async function started<W extends AnyWorker>(worker: W, onError: (error: Error) => void): Promise<LaneWorker> {
  worker.on('error', onError);
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const id of jobIds) worker.cancelJob(id, 'lock-lost');
  });
  await worker.waitUntilReady();
  // Ends when the worker is closed.
  worker.run().catch((thrown: unknown) => onError(thrown instanceof Error ? thrown : new Error(String(thrown))));
  return worker;
}
