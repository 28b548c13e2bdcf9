import type { Pool } from 'pg';
import { RunId } from '../core/ids.ts';
import type { Appended, BlobStore, Budget, Log, RunStore, State } from '../core/ports/ports.ts';
import { checkBlobSize, runOfBlob } from './keys.ts';
import { guarded } from './store-errors.ts';
import { understood } from './stored-events.ts';

type Deps = { readonly pool: Pool; readonly log: Log };

/** The first event makes the run; a run that is there refuses it. */
const FIRST = `
with made as (insert into chatops.run (run, changed_at) values ($1, $3) on conflict do nothing returning run)
insert into chatops.event (run, seq, event) select run, 1, $2 from made returning seq`;

/** Only after its predecessor, and only where nobody was first. */
const NEXT = `
with added as (
  insert into chatops.event (run, seq, event)
  select $1, $4::integer + 1, $2 where exists (select 1 from chatops.event where run = $1 and seq = $4::integer)
  on conflict do nothing returning seq
), touched as (
  update chatops.run set changed_at = $3 where run = $1 and exists (select 1 from added)
)
select seq from added`;

/** Locks the runs it removes: an append that is under way is waited for, one that comes later finds no run. */
const PRUNE = `
with old as (
  select run from chatops.run where changed_at < $1 order by changed_at limit $2 for update skip locked
), blobs as (
  delete from chatops.blob where run in (select run from old)
)
delete from chatops.run where run in (select run from old)`;

const REMOVE = `
with blobs as (delete from chatops.blob where run = $1)
delete from chatops.run where run = $1`;

const FOREIGN_KEY_VIOLATION = '23503';

/** The state on Postgres; see `postgres-schema.ts` for its tables. */
export function createPostgresState({ pool, log }: Deps): State {
  return { runs: createRuns({ pool, log }), blobs: createBlobs(pool), budget: createBudget(pool) };
}

function createRuns({ pool, log }: Deps): RunStore {
  return {
    append: (run, afterSeq, event) =>
      guarded('take the event', async (): Promise<Appended> => {
        const values = [run, JSON.stringify(event), new Date(event.at)];
        const inserted = await (afterSeq === 0
          ? pool.query(FIRST, values)
          : pool.query(NEXT, [...values, afterSeq])
        ).catch(goneMeanwhile);
        if (inserted.rowCount === 1) return { ok: true, seq: afterSeq + 1 };
        const found = await pool.query<{ last: number }>(
          'select coalesce(max(seq), 0) as last from chatops.event where run = $1',
          [run],
        );
        return { ok: false, last: found.rows[0]?.last ?? 0 };
      }),
    read: (run, afterSeq) =>
      guarded('hand out the run', async () => {
        const { rows } = await pool.query<{ event: string }>(
          'select event from chatops.event where run = $1 and seq > $2 order by seq',
          [run, afterSeq],
        );
        return understood(
          run,
          afterSeq,
          rows.map((row) => row.event),
          log,
        );
      }),
    recent: ({ limit, changedSince }) =>
      guarded('list the runs', async () => {
        const { rows } = await pool.query<{ run: string; changed_at: Date }>(
          `select run, changed_at from chatops.run where changed_at >= coalesce($2::timestamptz, '-infinity')
           order by changed_at desc, run desc limit $1`,
          [limit, changedSince ?? null],
        );
        return rows.map((row) => ({ run: RunId.parse(row.run), changedAt: row.changed_at }));
      }),
    changed: ({ limit, after }) =>
      guarded('list the runs', async () => {
        const { rows } = await pool.query<{ run: string; changed_at: Date }>(
          `select run, changed_at from chatops.run where (changed_at, run collate "C") > ($2::timestamptz, $3)
           order by changed_at, run collate "C" limit $1`,
          [limit, after.changedAt, after.run ?? ''],
        );
        return rows.map((row) => ({ run: RunId.parse(row.run), changedAt: row.changed_at }));
      }),
    prune: (olderThan, limit) =>
      guarded('remove old runs', async () => {
        await pool.query('delete from chatops.blob where expires_at < now()');
        const { rowCount } = await pool.query(PRUNE, [olderThan, limit]);
        return rowCount ?? 0;
      }),
    remove: (run) =>
      guarded('remove the run', async () => {
        await pool.query(REMOVE, [run]);
      }),
  };
}

/** The run was pruned under the append: nothing was added. */
function goneMeanwhile(thrown: unknown): { readonly rowCount: number } {
  if (thrown instanceof Error && 'code' in thrown && thrown.code === FOREIGN_KEY_VIOLATION) return { rowCount: 0 };
  throw thrown;
}

function createBlobs(pool: Pool): BlobStore {
  return {
    put: (key, bytes, options = {}) =>
      guarded('keep the data', async () => {
        checkBlobSize(key, bytes);
        await pool.query(
          `insert into chatops.blob (key, run, bytes, expires_at)
           values ($1, $2, $3, now() + make_interval(secs => $4::double precision / 1000))
           on conflict (key) do update set bytes = excluded.bytes, expires_at = excluded.expires_at`,
          [
            key,
            runOfBlob(key) ?? null,
            Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
            options.ttlMs ?? null,
          ],
        );
      }),
    get: (key) =>
      guarded('hand out the data', async () => {
        const { rows } = await pool.query<{ bytes: Buffer }>(
          'select bytes from chatops.blob where key = $1 and (expires_at is null or expires_at > now())',
          [key],
        );
        return rows[0] === undefined ? undefined : new Uint8Array(rows[0].bytes);
      }),
  };
}

function createBudget(pool: Pool): Budget {
  return {
    take: (key, limit, windowMs) =>
      guarded('count', async () => {
        const { rows } = await pool.query<{ wait_ms: number }>('select chatops.take($1, $2, $3) as wait_ms', [
          key,
          limit,
          windowMs,
        ]);
        const waitMs = rows[0]?.wait_ms ?? windowMs;
        return waitMs === 0 ? { ok: true } : { ok: false, retryAfterMs: waitMs };
      }),
  };
}
