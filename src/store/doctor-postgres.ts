import type { Pool } from 'pg';
import { z } from 'zod';
import { checkOf } from '../core/doctoring.ts';
import type { Check } from '../core/run/check.ts';
import { latencyCheck, timedEach } from './doctor-latency.ts';

const Signs = z.object({
  version: z.string(),
  in_recovery: z.boolean(),
  fsync: z.string(),
  synchronous_commit: z.string(),
  used: z.coerce.number(),
  max: z.coerce.number(),
});
export type PostgresSigns = z.infer<typeof Signs> & { readonly pingsMs: readonly number[] };

const PINGS = 20;
const LOOK = `
select current_setting('server_version') as version, pg_is_in_recovery() as in_recovery,
  current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit,
  (select count(*) from pg_stat_activity where backend_type = 'client backend') as used,
  current_setting('max_connections') as max`;

/** @throws Error of the driver */
export async function readPostgresSigns(pool: Pool): Promise<PostgresSigns> {
  const pingsMs = await timedEach(PINGS, () => pool.query('select 1'));
  const { rows } = await pool.query(LOOK);
  return { ...Signs.parse(rows[0]), pingsMs };
}

export function judgePostgres(signs: PostgresSigns): readonly Check[] {
  return [
    checkOf('store-version', 'Version', {
      verdict: 'pass',
      evidence: `PostgreSQL ${signs.version}`,
      why: 'the queue and the runs are kept there',
    }),
    roleCheck(signs),
    persistenceCheck(signs),
    connectionsCheck(signs),
    latencyCheck('store-latency', 'Latency', signs.pingsMs),
  ];
}

function roleCheck({ in_recovery: standby }: PostgresSigns): Check {
  return checkOf('store-role', 'Takes writes', {
    verdict: standby ? 'fail' : 'pass',
    evidence: standby ? 'a standby, which takes no writes' : 'a primary',
    why: 'nothing typed in Slack would be accepted',
    ...(standby ? { fix: 'point STATE_URL at the primary' } : {}),
  });
}

function persistenceCheck({ fsync, synchronous_commit: commit }: PostgresSigns): Check {
  const durable = fsync === 'on' && commit !== 'off';
  return checkOf('store-persistence', 'Keeps what it acknowledged', {
    verdict: durable ? 'pass' : 'fail',
    evidence: `fsync ${fsync}, synchronous_commit ${commit}`,
    why: 'votes and the progress of a change must survive a restart of the store',
    ...(durable
      ? {}
      : { fix: 'ALTER SYSTEM SET fsync = on; ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf();' }),
  });
}

function connectionsCheck({ used, max }: PostgresSigns): Check {
  const short = used / max > 0.8;
  return checkOf('store-connections', 'Connections', {
    verdict: short ? 'warn' : 'pass',
    evidence: `${used} of ${max} in use`,
    why: 'each bot and worker holds some for the runs and some for the queue',
    ...(short ? { fix: 'raise max_connections, or run fewer processes against this server' } : {}),
  });
}
