import { targetWords } from '../../src/cilium/switch/switch-work.ts';
import type { JobResult } from '../../src/core/job.ts';
import { endings } from './endings.ts';
import { keep, keptState } from './kept-state.ts';
import { lossStep } from './loss-step.ts';
import type { Probes } from './probe-step.ts';
import { replaceAgents } from './replace-agents.ts';
import { noteStale } from './stale-step.ts';
import { backwards, type Step, type Switching } from './switching.ts';
import { upgradeStep } from './upgrade-step.ts';
import { verifyTarget } from './verify-step.ts';

/**
 * Undoes what was begun: the old values of the keys we set, not a Helm rollback, whose revision may be gone; then every
 * agent that does not run the old mode. Decided once and kept, so that a worker that takes over does not turn round
 * again. Throws what it cannot do: the caller says that nobody knows.
 */
export async function* goBack(switching: Switching, probes: Probes, why: string): Step<JobResult> {
  const { context, work } = switching;
  const ending = endings(switching);
  // Going back from a way back would be going in circles.
  if (work.undoes !== undefined || work.to.mode === 'tunnel')
    return ending.unknown(`${why}; ${targetWords(work.to)} is not proven, and there is nothing to go back to`);
  await keep(context, keptState(switching, 'back', why));
  const heading = backwards(work);
  yield* upgradeStep(switching, heading);
  const replaced = yield* replaceAgents(switching, heading, { danger: async () => undefined });
  if (replaced.type === 'failed') return ending.unknown(`${why}; on the way back: ${replaced.why}`);
  const verified = yield* verifyTarget(switching, heading, probes);
  if (verified.type === 'failed') return ending.unknown(`${why}; on the way back: ${verified.why}`);
  await keep(context, keptState(switching, 'undone', why));
  await noteStale(switching);
  return ending.undone(why, { checks: verified.checks, losses: yield* lossStep(switching, probes) });
}
