import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { OpsError } from '../core/errors.ts';
import type { Embedded } from './embedded-server.ts';
import { freePort } from './free-port.ts';
import { isNewEnough } from './redis-version.ts';

/*
 * A private Redis or Valkey, shared by all processes of a folder. Its configuration file names the port, and the port
 * is the lock: of two servers started at once the second cannot bind it, ends, and its starter joins the first. The
 * server outlives its starter; the last process that closes stops it.
 */

const START_MS = 15_000;
const POLL_MS = 25;

type Server = { readonly port: number; readonly password: string };

/** `redis-server` or `valkey-server` from PATH, where it is new enough. */
export function findRedisBinary(): string | undefined {
  return ['redis-server', 'valkey-server'].find((name) => {
    const version = / v=([\d.]+)/.exec(spawnSync(name, ['--version'], { encoding: 'utf8' }).stdout)?.[1];
    return version !== undefined && isNewEnough(version);
  });
}

/** Joins the folder's server, or starts it. @throws OpsError BadConfig, StoreUnavailable */
export async function startRedis(folder: string): Promise<Embedded> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    const server = await configured(folder);
    const answer = await ask(server);
    if (answer === 'ours') return toEmbedded(server);
    if (answer === 'stranger') await configure(folder, { ...server, port: await freePort() }, rename);
    if (answer === 'nobody') await launch(folder, server);
    await sleep(POLL_MS);
  }
  throw new OpsError('StoreUnavailable', `the embedded Redis in ${folder} did not start within ${START_MS / 1_000} s`, {
    nextStep: `look at ${join(folder, 'redis.log')}`,
  });
}

function toEmbedded(server: Server): Embedded {
  return {
    url: `redis://:${server.password}@127.0.0.1:${server.port}/0`,
    stopIfLast: () => stopIfLast(server),
  };
}

async function configured(folder: string): Promise<Server> {
  const file = join(folder, 'redis.conf');
  const known = parse(await readFile(file, 'utf8').catch(() => ''));
  if (known !== undefined) return known;
  // Whoever links first decides for all.
  await configure(folder, { port: await freePort(), password: randomBytes(24).toString('hex') }, linkOnce);
  return parse(await readFile(file, 'utf8')) ?? unreadable(file);
}

function parse(text: string): Server | undefined {
  const port = /^port (\d+)$/m.exec(text)?.[1];
  const password = /^requirepass (\w+)$/m.exec(text)?.[1];
  return port === undefined || password === undefined ? undefined : { port: Number(port), password };
}

function unreadable(file: string): never {
  throw new OpsError('BadConfig', `${file} is not what I wrote`, { nextStep: 'remove its folder, or set STATE_URL' });
}

async function linkOnce(from: string, to: string): Promise<void> {
  await link(from, to).catch((thrown: unknown) => {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown;
  });
}

type Publish = (from: string, to: string) => Promise<void>;

async function configure(folder: string, { port, password }: Server, publish: Publish): Promise<void> {
  const draft = join(folder, `redis.conf.${process.pid}.${randomBytes(4).toString('hex')}`);
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `requirepass ${password}`,
    `dir ${JSON.stringify(folder)}`,
    'logfile redis.log',
    // The record of who approved what: an acknowledged write is on disk.
    'appendonly yes',
    'appendfsync always',
    'save ""',
    'maxmemory-policy noeviction',
  ];
  await writeFile(draft, `${lines.join('\n')}\n`, { mode: 0o600 });
  await publish(draft, join(folder, 'redis.conf'));
  await rm(draft, { force: true });
}

type Answer = 'ours' | 'busy' | 'stranger' | 'nobody';

async function ask(server: Server): Promise<Answer> {
  const client = control(server);
  // What went wrong with the connection is in this event; the call only says that it is closed.
  let failure: unknown;
  client.on('error', (thrown: unknown) => {
    failure = thrown;
  });
  try {
    await client.connect();
    await client.ping();
    return 'ours';
  } catch (thrown: unknown) {
    return toAnswer(failure ?? thrown);
  } finally {
    client.disconnect();
  }
}

function toAnswer(thrown: unknown): Answer {
  if (!(thrown instanceof Error)) return 'stranger';
  if ('code' in thrown && thrown.code === 'ECONNREFUSED') return 'nobody';
  if (thrown.message.startsWith('LOADING')) return 'busy';
  return 'stranger';
}

function control({ port, password }: Server): Redis {
  const client = new Redis({
    host: '127.0.0.1',
    port,
    password,
    lazyConnect: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
    commandTimeout: 2_000,
    retryStrategy: () => null,
    replyMapping: 'legacy',
  });
  // Every failure also rejects the call that met it.
  return client.on('error', () => undefined);
}

async function launch(folder: string, server: Server): Promise<void> {
  const binary = findRedisBinary();
  if (binary === undefined) {
    throw new OpsError('BadConfig', `the state in ${folder} needs redis-server, which is not on PATH`, {
      nextStep: 'install redis-server or valkey-server, set STATE_URL, or remove the folder to begin anew',
    });
  }
  // Detached: it must survive this process, and a Ctrl-C in this terminal.
  const child = spawn(binary, [join(folder, 'redis.conf')], { cwd: folder, detached: true, stdio: 'ignore' });
  child.unref();
  const ended = Promise.race([once(child, 'exit'), once(child, 'error')]).then(() => 'ended' as const);
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    const answer = await Promise.race([ended, ask(server)]);
    if (answer !== 'nobody' && answer !== 'busy') return;
    await sleep(POLL_MS);
  }
}

/** How long other clients of this process may take to be gone from the server's list. */
const LEAVE_MS = 500;

async function stopIfLast(server: Server): Promise<void> {
  const client = control(server);
  try {
    await client.connect();
    const deadline = Date.now() + LEAVE_MS;
    while ((await othersOn(client)) > 0) {
      if (Date.now() > deadline) return;
      await sleep(POLL_MS);
    }
    // The answer is that the connection closes.
    await client.shutdown('NOSAVE').catch(() => undefined);
    while ((await ask(server)) !== 'nobody') await sleep(POLL_MS);
  } catch {
    // It is gone already.
  } finally {
    client.disconnect();
  }
}

async function othersOn(client: Redis): Promise<number> {
  return (
    String(await client.client('LIST'))
      .trim()
      .split('\n').length - 1
  );
}
