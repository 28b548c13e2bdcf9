import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenState, openState } from '../../src/store/open-state.ts';
import { anEvent, aRunId, silentLog } from '../support/run-events.ts';
import { redisBinary, type SpawnedRedis, spawnRedis } from '../support/spawn-redis.ts';

describe.skipIf(redisBinary() === undefined)('state on Redis in an outage (needs redis-server on PATH)', () => {
  let redis: SpawnedRedis;
  let opened: OpenState;
  beforeAll(async () => {
    redis = await spawnRedis();
    opened = await openState({ url: redis.url, dataDir: '', log: silentLog });
  });
  afterAll(async () => {
    await opened.close();
    await redis.stop();
  });

  it('fails within a second, says nothing of the payload, and goes on when the server is back', async () => {
    const run = aRunId();
    const secret = anEvent('requested', { run, text: 'status s3cret' });
    await opened.state.runs.append(run, 0, secret);
    await redis.kill();

    const began = Date.now();
    const thrown: unknown = await opened.state.runs.append(run, 1, secret).catch((error: unknown) => error);

    expect(Date.now() - began).toBeLessThan(1_300);
    expect(thrown).toMatchObject({ code: 'StoreUnavailable' });
    const cause = thrown instanceof Error ? thrown.cause : undefined;
    expect(JSON.stringify([cause, Object.entries(cause ?? {}), String(cause)])).not.toContain('s3cret');
    expect(cause).not.toHaveProperty('command');

    await redis.restart();
    await expect.poll(() => opened.state.runs.read(run, 0).catch(() => 'away'), { timeout: 10_000 }).toEqual([secret]);
  });
});
