import { Redis, type RedisOptions } from 'ioredis';
import { OpsError } from '../core/errors.ts';
import type { Log, QueueConnection } from '../core/ports/ports.ts';
import { quietError } from '../core/quiet-error.ts';
import { PREFIX } from './keys.ts';
import { isNewEnough, OLDEST_REDIS } from './redis-version.ts';
import type { RedisAddress } from './state-url.ts';

export type RedisClients = {
  readonly failFast: Redis;
  readonly queueConnection: QueueConnection;
  readonly close: () => Promise<void>;
};

/**
 * Connects, and checks that the server is one we can work with.
 * @throws OpsError StoreUnavailable when nobody answers, BadConfig when the server is too old or refuses the password
 */
export async function connectRedis(address: RedisAddress, shown: string, log: Log): Promise<RedisClients> {
  const failFast = new Redis(
    toOptions(address, {
      lazyConnect: true,
      // Somebody waits for the answer: an error now is better than an answer after the Slack deadline.
      maxRetriesPerRequest: 1,
      enableOfflineQueue: false,
      commandTimeout: 1_000,
      connectTimeout: 2_000,
      // A command whose answer was lost may have been done: asking again is the caller's decision.
      autoResendUnfulfilledCommands: false,
    }),
  );
  reportOutages(failFast, log);
  try {
    await failFast.connect();
    checkVersion(await failFast.info('server'));
  } catch (thrown: unknown) {
    failFast.disconnect();
    throw cannotConnect(shown, thrown);
  }
  let patient: Redis | undefined;
  const openPatient = (): Redis => {
    if (patient === undefined) {
      patient = new Redis(toOptions(address, { maxRetriesPerRequest: null }));
      reportOutages(patient, log);
    }
    return patient;
  };
  return {
    failFast,
    queueConnection: { kind: 'redis', prefix: PREFIX, failFast, patient: openPatient },
    close: async () => {
      for (const client of [patient, failFast]) await end(client);
    },
  };
}

function toOptions({ tls, ...address }: RedisAddress, more: RedisOptions): RedisOptions & { replyMapping: 'legacy' } {
  return {
    ...address,
    ...(tls ? { tls: {} } : {}),
    connectionName: 'cilium-chatops',
    retryStrategy: (times) => Math.min(25 * 2 ** times, 1_000),
    ...more,
    replyMapping: 'legacy',
  };
}

/** ioredis reports every failed attempt to reconnect: once per outage is enough. */
function reportOutages(client: Redis, log: Log): void {
  let down = false;
  client.on('error', (thrown: unknown) => {
    if (!down) log.warn({ err: quietError(thrown) }, 'lost the state store');
    down = true;
  });
  client.on('ready', () => {
    if (down) log.info({}, 'the state store is back');
    down = false;
  });
}

async function end(client: Redis | undefined): Promise<void> {
  if (client === undefined) return;
  // Quit waits for answers that are on their way; without a server there are none.
  if (client.status === 'ready') await client.quit().catch(() => client.disconnect());
  else client.disconnect();
}

function checkVersion(info: string): void {
  const version = /^redis_version:([\d.]+)/m.exec(info)?.[1];
  if (version === undefined || isNewEnough(version)) return;
  throw new OpsError('BadConfig', `the state store is Redis ${version}, which is too old`, {
    nextStep: `use Redis ${OLDEST_REDIS} or newer, or Valkey`,
  });
}

function cannotConnect(shown: string, thrown: unknown): OpsError {
  if (thrown instanceof OpsError) return thrown;
  if (thrown instanceof Error && /^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH)/.test(thrown.message)) {
    return new OpsError('BadConfig', `the state store at ${shown} refused the user or password`, {
      nextStep: 'check user and password in STATE_URL',
      cause: quietError(thrown),
    });
  }
  return new OpsError('StoreUnavailable', `nobody answers at ${shown}`, {
    nextStep: 'check STATE_URL, and that the state store runs and can be reached from here',
    cause: quietError(thrown),
  });
}
