import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { OpsError } from '../core/errors.ts';
import type { Log } from '../core/ports/ports.ts';
import { findRedisBinary, startRedis } from './embedded-redis.ts';
import { type Embedded, exists } from './embedded-server.ts';

export type EmbeddedKind = 'redis' | 'postgres';

/**
 * The state of a folder, where STATE_URL is not set: for the demo, tests and a first try on one machine. What the
 * folder was begun with stays, so that two processes with different PATHs never see two states; a new folder takes
 * redis-server or valkey-server where one is on PATH, else the Postgres that comes with npm.
 * @throws OpsError BadConfig, StoreUnavailable
 */
export async function startEmbedded(dataDir: string, log: Log, wanted?: EmbeddedKind): Promise<Embedded> {
  const folder = resolve(dataDir);
  try {
    await mkdir(folder, { recursive: true });
    const kind = wanted ?? (await begunWith(folder)) ?? (findRedisBinary() === undefined ? 'postgres' : 'redis');
    log.debug({ kind, folder }, 'using the embedded state store');
    if (kind === 'redis') return await startRedis(join(folder, 'redis'));
    // Loaded here, so that who uses Redis does not carry Postgres' driver.
    const { startPostgres } = await import('./embedded-postgres.ts');
    return await startPostgres(folder);
  } catch (thrown: unknown) {
    throw notAllowed(folder, thrown);
  }
}

async function begunWith(folder: string): Promise<EmbeddedKind | undefined> {
  if (await exists(join(folder, 'redis'))) return 'redis';
  return (await exists(join(folder, 'pg'))) ? 'postgres' : undefined;
}

function notAllowed(folder: string, thrown: unknown): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS') return thrown;
  return new OpsError('BadConfig', `${folder} belongs to another user or cannot be written`, {
    nextStep: 'start as the user who made it, use another folder, or set STATE_URL',
    cause: thrown,
  });
}
