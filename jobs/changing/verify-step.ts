import { count, listed } from '../../src/cilium/facts/text.ts';
import { targetWords } from '../../src/cilium/switch/switch-work.ts';
import { isProven, verify } from '../../src/cilium/verification/verification.ts';
import { SECOND_MS } from '../../src/core/clock.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { Check } from '../../src/core/run/check.ts';
import { readVerificationFacts, surveyAgents } from '../reading/verification-facts.ts';
import { patiently } from './patience.ts';
import type { Probes } from './probe-step.ts';
import { type Heading, type Step, type Switching, strictReading } from './switching.ts';

/** Agents install the routes to each other within seconds of being ready; a node that was slow gets its time. */
const VERIFY_LIMIT_MS = 90 * SECOND_MS;
const AGAIN_MS = 5 * SECOND_MS;
type Probing = Pick<Probes, 'isAccepted' | 'mark' | 'facts'>;

export type Verified =
  | { readonly type: 'ok'; readonly checks: readonly Check[] }
  | { readonly type: 'failed'; readonly why: string; readonly checks: readonly Check[] };

/** Proves the target on every node and between every pair, or says what is not so. Health lines are never asked. */
export async function* verifyTarget(switching: Switching, heading: Heading, probing: Probing): Step<Verified> {
  const { context, seen } = switching;
  const step = `${heading.prefix}verify`;
  yield { type: 'step-started', step, title: `Verify ${targetWords(heading.target)} on every node and pair` };
  const startedMs = context.clock.now().getTime();
  let checks: readonly Check[] = [];
  await probing.mark();
  await context.clock.sleep(AGAIN_MS, context.signal);
  for (;;) {
    checks = await patiently(context, () => prove(switching, heading, probing));
    const nowMs = context.clock.now().getTime();
    if (isEnough(checks, probing) || nowMs - startedMs > VERIFY_LIMIT_MS) break;
    yield { type: 'counted', step, done: provenOf(checks), total: checks.length, detail: openWords(checks) };
    await context.clock.sleep(AGAIN_MS, context.signal);
  }
  const isOk = isEnough(checks, probing);
  const detail = isOk ? `${provenOf(checks)} of ${count(checks.length, 'proof')}` : openWords(checks);
  yield { type: 'step-ended', step, result: isOk ? 'ok' : 'failed', detail };
  if (!isOk)
    return { type: 'failed', why: `${targetWords(heading.target)} is not proven: ${openWords(checks)}`, checks };
  seen.proven.push(`${targetWords(heading.target)} verified on every node`);
  return { type: 'ok', checks };
}

/** What nobody may probe was accepted by the approvers, with the plan: the rest has to be proven. */
function isEnough(checks: readonly Check[], { isAccepted }: Probing): boolean {
  return isProven(isAccepted ? checks.filter(({ id }) => id !== 'pair-probe') : checks);
}

function provenOf(checks: readonly Check[]): number {
  return checks.filter(({ verdict }) => verdict === 'pass' || verdict === 'warn').length;
}

function openWords(checks: readonly Check[]): string {
  const open = checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'unknown');
  return listed(
    open.map(({ title, evidence }) => `${title}: ${evidence}`),
    2,
  ).slice(0, 300);
}

async function prove({ context, work }: Switching, { target }: Heading, probing: Probing): Promise<readonly Check[]> {
  const reading = strictReading(context);
  const survey = await surveyAgents(reading);
  if (survey === undefined)
    throw new OpsError('CiliumAbsent', `there is no DaemonSet of Cilium any more in ${work.agents.namespace}`);
  const [facts, probes] = await Promise.all([readVerificationFacts(reading, survey, () => undefined), probing.facts()]);
  return verify({ ...facts, probes }, target);
}
