import { within } from '../core/deadline.ts';
import { checkOf, checkOfError } from '../core/doctoring.ts';
import { OpsError } from '../core/errors.ts';
import type { State } from '../core/ports/ports.ts';
import type { Check } from '../core/run/check.ts';
import { latencyCheck, timedEach } from './doctor-latency.ts';

const WRITES = 5;
const LIMIT_MS = 10_000;
const KEPT_MS = 60_000;

const REACHED = {
  id: 'store-reached',
  title: 'Reached',
  why: 'runs, votes and the queue live there: without it nothing is accepted',
} as const;

/** A few durable writes through the run store's own way, then what `judged` says of the server. Never rejects. */
export async function examineStore(
  shown: string,
  { blobs }: Pick<State, 'blobs'>,
  judged: () => Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  try {
    return await within(LIMIT_MS, examined(shown, { blobs }, judged));
  } catch (thrown) {
    return [checkOfError({ ...REACHED, verdict: 'fail' }, asAway(shown, thrown))];
  }
}

async function examined(
  shown: string,
  { blobs }: Pick<State, 'blobs'>,
  judged: () => Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  const writesMs = await timedEach(WRITES, () =>
    blobs.put('doctor/latency', Buffer.from('written to be timed'), { ttlMs: KEPT_MS }),
  );
  const reached = checkOf(REACHED.id, REACHED.title, { verdict: 'pass', evidence: shown, why: REACHED.why });
  const own = await judged();
  return [reached, ...own, latencyCheck('store-writes', 'Durable writes', writesMs)];
}

function asAway(shown: string, thrown: unknown): OpsError {
  if (thrown instanceof OpsError) return thrown;
  const nextStep = 'check that the state store runs and can be reached from here';
  return new OpsError('StoreUnavailable', `${shown} did not answer in time`, { nextStep, cause: thrown });
}

export function embeddedCheck(dataDir: string): Check {
  return checkOf('store-embedded', 'Embedded', {
    verdict: 'warn',
    evidence: `the embedded store in ${dataDir}: for trying out, on one machine`,
    why: 'it stops with the last process of this machine, and no second machine can share it',
    fix: 'set STATE_URL to a Redis or Valkey with appendonly yes, appendfsync always and maxmemory-policy noeviction',
  });
}
