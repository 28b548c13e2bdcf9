import type { ClusterName, GroupId, RunId, UserId } from '../ids.ts';
import type { Rhythm, ScheduleName } from '../policy/schedule.ts';
import type { Resource } from '../resources.ts';
import type { RunEvent } from '../run/events.ts';

/** Structured log: constant message, fields beside it. Secrets are redacted at the logger. */
export type Log = Readonly<
  Record<'debug' | 'info' | 'warn' | 'error', (fields: Readonly<Record<string, unknown>>, message: string) => void>
>;

/* ───────────── store ───────────── */

export type Appended = { readonly ok: true; readonly seq: number } | { readonly ok: false; readonly last: number };

/** A run without one stands before all runs of that moment. */
export type Cursor = { readonly run?: RunId; readonly changedAt: Date };

/**
 * The run store. `append` is compare-and-set: it takes the event only if the run has exactly `afterSeq` events, and
 * otherwise answers how many there are. @throws OpsError StoreUnavailable, within 1 s when the store is down.
 */
export type RunStore = {
  readonly append: (run: RunId, afterSeq: number, event: RunEvent) => Promise<Appended>;
  /** Events after `afterSeq`, oldest first; empty for an unknown run. */
  readonly read: (run: RunId, afterSeq: number) => Promise<readonly RunEvent[]>;
  /** Runs by time of their last event, newest first. */
  readonly recent: (query: {
    readonly limit: number;
    readonly changedSince?: Date;
  }) => Promise<readonly { readonly run: RunId; readonly changedAt: Date }[]>;
  /**
   * The other way round, page by page through all of them: oldest first, those behind `after`. A run that changes
   * meanwhile comes once more, later.
   */
  readonly changed: (query: { readonly limit: number; readonly after: Cursor }) => Promise<readonly Required<Cursor>[]>;
  /** Removes runs (events, and blobs named `<run>/…`) whose last event is older. Returns how many; at most `limit`. */
  readonly prune: (olderThan: Date, limit: number) => Promise<number>;
  /** Removes one run with its blobs, as `prune` does. */
  readonly remove: (run: RunId) => Promise<void>;
};

/** Small keyed bytes beside the runs: artifacts (≤ 1 MiB), and what the bot last sent to Slack for a run. */
export type BlobStore = {
  readonly put: (key: string, bytes: Uint8Array, options?: { readonly ttlMs?: number }) => Promise<void>;
  readonly get: (key: string) => Promise<Uint8Array | undefined>;
};

/** A counter shared by all processes: at most `limit` takes in each window of `windowMs`. */
export type Budget = {
  readonly take: (
    key: string,
    limit: number,
    windowMs: number,
  ) => Promise<{ readonly ok: true } | { readonly ok: false; readonly retryAfterMs: number }>;
};

export type State = { readonly runs: RunStore; readonly blobs: BlobStore; readonly budget: Budget };

/* ───────────── queue ───────────── */

export type Lane =
  | { readonly type: 'read'; readonly cluster: ClusterName }
  | { readonly type: 'change'; readonly cluster: ClusterName }
  | { readonly type: 'deadline' }
  | { readonly type: 'render' }
  /** Ticks of schedules, over all replicas one at a time. */
  | { readonly type: 'schedule' };

/** What a processor says at its end. `later` puts the same job back without using it up; `returned` hands it to others. */
export type Processed =
  | { readonly type: 'done' }
  | { readonly type: 'later'; readonly afterMs: number }
  | { readonly type: 'returned' };

export type CancelReason = { readonly type: 'person' } | { readonly type: 'shutdown' } | { readonly type: 'lock-lost' };

/**
 * The signal aborts with a CancelReason as its `reason`.
 * A processor that throws is retried with backoff; a render job never fails for good.
 */
export type Processor = (run: RunId, signal: AbortSignal) => Promise<Processed>;

export type Queues = {
  /** Adding a run twice to `read` or `change` is harmless; `render` coalesces and never loses the last change. */
  readonly add: (lane: Lane, run: RunId) => Promise<void>;
  /** Looks at the run again at `at`, in lane `deadline`. `key` tells two of one run apart; adding one twice is harmless. */
  readonly remind: (run: RunId, at: Date, key: string) => Promise<void>;
  /** A render that waits out its spacing begins now: the state changed, and people wait for that. */
  readonly hurry: (run: RunId) => Promise<void>;
  /** Tells the worker that runs it, wherever it is. May be missed: the `cancel-requested` event is the record. */
  readonly pushCancel: (run: RunId) => Promise<void>;
  /** Jobs waiting and active per lane, and since when the oldest has been there that nobody has begun. */
  readonly depth: (
    lane: Lane,
  ) => Promise<{ readonly waiting: number; readonly active: number; readonly oldestAt?: Date }>;
};

/**
 * What src/store hands to src/queue: ready-made clients of the driver, opaque here, so that the queue room needs no
 * driver and both rooms share one server. The store's `close` ends every client it handed out.
 */
export type QueueConnection =
  | {
      readonly kind: 'redis';
      /** Before every key of the queues; one hash tag for queues and runs. */
      readonly prefix: string;
      /** Rejects at once while the server is away: for whoever has a person waiting. */
      readonly failFast: object;
      /** Opened at its first use. Waits for the server to come back: for consumers. */
      readonly patient: () => object;
    }
  | {
      readonly kind: 'postgres';
      /** A pool of at most `max` connections whose search path is the queue's schema. */
      readonly openPool: (max: number) => object;
    };

/** `release` takes nothing more from the lane here; what is under way goes on, and is waited for. */
export type Consuming = { readonly release: () => Promise<void> };

/** What ticks, and how often. */
export type Ticking = { readonly name: ScheduleName; readonly rhythm: Rhythm };

export type Ticks = {
  /** From now on exactly these tick. One that ticks in the same way already is left alone. Intervals are counted from the epoch. */
  readonly put: (all: readonly Ticking[]) => Promise<void>;
  /** When each ticks next. @throws OpsError QueueUnavailable */
  readonly next: () => Promise<ReadonlyMap<string, Date>>;
};

/** `at` is the time it was to tick at, the same for every redelivery of that tick. */
export type TickProcessor = (schedule: ScheduleName, at: Date) => Promise<Processed>;

export type Consumers = {
  /** One tick at a time, over all processes. */
  readonly consumeTicks: (processor: TickProcessor) => Promise<Consuming>;
  readonly consume: (lane: Lane, concurrency: number, processor: Processor) => Promise<Consuming>;
  /** Stops intake, aborts what runs with `shutdown`, waits at most `drainMs` for the processors to hand back. */
  readonly close: (drainMs: number) => Promise<void>;
};

/* ───────────── people ───────────── */

/** Members of Slack user groups, at most a minute old. @throws OpsError SlackUnavailable, SlackRefused: nobody is a member then */
export type Groups = { readonly members: (group: GroupId) => Promise<ReadonlySet<UserId>> };

/* ───────────── cluster ───────────── */

export type ListQuery = {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** `metadata` asks for PartialObjectMetadata: names, labels, owners, and nothing else on the wire. */
  readonly as: 'objects' | 'metadata';
  /** Objects per page; default 500. */
  readonly pageSize?: number;
};

export type ObjectRef = { readonly namespace?: string; readonly name: string };

export type ExecRequest = {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly command: readonly [string, ...string[]];
  /** Covers the handshake too: a frozen kubelet hangs there. */
  readonly deadlineMs: number;
  readonly maxOutputBytes: number;
};

export type ExecResult = { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

export type AccessQuestion = {
  readonly verb: string;
  readonly resource: Resource;
  readonly subresource?: string;
  readonly namespace?: string;
  /** A right may be granted for single objects. */
  readonly name?: string;
};

/**
 * Reading a cluster. Objects are raw JSON: whoever asks parses just the fields it uses.
 * Every call has a deadline. @throws OpsError with a message a person can act on; see `cluster/api-errors.ts`.
 */
export type ClusterPort = {
  readonly name: ClusterName;
  readonly version: (signal: AbortSignal) => Promise<string>;
  /** @throws OpsError NotFound */
  readonly get: (resource: Resource, ref: ObjectRef, signal: AbortSignal) => Promise<unknown>;
  /** Pages in order. Restarts by itself from the server's own token when a continue token expired. @throws OpsError NotFound when the API group is not served */
  readonly list: (resource: Resource, query: ListQuery, signal: AbortSignal) => AsyncIterable<readonly unknown[]>;
  /** A command that ran and failed is a result; one that could not run throws ExecFailed, ClusterTimeout, OutputTooLarge. */
  readonly exec: (request: ExecRequest, signal: AbortSignal) => Promise<ExecResult>;
  readonly podLog: (
    request: {
      readonly namespace: string;
      readonly pod: string;
      readonly container: string;
      readonly previous?: boolean;
      readonly tailLines: number;
    },
    signal: AbortSignal,
  ) => Promise<string>;
  /** One access review per question, in order. */
  readonly mayI: (questions: readonly AccessQuestion[], signal: AbortSignal) => Promise<readonly boolean[]>;
};
