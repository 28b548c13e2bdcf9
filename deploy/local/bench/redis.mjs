import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { stopChild } from '../children.mjs';
import { until } from './stack.mjs';

/** A private Redis in `dir`, kept as production keeps it; undefined where there is none on PATH. */
export async function startRedis(dir) {
  const binary = ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0);
  if (binary === undefined) return undefined;
  const socket = join(dir, 'redis.sock');
  const settings = ['--port', '0', '--unixsocket', socket, '--dir', dir, '--save', ''];
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];
  const child = spawn(binary, [...settings, ...durable], { stdio: 'ignore' });
  await until(() => existsSync(socket), 10_000);
  return {
    url: `redis+unix://${socket}`,
    socket,
    empty: () => void connect(socket).end('FLUSHALL\r\n'),
    stop: () => stopChild(child),
  };
}
