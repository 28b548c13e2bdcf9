import type { Redis, Result } from 'ioredis';
import { OpsError } from '../core/errors.ts';
import { RunId } from '../core/ids.ts';
import type { BlobStore, Budget, Cursor, Log, RunStore, State } from '../core/ports/ports.ts';
import type { RunEvent } from '../core/run/events.ts';
import { checkBlobSize, PREFIX, runOfBlob } from './keys.ts';
import { APPEND, PRUNE, REMOVE, TAKE } from './redis-scripts.ts';
import { guarded } from './store-errors.ts';
import { understood } from './stored-events.ts';

declare module 'ioredis' {
  // Declared with the library's own type parameters, as its documentation asks.
  interface RedisCommander<Context> {
    chatopsAppend: (
      ...args: [events: string, index: string, afterSeq: number, event: string, changedAtMs: number, run: string]
    ) => Result<number, Context>;
    chatopsPrune: (
      ...args: [index: string, prefix: string, olderThanMs: number, limit: number]
    ) => Result<number, Context>;
    chatopsRemove: (...args: [index: string, prefix: string, run: string]) => Result<number, Context>;
    chatopsTake: (...args: [takes: string, limit: number, windowMs: number]) => Result<number, Context>;
  }
}

type Deps = { readonly redis: Redis; readonly log: Log };

const INDEX = `${PREFIX}:runs`;
const eventsOf = (run: RunId): string => `${PREFIX}:run:${run}`;
const blobAt = (key: string): string => `${PREFIX}:blob:${key}`;
const blobsOf = (run: RunId): string => `${PREFIX}:blobs:${run}`;

/**
 * The state on Redis or Valkey.
 *
 * | key                            | type       | holds                                                  |
 * | {cilium-chatops}:run:<run>     | stream     | events, entry `<seq>-0`, field `event`; never trimmed  |
 * | {cilium-chatops}:runs          | sorted set | run by time (ms) of its last event                     |
 * | {cilium-chatops}:blob:<key>    | string     | bytes, with its TTL                                    |
 * | {cilium-chatops}:blobs:<run>   | set        | keys of the run's blobs, for prune                     |
 * | {cilium-chatops}:budget:<key>  | sorted set | takes by time (ms)                                     |
 */
export function createRedisState({ redis, log }: Deps): State {
  redis.defineCommand('chatopsAppend', { numberOfKeys: 2, lua: APPEND });
  redis.defineCommand('chatopsPrune', { numberOfKeys: 1, lua: PRUNE });
  redis.defineCommand('chatopsRemove', { numberOfKeys: 1, lua: REMOVE });
  redis.defineCommand('chatopsTake', { numberOfKeys: 1, lua: TAKE });
  return { runs: createRuns({ redis, log }), blobs: createBlobs(redis), budget: createBudget(redis) };
}

function createRuns({ redis, log }: Deps): RunStore {
  return {
    append: (run, afterSeq, event) =>
      guarded('take the event', async () => {
        const text = JSON.stringify(event);
        const answer = await redis.chatopsAppend(eventsOf(run), INDEX, afterSeq, text, timeOf(event), run);
        return answer > 0 ? { ok: true, seq: answer } : { ok: false, last: -answer - 1 };
      }),
    read: (run, afterSeq) =>
      guarded('hand out the run', async () => {
        const entries = await redis.xrange(eventsOf(run), `${afterSeq + 1}-0`, '+');
        return understood(
          run,
          afterSeq,
          entries.map(([, fields]) => fields[1] ?? ''),
          log,
        );
      }),
    recent: ({ limit, changedSince }) =>
      guarded('list the runs', async () => {
        const since = changedSince?.getTime() ?? '-inf';
        const flat = await redis.zrevrangebyscore(INDEX, '+inf', since, 'WITHSCORES', 'LIMIT', 0, limit);
        return [...pairs(flat)].map(([run, score]) => ({ run: RunId.parse(run), changedAt: new Date(Number(score)) }));
      }),
    changed: (query) => guarded('list the runs', () => changedAfter(redis, query)),
    prune: (olderThan, limit) =>
      guarded('remove old runs', () => redis.chatopsPrune(INDEX, PREFIX, olderThan.getTime(), limit)),
    remove: (run) =>
      guarded('remove the run', async () => {
        await redis.chatopsRemove(INDEX, PREFIX, run);
      }),
  };
}

/** Runs of one moment stand in the order of their ids, and any number of them may be behind us. */
async function changedAfter(redis: Redis, { limit, after }: Parameters<RunStore['changed']>[0]) {
  const found: Required<Cursor>[] = [];
  const fromMs = after.changedAt.getTime();
  for (let offset = 0; found.length < limit; offset += limit) {
    const flat = await redis.zrangebyscore(INDEX, fromMs, '+inf', 'WITHSCORES', 'LIMIT', offset, limit);
    for (const [id, score] of pairs(flat)) {
      const behind = Number(score) === fromMs && id <= (after.run ?? '');
      if (!behind && found.length < limit) found.push({ run: RunId.parse(id), changedAt: new Date(Number(score)) });
    }
    if (flat.length < 2 * limit) break;
  }
  return found;
}

/** Checked here: a script that fails in its second command has done its first. @throws OpsError Bug */
function timeOf(event: RunEvent): number {
  const ms = Date.parse(event.at);
  if (Number.isFinite(ms)) return ms;
  throw new OpsError('Bug', `an event of type ${event.type} has no time`);
}

function createBlobs(redis: Redis): BlobStore {
  return {
    put: (key, bytes, options = {}) =>
      guarded('keep the data', async () => {
        checkBlobSize(key, bytes);
        const run = runOfBlob(key);
        const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        // The name first: a blob that prune cannot find would stay for ever.
        if (run !== undefined) await redis.sadd(blobsOf(run), key);
        if (options.ttlMs === undefined) await redis.set(blobAt(key), value);
        else await redis.set(blobAt(key), value, 'PX', Math.max(1, Math.ceil(options.ttlMs)));
      }),
    get: (key) =>
      guarded('hand out the data', async () => {
        const bytes = await redis.getBuffer(blobAt(key));
        return bytes === null ? undefined : new Uint8Array(bytes);
      }),
  };
}

function createBudget(redis: Redis): Budget {
  return {
    take: (key, limit, windowMs) =>
      guarded('count', async () => {
        const waitMs = await redis.chatopsTake(`${PREFIX}:budget:${key}`, limit, windowMs);
        return waitMs === 0 ? { ok: true } : { ok: false, retryAfterMs: waitMs };
      }),
  };
}

function* pairs(flat: readonly string[]): Generator<readonly [string, string]> {
  for (let at = 0; at + 1 < flat.length; at += 2) yield [flat[at] ?? '', flat[at + 1] ?? ''];
}
