import { MANAGED_BY, MANAGER, type ProbePod } from '../../src/cilium/probe/probe-pod.ts';
import { MINUTE_MS } from '../../src/core/clock.ts';
import { toOpsError } from '../../src/core/errors.ts';
import { listProbePods, type ProbeContext, removeProbePods } from './probe-pods.ts';

/** Beyond their own deadline; a run that is alive removes its pods itself. */
const GRACE_MS = MINUTE_MS;
const TTL_UNKNOWN_S = 60 * 60;

/**
 * Removes what runs that no longer live have left behind. By age, because who is alive cannot be told from here: pods
 * end by themselves at their deadline, this takes their remains away. Never rejects: it is nobody's purpose.
 */
export async function sweepProbes(context: ProbeContext): Promise<number> {
  try {
    const pods = await listProbePods(context, `${MANAGED_BY}=${MANAGER}`);
    const nowMs = context.clock.now().getTime();
    const old = pods.filter((pod) => pod.owner !== '' && pod.owner !== context.probes.owner && isOver(pod, nowMs));
    await removeProbePods(context, old);
    return old.length;
  } catch (thrown: unknown) {
    context.signal.throwIfAborted();
    context.log.warn({ err: toOpsError(thrown) }, 'probe pods of earlier runs could not be swept');
    return 0;
  }
}

function isOver({ createdAt, ttlSeconds = TTL_UNKNOWN_S }: ProbePod, nowMs: number): boolean {
  const created = Date.parse(createdAt ?? '');
  return !Number.isNaN(created) && nowMs - created > ttlSeconds * 1_000 + GRACE_MS;
}
