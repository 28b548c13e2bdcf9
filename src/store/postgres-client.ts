import { Pool } from 'pg';
import { OpsError } from '../core/errors.ts';
import type { Log, QueueConnection } from '../core/ports/ports.ts';
import { quietError } from '../core/quiet-error.ts';
import { migrate } from './postgres-schema.ts';

/** Where BullMQ keeps its tables; it looks for them on the search path. */
const QUEUE_SCHEMA = 'bullmq';

export type PostgresClients = {
  readonly pool: Pool;
  readonly queueConnection: QueueConnection;
  readonly close: () => Promise<void>;
};

/**
 * Connects, and creates the tables that are missing.
 * @throws OpsError StoreUnavailable when nobody answers, BadConfig when the server refuses us
 */
export async function connectPostgres(url: string, shown: string, log: Log): Promise<PostgresClients> {
  const pools: Pool[] = [];
  const open = (settings: { readonly max: number; readonly options?: string }): Pool => {
    const pool = new Pool({
      connectionString: url,
      application_name: 'cilium-chatops',
      connectionTimeoutMillis: 2_000,
      keepAlive: true,
      ...settings,
    });
    // An idle connection that breaks is replaced at its next use; without a listener it would end the process.
    pool.on('error', (thrown) => log.warn({ err: quietError(thrown) }, 'lost a connection to the state store'));
    pools.push(pool);
    return pool;
  };
  const pool = open({ max: 4 });
  try {
    await migrate(pool);
  } catch (thrown: unknown) {
    await pool.end();
    throw cannotConnect(shown, thrown);
  }
  return {
    pool,
    queueConnection: { kind: 'postgres', openPool: (max) => open({ max, options: `-c search_path=${QUEUE_SCHEMA}` }) },
    close: async () => {
      // The queue room ends its own pools: those it left are ended here.
      await Promise.all(pools.filter((each) => !each.ended).map((each) => each.end()));
    },
  };
}

function cannotConnect(shown: string, thrown: unknown): OpsError {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  // Class 28: authorisation, 3D: no such database, 42501: no right to create the tables.
  if (/^(28|3D)/.test(code) || code === '42501') {
    return new OpsError('BadConfig', `the state store at ${shown} refused: ${quietError(thrown).message}`, {
      nextStep: 'check user, password and database in STATE_URL; the user must be allowed to create a schema',
      cause: quietError(thrown),
    });
  }
  return new OpsError('StoreUnavailable', `nobody answers at ${shown}`, {
    nextStep: 'check STATE_URL, and that the state store runs and can be reached from here',
    cause: quietError(thrown),
  });
}
