import { MINUTE_MS, SECOND_MS } from '../../src/core/clock.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { ChangeContext } from '../../src/core/job.ts';

/** An API server that is upgraded comes back within minutes; agents carry traffic without it. */
export const OUTAGE_LIMIT_MS = 10 * MINUTE_MS;
const FIRST_PAUSE_MS = 1 * SECOND_MS;
const LONGEST_PAUSE_MS = 10 * SECOND_MS;

/**
 * Does `work` again until the API server answers, for as long as `OUTAGE_LIMIT_MS` without any answer: half a switch is
 * worse than a late one. For reading, and for writes that may be repeated.
 * @throws what `work` threw, at once when waiting does not help; the signal's reason
 */
export async function patiently<Value>(
  { clock, signal, log }: Pick<ChangeContext, 'clock' | 'signal' | 'log'>,
  work: () => Promise<Value>,
): Promise<Value> {
  const startedMs = clock.now().getTime();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await work();
    } catch (thrown: unknown) {
      signal.throwIfAborted();
      if (!isOutage(thrown) || clock.now().getTime() - startedMs > OUTAGE_LIMIT_MS) throw thrown;
      log.warn({ err: thrown }, 'the cluster does not answer: waiting for it');
      await clock.sleep(Math.max(pauseMs, thrown.retryAfterMs ?? 0), signal);
    }
  }
}

const OUTAGES: ReadonlySet<string> = new Set(['ClusterUnreachable', 'ClusterTimeout', 'TooManyRequests', 'Expired']);

/** Nobody answered, or asked us to come back: nothing is known, and nothing is wrong with the question. */
export function isOutage(thrown: unknown): thrown is OpsError {
  return thrown instanceof OpsError && OUTAGES.has(thrown.code);
}

/** Somebody else goes on with this run, or changes this cluster: not another word, and above all no way back. */
export function isOver(thrown: unknown): boolean {
  return thrown instanceof OpsError && (thrown.code === 'Superseded' || thrown.blame === 'store');
}
