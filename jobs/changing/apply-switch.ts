import { SwitchWork } from '../../src/cilium/switch/switch-work.ts';
import type { KeptState } from '../../src/cilium/switch/way-back.ts';
import { toOpsError } from '../../src/core/errors.ts';
import type { ChangeContext, JobResult, JobRun } from '../../src/core/job.ts';
import type { Check } from '../../src/core/run/check.ts';
import type { Plan } from '../../src/core/run/plan.ts';
import { benchAfter, benchBefore } from './bench-step.ts';
import { endings } from './endings.ts';
import { goBack } from './go-back.ts';
import { keep, keptState, readKept } from './kept-state.ts';
import { lossStep } from './loss-step.ts';
import { isOutage, isOver, patiently } from './patience.ts';
import { type Probes, startProbing, stopProbing } from './probe-step.ts';
import { replaceAgents } from './replace-agents.ts';
import { noteStale } from './stale-step.ts';
import { forward, type Step, type Switching, sealed, stopWords } from './switching.ts';
import { upgradeStep } from './upgrade-step.ts';
import { verifyTarget } from './verify-step.ts';

/**
 * Applies a switch of the routing mode, in either direction. What an attempt must know of the one before it stands in
 * the cluster: the kept state says which way it was going, Helm's record what is set, the agents what they run.
 *
 *   forward ──▶ verified ─────────────▶ done      (succeeded)
 *      │ an agent, the proof, a pair of nodes or a person says stop
 *      ▼
 *    back ────▶ verified ─────────────▶ undone    (rolled-back)
 *      │ cannot be proven
 *      ▼
 *   unknown, with what was proven last and the ways on
 */
export async function* applySwitch(plan: Plan, context: ChangeContext): JobRun {
  return yield* sealed(applyIn(SwitchWork.parse(plan.work), context));
}

async function* applyIn(work: SwitchWork, context: ChangeContext): Step<JobResult> {
  const kept = await patiently(context, () => readKept(context, work.release.namespace));
  const mine = kept?.run === context.run ? kept : undefined;
  const switching: Switching = {
    context,
    work,
    cluster: context.cluster.name,
    startedMs: Date.parse(mine?.startedAt ?? '') || context.clock.now().getTime(),
    seen: { touched: context.resumed && mine !== undefined, proven: [], revision: undefined, sinceMs: undefined },
  };
  yield* benchBefore(switching);
  const probes = yield* startProbing(switching);
  if ('type' in probes) return endings(switching).untouched(`probe pods did not start: ${probes.why}`);
  const result = yield* carryOut(switching, probes, mine);
  yield* stopProbing(probes);
  return result;
}

/** Ends in words whatever happens, unless another worker goes on with it: then this one says nothing more. */
async function* carryOut(switching: Switching, probes: Probes, mine: KeptState | undefined): Step<JobResult> {
  const { context } = switching;
  try {
    const isGivenUp = mine?.phase === 'back' || mine?.phase === 'undone';
    const end = isGivenUp ? givenUp(mine) : yield* goForward(switching, probes);
    return yield* finish(switching, probes, end);
  } catch (thrown: unknown) {
    context.signal.throwIfAborted();
    if (isOver(thrown)) throw thrown;
    context.log.warn({ err: thrown }, 'the switch cannot go on');
    return endings(switching).unknown(toOpsError(thrown).message);
  }
}

function givenUp({ why = 'it had been given up' }: KeptState): Forward {
  return { type: 'failed', why };
}

async function* finish(switching: Switching, probes: Probes, end: Forward): Step<JobResult> {
  const { context } = switching;
  const ending = endings(switching);
  if (end.type === 'ok') {
    // Before the benchmark, whose own traffic is another story.
    const losses = yield* lossStep(switching, probes);
    await noteStale(switching);
    return ending.switched({ checks: end.checks, losses }, yield* benchAfter(switching));
  }
  const why = end.type === 'stopped' ? stopWords(switching) : end.why;
  if (switching.seen.touched) return yield* goBack(switching, probes, why);
  const isAsked = end.type === 'stopped' && context.stoppedBecause?.() === undefined;
  return isAsked ? ending.cancelled() : ending.untouched(why);
}

type Forward =
  | { readonly type: 'ok'; readonly checks: readonly Check[] }
  | { readonly type: 'stopped' }
  | { readonly type: 'failed'; readonly why: string };

/** What goes wrong here is a reason to go back, unless nobody answers: then there is no way back either. */
async function* goForward(switching: Switching, probes: Probes): Step<Forward> {
  const { context, work } = switching;
  try {
    if (await context.stopWanted()) return { type: 'stopped' };
    await keep(context, keptState(switching, 'forward'));
    yield* upgradeStep(switching, forward(work));
    const replaced = yield* replaceAgents(switching, forward(work), probes);
    if (replaced.type !== 'ok') return replaced;
    const verified = yield* verifyTarget(switching, forward(work), probes);
    if (verified.type === 'ok') await keep(context, keptState(switching, 'done'));
    return verified;
  } catch (thrown: unknown) {
    context.signal.throwIfAborted();
    if (isOver(thrown) || isOutage(thrown)) throw thrown;
    context.log.warn({ err: thrown }, 'switching failed');
    const { message, nextStep } = toOpsError(thrown);
    return { type: 'failed', why: nextStep === undefined ? message : `${message} (${nextStep})` };
  }
}
