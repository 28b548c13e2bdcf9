import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { openState } from '../../src/store/open-state.ts';
import { runStoreContract } from '../contract/run-store.contract.ts';
import { createMemoryState } from '../support/memory-state.ts';
import { silentLog } from '../support/run-events.ts';
import { redisBinary, spawnRedis } from '../support/spawn-redis.ts';

const close = () => Promise.resolve();
runStoreContract('in memory', async () => ({ state: createMemoryState(), close }), { numRuns: 300 });

runStoreContract('embedded Postgres', () => openEmbeddedPostgres(), { numRuns: 15 });

if (redisBinary() === undefined) {
  describe.skip('run store: Redis (SKIPPED: neither redis-server nor valkey-server is on PATH)', () => {
    it('keeps the contract', () => undefined);
  });
} else {
  runStoreContract('Redis', openRedis, { numRuns: 100 });
}

async function openRedis() {
  const redis = await spawnRedis();
  const opened = await openState({ url: redis.url, dataDir: '', log: silentLog });
  return {
    state: opened.state,
    close: async () => {
      await opened.close();
      await redis.stop();
    },
  };
}

async function openEmbeddedPostgres() {
  const folder = await mkdtemp(join(tmpdir(), 'state-'));
  const opened = await openState({ dataDir: join(folder, 'data'), log: silentLog, embedded: 'postgres' });
  return {
    state: opened.state,
    close: async () => {
      await opened.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
