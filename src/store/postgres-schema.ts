import type { Pool } from 'pg';

/*
 * | table              | one row per    | notes                                                          |
 * | chatops.run        | run            | time of its last event; the lock that append and prune share  |
 * | chatops.event      | run and seq    | the event as it was written                                    |
 * | chatops.blob       | key            | run: whose prune removes it                                    |
 * | chatops.take       | budget and take| at: the server's clock                                         |
 */
const TABLES = `
create schema if not exists chatops;
create table if not exists chatops.run (
  run text primary key,
  changed_at timestamptz not null
);
create index if not exists run_changed_at on chatops.run (changed_at);
create table if not exists chatops.event (
  run text not null references chatops.run on delete cascade,
  seq integer not null,
  event text not null,
  primary key (run, seq)
);
create table if not exists chatops.blob (
  key text primary key,
  run text,
  bytes bytea not null,
  expires_at timestamptz
);
create index if not exists blob_run on chatops.blob (run);
create table if not exists chatops.take (
  budget text not null,
  at timestamptz not null
);
create index if not exists take_budget_at on chatops.take (budget, at);
`;

const TAKE = `
create or replace function chatops.take(wanted text, at_most integer, window_ms double precision)
returns double precision language plpgsql as $$
declare
  span interval := make_interval(secs => window_ms / 1000);
  taken integer;
  oldest timestamptz;
begin
  perform pg_advisory_xact_lock(hashtextextended('chatops.take:' || wanted, 0));
  delete from chatops.take where budget = wanted and at <= clock_timestamp() - span;
  select count(*), min(at) into taken, oldest from chatops.take where budget = wanted;
  if taken < at_most then
    insert into chatops.take (budget, at) values (wanted, clock_timestamp());
    return 0;
  end if;
  return greatest(1, ceil(extract(epoch from coalesce(oldest, clock_timestamp()) + span - clock_timestamp()) * 1000));
end $$;
`;

/** Any number, the same in every process: one migrates at a time (\`if not exists\` alone races). */
const LOCK = 4_711_204_815;

/** Creates what is missing. Idempotent, and safe when several processes start at once. */
export async function migrate(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(`select pg_advisory_xact_lock(${LOCK})`);
    await client.query(TABLES);
    await client.query(TAKE);
    await client.query('commit');
  } catch (thrown: unknown) {
    await client.query('rollback').catch(() => undefined);
    throw thrown;
  } finally {
    client.release();
  }
}
