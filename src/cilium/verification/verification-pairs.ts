import { count, listed } from '../facts/text.ts';
import { lossOf, type PairProbes, stateOf } from '../probe/probe-loss.ts';
import type { Expectation, Found, VerificationFacts } from './verification-facts.ts';

/** Also a policy that denies the probe pods looks like dead traffic: the fix names it. */
const NOT_REACHED =
  'look at routes and firewalls between these nodes; a policy that denies the probe pods’ namespace looks the same';

export function pairProbe({ probes }: VerificationFacts, _expected: Expectation): Found {
  if (probes.state === 'not-probed')
    return {
      verdict: 'unknown',
      evidence: `not probed: ${probes.why}`,
      fix: 'give the worker the right to make probe pods, then verify again',
    };
  const { pairs, sinceMs, of } = probes;
  const states = pairs.map((pair) => ({ pair, state: stateOf(pair, sinceMs) }));
  const dead = states.filter(({ state }) => state === 'fails').map(({ pair }) => pair);
  if (dead.length > 0)
    return {
      verdict: 'fail',
      evidence: `${dead.length} of ${count(pairs.length, 'pair')} not reached: ${names(dead)}`,
      fix: NOT_REACHED,
    };
  const hidden = states.filter(({ state }) => state === 'masqueraded').map(({ pair }) => pair);
  if (hidden.length > 0) {
    const [example] = hidden.map((pair) => lossOf(pair, sinceMs).seenAs[0] ?? 'another address');
    return {
      verdict: 'fail',
      evidence: `${hidden.length} of ${count(pairs.length, 'pair')} masqueraded: ${names(hidden)}, seen as ${example ?? ''}`,
      fix: 'the native routing CIDR does not cover these pods: correct it, then replace the agents’ pods',
    };
  }
  const few = states.filter(({ state }) => state === 'too-few').map(({ pair }) => pair);
  if (few.length > 0 || pairs.length === 0)
    return of === 0
      ? { verdict: 'pass', evidence: 'a single node: there are no pairs' }
      : {
          verdict: 'unknown',
          evidence: `too few answers from ${few.length === 0 ? 'all' : names(few)}`,
          fix: 'verify again',
        };
  const sampled = pairs.length < of ? `; ${count(of, 'pair')} exist, a few peers of each node were chosen` : '';
  return {
    verdict: 'pass',
    evidence: `client address kept on ${pairs.length} of ${count(pairs.length, 'pair')}${sampled}`,
  };
}

function names(pairs: readonly PairProbes[]): string {
  return listed(
    pairs.map(({ from, to }) => `${from} to ${to}`),
    4,
  );
}
