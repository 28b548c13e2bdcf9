import type { Log, QueueConnection, State } from '../core/ports.ts';
import { createRedisState } from './redis.ts';
import { connectRedis } from './redis-client.ts';
import { parseStateUrl, type StateAddress } from './state-url.ts';

export type OpenState = {
  readonly state: State;
  readonly kind: StateAddress['kind'];
  /** Where other processes find the same state. May hold a password. */
  readonly url: string;
  readonly queueConnection: QueueConnection;
  readonly close: () => Promise<void>;
};

type Where = { readonly url: string; readonly log: Log };

/**
 * Opens the state store. @throws OpsError BadConfig, StoreUnavailable
 */
export async function openState({ url, log }: Where): Promise<OpenState> {
  const address = parseStateUrl(url);
  if (address.kind === 'postgres') throw new Error('postgres');
  const clients = await connectRedis(address.redis, address.shown, log);
  return {
    kind: 'redis',
    url,
    state: createRedisState({ redis: clients.failFast, log }),
    queueConnection: clients.queueConnection,
    close: clients.close,
  };
}
