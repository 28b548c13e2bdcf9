import type { Log, QueueConnection, State } from '../core/ports/ports.ts';
import type { Check } from '../core/run/check.ts';
import { judgePostgres, readPostgresSigns } from './doctor-postgres.ts';
import { judgeRedis, readRedisSigns } from './doctor-redis.ts';
import { embeddedCheck, examineStore } from './doctor-store.ts';
import { type EmbeddedKind, startEmbedded } from './embedded.ts';
import { createRedisState } from './redis.ts';
import { connectRedis } from './redis-client.ts';
import { parseStateUrl } from './state-url.ts';

export type OpenState = {
  readonly state: State;
  readonly kind: 'redis' | 'postgres';
  /** Where other processes find the same state. May hold a password; `shown` is the same without it. */
  readonly url: string;
  readonly shown: string;
  readonly queueConnection: QueueConnection;
  /** What doctor asks about the server. Never rejects: a store that is away is a finding. */
  readonly examine: () => Promise<readonly Check[]>;
  /** Close queues and consumers before. An embedded server is stopped unless another process uses it. */
  readonly close: () => Promise<void>;
};

export type StateOptions = {
  /** STATE_URL; unset: the embedded store of `dataDir`. */
  readonly url?: string | undefined;
  readonly dataDir: string;
  readonly log: Log;
  /** For tests: which embedded store, in place of what the machine offers. */
  readonly embedded?: EmbeddedKind;
};

/**
 * Opens the state store, and starts it where it is the embedded one.
 * @throws OpsError BadConfig, StoreUnavailable
 */
export async function openState({ url, dataDir, log, embedded }: StateOptions): Promise<OpenState> {
  if (url !== undefined && url !== '') return connect(url, log);
  for (let attempt = 1; ; attempt++) {
    const server = await startEmbedded(dataDir, log, embedded);
    try {
      const state = await connect(server.url, log);
      const close = async (): Promise<void> => {
        await state.close();
        await server.stopIfLast();
      };
      const examine = async () => [embeddedCheck(dataDir), ...(await state.examine())];
      return { ...state, close, examine };
    } catch (thrown: unknown) {
      // The process that had it may have stopped it just now: start it again.
      if (attempt === 3) throw thrown;
    }
  }
}

async function connect(url: string, log: Log): Promise<OpenState> {
  const address = parseStateUrl(url);
  const { shown } = address;
  if (address.kind === 'redis') {
    const { failFast, ...clients } = await connectRedis(address.redis, shown, log);
    const state = createRedisState({ redis: failFast, log });
    const judged = async () => judgeRedis(await readRedisSigns(failFast));
    return { kind: 'redis', url, shown, state, examine: () => examineStore(shown, state, judged), ...clients };
  }
  // Loaded here, so that who uses Redis does not carry Postgres' driver.
  const [{ connectPostgres }, { createPostgresState }] = await Promise.all([
    import('./postgres-client.ts'),
    import('./postgres.ts'),
  ]);
  const { pool, ...clients } = await connectPostgres(address.url, shown, log);
  const state = createPostgresState({ pool, log });
  const judged = async () => judgePostgres(await readPostgresSigns(pool));
  return { kind: 'postgres', url, shown, state, examine: () => examineStore(shown, state, judged), ...clients };
}
