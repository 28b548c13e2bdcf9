import type { Redis } from 'ioredis';
import { checkOf, graded } from '../core/doctoring.ts';
import type { Check } from '../core/run/check.ts';
import { latencyCheck, timedEach } from './doctor-latency.ts';
import { isNewEnough, OLDEST_REDIS } from './redis-version.ts';

/** What INFO says, and CONFIG where it may be asked: managed servers forbid it. */
export type RedisSigns = {
  readonly info: Readonly<Record<string, string>>;
  readonly appendfsync: string | undefined;
  readonly pingsMs: readonly number[];
};

const PINGS = 20;

/** Each command has the client's own limit of a second. @throws Error of the driver */
export async function readRedisSigns(redis: Redis): Promise<RedisSigns> {
  const pingsMs = await timedEach(PINGS, () => redis.ping());
  // A busy machine misses an answer now and then: asked once more.
  const info = parseInfo(await redis.info().catch(() => redis.info()));
  const appendfsync = await redis.config('GET', 'appendfsync').then(
    (pairs) => settingOf(pairs, 'appendfsync'),
    // Not allowed here: an answer of its own.
    () => undefined,
  );
  return { info, appendfsync, pingsMs };
}

function parseInfo(text: string): Readonly<Record<string, string>> {
  const lines = text.split(/\r?\n/).filter((line) => line.includes(':'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const),
  );
}

function settingOf(pairs: unknown, name: string): string | undefined {
  if (!Array.isArray(pairs)) return undefined;
  const at = pairs.indexOf(name);
  return at < 0 ? undefined : String(pairs[at + 1]);
}

export function judgeRedis(signs: RedisSigns): readonly Check[] {
  return [
    versionCheck(signs),
    roleCheck(signs),
    persistenceCheck(signs),
    evictionCheck(signs),
    memoryCheck(signs),
    latencyCheck('store-latency', 'Latency', signs.pingsMs),
  ];
}

function versionCheck({ info }: RedisSigns): Check {
  const { valkey_version: valkey, redis_version: redis = '' } = info;
  const why = `the queue needs Redis ${OLDEST_REDIS} or newer, or any Valkey`;
  if (valkey !== undefined)
    return checkOf('store-version', 'Version', { verdict: 'pass', evidence: `Valkey ${valkey}`, why });
  if (isNewEnough(redis))
    return checkOf('store-version', 'Version', { verdict: 'pass', evidence: `Redis ${redis}`, why });
  const fix = `use Redis ${OLDEST_REDIS} or newer, or Valkey`;
  return checkOf('store-version', 'Version', { verdict: 'fail', evidence: `Redis ${redis}`, why, fix });
}

function roleCheck({ info }: RedisSigns): Check {
  const why = 'a replica takes no writes: nothing typed in Slack would be accepted';
  const role = info['role'] ?? 'unknown';
  if (role !== 'slave')
    return checkOf('store-role', 'Takes writes', { verdict: 'pass', evidence: `role ${role}`, why });
  const primary = `${info['master_host'] ?? '?'}:${info['master_port'] ?? '?'}`;
  const fix = `point STATE_URL at the primary (${primary}), or at a name that follows it`;
  return checkOf('store-role', 'Takes writes', {
    verdict: 'fail',
    evidence: `a replica of ${primary}`,
    why,
    fix,
  });
}

const PERSISTENCE = {
  id: 'store-persistence',
  title: 'Keeps what it acknowledged',
  why: 'votes and the progress of a change must survive a restart of the store',
} as const;

function persistenceCheck({ info, appendfsync }: RedisSigns): Check {
  const say = (verdict: Check['verdict'], evidence: string, fix = ''): Check =>
    checkOf(PERSISTENCE.id, PERSISTENCE.title, { verdict, evidence, why: PERSISTENCE.why, fix });
  const keep = 'keep it in redis.conf too, or with CONFIG REWRITE';
  if (info['aof_enabled'] !== '1')
    return say(
      'fail',
      'appendonly is off: everything since the last snapshot is lost with the server',
      `CONFIG SET appendonly yes; CONFIG SET appendfsync always; ${keep}`,
    );
  if ((info['aof_last_write_status'] ?? 'ok') !== 'ok')
    return say('fail', 'the last write of the append-only file failed', 'make room on the disk of the store');
  if (appendfsync === 'always') return say('pass', 'appendonly yes, appendfsync always');
  if (appendfsync === undefined)
    return say(
      'unknown',
      'appendonly is on; CONFIG may not be asked here, so appendfsync is not known',
      'look into the settings of the managed service: appendfsync must be always (Amazon: MemoryDB, not ElastiCache)',
    );
  const lost =
    appendfsync === 'everysec' ? 'up to a second of what was acknowledged' : 'what the kernel had not written';
  return say('warn', `appendfsync ${appendfsync}: a crash loses ${lost}`, `CONFIG SET appendfsync always; ${keep}`);
}

function evictionCheck({ info }: RedisSigns): Check {
  const policy = info['maxmemory_policy'] ?? 'unknown';
  const why = 'any other policy throws away runs and queued jobs when memory is short';
  if (policy === 'noeviction')
    return checkOf('store-eviction', 'Evicts nothing', { verdict: 'pass', evidence: policy, why });
  const limited = Number(info['maxmemory'] ?? 0) > 0;
  return checkOf('store-eviction', 'Evicts nothing', {
    verdict: limited ? 'fail' : 'warn',
    evidence: `maxmemory-policy ${policy}${limited ? '' : ', without a limit of memory so far'}`,
    why,
    fix: 'CONFIG SET maxmemory-policy noeviction; keep it in redis.conf too, or with CONFIG REWRITE',
  });
}

const MIB = 1024 * 1024;

function memoryCheck({ info }: RedisSigns): Check {
  const [used, limit] = [Number(info['used_memory'] ?? 0), Number(info['maxmemory'] ?? 0)];
  const share = limit > 0 ? used / limit : 0;
  const evidence =
    limit > 0
      ? `${Math.round(used / MIB)} of ${Math.round(limit / MIB)} MiB (${Math.round(share * 100)} %)`
      : `${Math.round(used / MIB)} MiB, no limit set`;
  const why = 'a full store refuses writes: commands are then answered with "not accepted"';
  const fix = 'give the store more memory, or keep runs for fewer days (KEEP_RUNS_DAYS)';
  const verdict = graded(share, { warn: 0.8, fail: 0.95 });
  return checkOf('store-memory', 'Memory', { verdict, evidence, why, ...(verdict === 'pass' ? {} : { fix }) });
}
