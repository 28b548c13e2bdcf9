import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OpsError } from '../../src/core/errors.ts';
import type { Check } from '../../src/core/run/check.ts';
import { judgePostgres, type PostgresSigns } from '../../src/store/doctor-postgres.ts';
import { judgeRedis, type RedisSigns } from '../../src/store/doctor-redis.ts';
import { embeddedCheck, examineStore } from '../../src/store/doctor-store.ts';
import { type OpenState, openState } from '../../src/store/open-state.ts';
import { createMemoryState } from '../support/memory-state.ts';
import { silentLog } from '../support/run-events.ts';
import { redisBinary, type SpawnedRedis, spawnRedis } from '../support/spawn-redis.ts';

const notPassed = (checks: readonly Check[]) =>
  checks.filter(({ verdict }) => verdict !== 'pass').map(({ id, verdict }) => `${id} ${verdict}`);
const named = (checks: readonly Check[], id: string) => checks.find((check) => check.id === id);

const WELL: RedisSigns = {
  info: {
    redis_version: '7.2.4',
    role: 'master',
    aof_enabled: '1',
    aof_last_write_status: 'ok',
    maxmemory: '0',
    used_memory: '1048576',
    maxmemory_policy: 'noeviction',
  },
  appendfsync: 'always',
  pingsMs: [1, 2, 3],
};

describe('how a Redis is judged', () => {
  it('as it should be', () => {
    expect(notPassed(judgeRedis(WELL))).toEqual([]);
  });

  const MIB = 1024 * 1024;
  it.each([
    { when: 'too old', info: { redis_version: '6.0.16' }, want: 'store-version fail', fix: 'use Redis 6.2' },
    {
      when: 'a replica',
      info: { role: 'slave', master_host: 'db1', master_port: '6379' },
      want: 'store-role fail',
      fix: 'the primary (db1:6379)',
    },
    {
      when: 'without an append-only file',
      info: { aof_enabled: '0' },
      want: 'store-persistence fail',
      fix: 'CONFIG SET appendonly yes; CONFIG SET appendfsync always',
    },
    {
      when: 'whose disk is full',
      info: { aof_last_write_status: 'err' },
      want: 'store-persistence fail',
      fix: 'make room',
    },
    {
      when: 'that evicts, with a limit',
      info: { maxmemory_policy: 'allkeys-lru', maxmemory: `${MIB * 9}` },
      want: 'store-eviction fail',
      fix: 'CONFIG SET maxmemory-policy noeviction',
    },
    {
      when: 'that would evict',
      info: { maxmemory_policy: 'volatile-ttl' },
      want: 'store-eviction warn',
      fix: 'CONFIG SET maxmemory-policy noeviction',
    },
    {
      when: 'nearly full',
      info: { maxmemory: `${MIB * 100}`, used_memory: `${MIB * 85}` },
      want: 'store-memory warn',
      fix: 'more memory',
    },
    {
      when: 'full',
      info: { maxmemory: `${MIB * 100}`, used_memory: `${MIB * 97}` },
      want: 'store-memory fail',
      fix: 'more memory',
    },
  ])('$when', ({ info, want, fix }) => {
    const checks = judgeRedis({ ...WELL, info: { ...WELL.info, ...info } });

    expect(notPassed(checks)).toEqual([want]);
    expect(named(checks, want.split(' ')[0] ?? '')?.fix).toContain(fix);
  });

  it.each([
    { appendfsync: 'everysec', want: 'store-persistence warn', fix: 'CONFIG SET appendfsync always' },
    { appendfsync: 'no', want: 'store-persistence warn', fix: 'CONFIG SET appendfsync always' },
    // CONFIG may not be asked on a managed server.
    { appendfsync: undefined, want: 'store-persistence unknown', fix: 'managed service' },
  ])('appendfsync $appendfsync', ({ appendfsync, want, fix }) => {
    const checks = judgeRedis({ ...WELL, appendfsync });

    expect(notPassed(checks)).toEqual([want]);
    expect(named(checks, 'store-persistence')?.fix).toContain(fix);
  });

  it.each([
    { when: 'a little slow', pingsMs: [60, 70, 80], want: ['store-latency warn'] },
    { when: 'slow once', pingsMs: [1, 2, 900], want: [] },
    { when: 'too slow', pingsMs: [400, 500, 600], want: ['store-latency fail'] },
  ])('$when', ({ pingsMs, want }) => {
    expect(notPassed(judgeRedis({ ...WELL, pingsMs }))).toEqual(want);
  });

  it('any Valkey will do', () => {
    const info = { ...WELL.info, redis_version: '7.2.4', valkey_version: '8.1.0' };

    expect(named(judgeRedis({ ...WELL, info }), 'store-version')?.evidence).toBe('Valkey 8.1.0');
  });
});

describe('how a Postgres is judged', () => {
  const well: PostgresSigns = {
    version: '17.2',
    in_recovery: false,
    fsync: 'on',
    synchronous_commit: 'on',
    used: 10,
    max: 100,
    pingsMs: [1],
  };

  it.each([
    { when: 'as it should be', signs: {}, want: [] },
    { when: 'a standby', signs: { in_recovery: true }, want: ['store-role fail'] },
    { when: 'without fsync', signs: { fsync: 'off' }, want: ['store-persistence fail'] },
    { when: 'with lazy commits', signs: { synchronous_commit: 'off' }, want: ['store-persistence fail'] },
    { when: 'short of connections', signs: { used: 90 }, want: ['store-connections warn'] },
  ])('$when', ({ signs, want }) => {
    expect(notPassed(judgePostgres({ ...well, ...signs }))).toEqual(want);
  });
});

describe('a store that cannot be looked at', () => {
  it('is a finding, not an error', async () => {
    const { blobs } = createMemoryState();
    const gone = () => Promise.reject(new OpsError('StoreUnavailable', 'the store did not answer'));

    const checks = await examineStore('redis://db:6379', { blobs }, gone);

    expect(checks).toMatchObject([{ id: 'store-reached', verdict: 'fail', evidence: 'the store did not answer' }]);
  });

  it('the embedded one is for trying out', () => {
    expect(embeddedCheck('./.data')).toMatchObject({ verdict: 'warn', fix: expect.stringContaining('STATE_URL') });
  });
});

describe.skipIf(redisBinary() === undefined)('a real Redis (needs redis-server on PATH)', () => {
  let redis: SpawnedRedis;
  let opened: OpenState;
  let client: Redis;
  beforeAll(async () => {
    redis = await spawnRedis();
    opened = await openState({ url: redis.url, dataDir: '', log: silentLog });
    client = new Redis(redis.url.replace('redis+unix://', ''));
    client.on('error', () => undefined);
  });
  afterAll(async () => {
    client.disconnect();
    await opened.close();
    await redis.stop();
  });

  /** How long it takes depends on the machine. */
  const settled = async () =>
    notPassed(await opened.examine()).filter((each) => !/^store-(latency|writes) /.test(each));

  it('is well, is found out when its settings are changed, and is missed when it is gone', async () => {
    expect(await settled()).toEqual([]);
    expect(named(await opened.examine(), 'store-version')?.evidence).toMatch(/^(Redis|Valkey) \d/);

    await client.config('SET', 'appendfsync', 'everysec');
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await settled()).toEqual(['store-persistence warn', 'store-eviction warn']);

    await client.config('SET', 'appendonly', 'no');
    await client.config('SET', 'maxmemory', `${512 * 1024 * 1024}`);
    expect(await settled()).toEqual(['store-persistence fail', 'store-eviction fail']);

    await redis.kill();
    expect(await opened.examine()).toMatchObject([{ id: 'store-reached', verdict: 'fail' }]);
  });
});
