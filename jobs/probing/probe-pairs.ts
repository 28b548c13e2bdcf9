import { stateOf } from '../../src/cilium/probe/probe-loss.ts';
import type { ProbeFacts } from '../../src/cilium/verification/verification-facts.ts';
import { MINUTE_MS, SECOND_MS } from '../../src/core/clock.ts';
import { toOpsError } from '../../src/core/errors.ts';
import type { JobContext } from '../../src/core/job.ts';
import type { ProbeContext } from './probe-pods.ts';
import { type Prober, withProbes } from './prober.ts';

/** A new pod's first questions may be lost until every node knows it: so long do answers have time to become good. */
const SETTLE_MS = 10 * SECOND_MS;
const POLL_MS = SECOND_MS;
const TTL_MS = 10 * MINUTE_MS;

/**
 * Probes between the nodes until all pairs work, or as long as answers have time to become good. Where this worker may
 * make no pods, or they do not get ready, that is the answer: it never rejects but for a cancelled run.
 */
export async function probePairs(
  context: Pick<JobContext, 'cluster' | 'clock' | 'log' | 'signal' | 'probes'>,
  nodes: readonly string[],
): Promise<ProbeFacts> {
  const { probes, signal, log } = context;
  if (nodes.length < 2) return { state: 'probed', pairs: [], sinceMs: 0, of: 0 };
  if (probes === undefined) return { state: 'not-probed', why: 'this worker may not make pods' };
  try {
    return await withProbes({ ...context, probes }, { nodes, ttlMs: TTL_MS }, (prober) => settled(prober, context));
  } catch (thrown: unknown) {
    signal.throwIfAborted();
    const error = toOpsError(thrown);
    log.warn({ err: error }, 'pairs of nodes could not be probed');
    return { state: 'not-probed', why: error.message };
  }
}

async function settled(prober: Prober, { clock, signal }: Pick<ProbeContext, 'clock' | 'signal'>): Promise<ProbeFacts> {
  const endMs = clock.now().getTime() + SETTLE_MS;
  for (;;) {
    const pairs = await prober.read(SETTLE_MS * 2, signal);
    const isOver = clock.now().getTime() >= endMs;
    if (isOver || pairs.every((pair) => stateOf(pair) === 'works'))
      return { state: 'probed', pairs, sinceMs: 0, of: prober.of };
    await clock.sleep(POLL_MS, signal);
  }
}
