import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, chown, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { OpsError } from '../core/errors.ts';
import { findLauncher, type Launcher } from './embedded-postgres-user.ts';
import { type Embedded, exists } from './embedded-server.ts';
import { freePort } from './free-port.ts';

/*
 * A private Postgres from npm, shared by all processes of a folder. Made aside and renamed into place, so a folder has
 * one or none; Postgres' own postmaster.pid arbitrates between several starters. The port is chosen once, so clients
 * ride over a restart. The server outlives its starter; the last process that closes stops it.
 */

const START_MS = 30_000;
const POLL_MS = 25;
const SECRET = 'chatops.secret';

/** Joins the folder's server, or starts it. @throws OpsError BadConfig, StoreUnavailable */
export async function startPostgres(folder: string): Promise<Embedded> {
  const home = join(folder, 'pg');
  const launcher = await findLauncher(folder, home);
  if (!(await exists(home))) await initialise(folder, home, launcher);
  const url = async (port: string): Promise<string> => {
    const secret = await readFile(join(home, SECRET), 'utf8');
    return `postgres://postgres:${secret}@127.0.0.1:${port}/postgres`;
  };
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    const running = await readPidFile(home);
    const found = running === undefined ? undefined : await url(running.port);
    if (running !== undefined && found !== undefined && (await answers(found))) {
      return { url: found, stopIfLast: () => stopIfLast(found, home) };
    }
    await launch(folder, home, launcher);
  }
  throw new OpsError('StoreUnavailable', `the embedded Postgres did not start within ${START_MS / 1_000} s`, {
    nextStep: `look at ${logFile(folder)}, or set STATE_URL`,
  });
}

function logFile(folder: string): string {
  return join(folder, 'postgres.log');
}

async function initialise(folder: string, home: string, launcher: Launcher): Promise<void> {
  const draft = join(folder, `pg.${process.pid}.${randomBytes(4).toString('hex')}`);
  const secret = randomBytes(24).toString('hex');
  const secretFile = `${draft}.secret`;
  await mkdir(draft, { mode: 0o700 });
  await writeFile(secretFile, secret, { mode: 0o600 });
  if (launcher.uid !== undefined) for (const path of [draft, secretFile]) await chown(path, launcher.uid, launcher.uid);
  try {
    await runInitdb(folder, launcher, ['-D', draft, `--pwfile=${secretFile}`]);
    const settings = `port = ${await freePort()}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 200\n`;
    await appendFile(join(draft, 'postgresql.conf'), settings);
    await rename(secretFile, join(draft, SECRET));
    // Fails where another starter was first: its folder is then the one.
    await rename(draft, home).catch(async (thrown: unknown) => {
      if (!(await exists(home))) throw thrown;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
    await rm(secretFile, { force: true });
  }
}

async function runInitdb(folder: string, launcher: Launcher, args: readonly string[]): Promise<void> {
  const log = await open(logFile(folder), 'a', 0o600);
  try {
    // Without a sync of every file of the new folder, which takes seconds: it holds nothing yet.
    const fixed = [
      '--no-sync',
      '-U',
      'postgres',
      '--auth=scram-sha-256',
      '--locale=C',
      '--encoding=UTF8',
      '--no-instructions',
    ];
    const child = launcher.spawn('initdb', [...fixed, ...args], log.fd);
    const [code] = await once(child, 'exit');
    if (code === 0) return;
    const said = (await readFile(logFile(folder), 'utf8')).trim().split('\n').at(-1) ?? '';
    throw new OpsError('StoreUnavailable', `the embedded Postgres could not be made (${code}): ${said.slice(0, 200)}`, {
      nextStep: `look at ${logFile(folder)}, or set STATE_URL`,
    });
  } finally {
    await log.close();
  }
}

/** Returns when the server is ready or has ended; it ends at once where another was first. */
async function launch(folder: string, home: string, launcher: Launcher): Promise<void> {
  const log = await open(logFile(folder), 'a', 0o600);
  const child = launcher.spawn('postgres', ['-D', home], log.fd);
  child.unref();
  await log.close();
  const ended = once(child, 'exit').then(() => true);
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    if (await Promise.race([ended, sleep(POLL_MS, false)])) return sleep(POLL_MS);
    if ((await readPidFile(home)) !== undefined) return;
  }
}

type Running = { readonly pid: number; readonly port: string };

/** postmaster.pid: pid in line 1, port in line 4, `ready` in line 8. */
async function readPidFile(home: string): Promise<Running | undefined> {
  const lines = (await readFile(join(home, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const [pid, , , port] = lines;
  return lines[7]?.trim() === 'ready' && port !== undefined ? { pid: Number(pid), port } : undefined;
}

async function answers(url: string): Promise<boolean> {
  return withClient(url, () => Promise.resolve(true)).catch(() => false);
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000, query_timeout: 2_000 });
  // Every failure also rejects the call that met it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** How long other connections of this process may take to be gone from the server's list. */
const LEAVE_MS = 500;
const OTHERS = `select count(*)::int as n from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`;

async function stopIfLast(url: string, home: string): Promise<void> {
  const last = await withClient(url, async (client) => {
    const deadline = Date.now() + LEAVE_MS;
    while (((await client.query<{ n: number }>(OTHERS)).rows[0]?.n ?? 0) > 0) {
      if (Date.now() > deadline) return false;
      await sleep(POLL_MS);
    }
    return true;
  }).catch(() => false);
  const running = await readPidFile(home);
  if (!last || running === undefined) return;
  process.kill(running.pid, 'SIGINT');
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline && (await exists(join(home, 'postmaster.pid')))) await sleep(POLL_MS);
}
