import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type SpawnedRedis = {
  /** For STATE_URL. */
  readonly url: string;
  /** Ends the server, waits until it is gone, and removes its folder. */
  readonly stop: () => Promise<void>;
  /** SIGKILL, as an outage; what it acknowledged is in its append-only file. */
  readonly kill: () => Promise<void>;
  /** After `kill`: the same data at the same address. */
  readonly restart: () => Promise<void>;
};

/** The server's binary on PATH, or undefined: suites that need it then skip and say so. */
export function redisBinary(): string | undefined {
  return ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0);
}

/** A private server on a unix socket in a folder of its own. */
export async function spawnRedis(): Promise<SpawnedRedis> {
  const binary = redisBinary();
  if (binary === undefined) throw new Error('neither redis-server nor valkey-server is on PATH');
  const folder = await mkdtemp(join(tmpdir(), 'redis-'));
  const socket = join(folder, 'redis.sock');
  let child = await start(binary, folder, socket);

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  return {
    url: `redis+unix://${socket}`,
    stop: async () => {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
    kill: () => end('SIGKILL'),
    restart: async () => {
      child = await start(binary, folder, socket);
    },
  };
}

async function start(binary: string, folder: string, socket: string): Promise<ChildProcess> {
  const settings = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', ''];
  // As in production: with anything less, `kill` may lose what was acknowledged.
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];
  const child = spawn(binary, [...settings, ...durable], { stdio: 'ignore' });
  const deadline = Date.now() + 10_000;
  while (!(await answers(socket))) {
    if (child.exitCode !== null) throw new Error(`${binary} ended with ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error(`${binary} did not answer within 10 s`);
    await sleep(20);
  }
  return child;
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket, () => connection.write('PING\r\n'));
    const end = (answer: boolean): void => {
      connection.destroy();
      resolve(answer);
    };
    connection.on('data', (answer) => end(answer.toString().startsWith('+PONG')));
    connection.on('error', () => end(false));
  });
}
