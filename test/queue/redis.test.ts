import { describe, it } from 'vitest';
import { queueContract } from '../contract/queue.contract.ts';
import { redisBinary, spawnRedis } from '../support/spawn-redis.ts';

if (redisBinary() === undefined) {
  describe.skip('queue: Redis (SKIPPED: neither redis-server nor valkey-server is on PATH)', () => {
    it('keeps the contract', () => undefined);
  });
} else {
  queueContract('Redis', async () => {
    const redis = await spawnRedis();
    return {
      url: redis.url,
      stop: redis.stop,
      outage: async (whileDown) => {
        await redis.kill();
        await whileDown();
        await redis.restart();
      },
    };
  });
}
