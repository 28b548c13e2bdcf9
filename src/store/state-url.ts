import { OpsError } from '../core/errors.ts';

export type RedisAddress = {
  readonly host?: string;
  readonly port?: number;
  /** Of a unix socket, in place of host and port. */
  readonly path?: string;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  readonly tls: boolean;
};

export type StateAddress =
  | { readonly kind: 'redis'; readonly redis: RedisAddress; readonly shown: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly shown: string };

const FORMS = 'redis://[user:password@]host:port/db, rediss://…, redis+unix:///path/to.sock?db=0 or postgres://…';

/**
 * Where the state lives. `shown` is the address without the password, for people and logs.
 * @throws OpsError BadConfig; its message never quotes the address, which may hold a password
 */
export function parseStateUrl(text: string): StateAddress {
  if (!URL.canParse(text.trim())) throw bad('is not an address');
  const url = new URL(text.trim());
  switch (url.protocol) {
    case 'redis:':
    case 'rediss:':
      return { kind: 'redis', redis: redisAddress(url), shown: withoutSecrets(url) };
    case 'redis+unix:':
    case 'unix:':
      return { kind: 'redis', redis: socketAddress(url), shown: withoutSecrets(url) };
    case 'postgres:':
    case 'postgresql:':
      return { kind: 'postgres', url: url.href, shown: withoutSecrets(url) };
    default:
      throw bad(`starts with ${url.protocol}//, which is no store I know`);
  }
}

function redisAddress(url: URL): RedisAddress {
  // `redis:///tmp/redis.sock` is a common way to write a socket.
  if (url.hostname === '') return socketAddress(url);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 6379 : Number(url.port),
    ...credentials(url),
    db: database(url.pathname.slice(1)),
    tls: url.protocol === 'rediss:',
  };
}

function socketAddress(url: URL): RedisAddress {
  const path = decoded(url.pathname);
  if (path.length < 2) throw bad('names no host and no socket');
  return { path, ...credentials(url), db: database(url.searchParams.get('db') ?? ''), tls: false };
}

function credentials(url: URL): Pick<RedisAddress, 'username' | 'password'> {
  return {
    ...(url.username === '' ? {} : { username: decoded(url.username) }),
    ...(url.password === '' ? {} : { password: decoded(url.password) }),
  };
}

function database(text: string): number {
  if (text === '') return 0;
  if (!/^\d{1,4}$/.test(text)) throw bad('has a database that is not a number');
  return Number(text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (thrown: unknown) {
    throw bad('has a % that is not followed by two hexadecimal digits', thrown);
  }
}

function withoutSecrets(url: URL): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '***';
  // Options may carry secrets too (`?password=`, `?sslkey=`).
  shown.search = '';
  return shown.href;
}

function bad(what: string, cause?: unknown): OpsError {
  return new OpsError('BadConfig', `STATE_URL ${what}`, { nextStep: `use ${FORMS}`, cause });
}
