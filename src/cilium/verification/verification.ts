import type { Check } from '../../core/run/check.ts';
import { clip } from '../facts/text.ts';
import { agentsReady, configured, exclusionCidr, routingMode } from './verification-agents.ts';
import type { Expectation, Found, VerificationFacts } from './verification-facts.ts';
import { pairProbe } from './verification-pairs.ts';
import { podRoutes, routeMtus, tunnelDevice } from './verification-routes.ts';

type Proof = {
  readonly id: string;
  readonly title: string;
  readonly why: string;
  readonly find: (facts: VerificationFacts, expected: Expectation) => Found;
};

/**
 * The verification of DESIGN 5. None of these trusts what was seen to look fine while traffic was dead: agents ready,
 * controllers healthy, cluster health. `unknown` means not proven, and never that it works.
 */
const PROOFS: readonly Proof[] = [
  {
    id: 'configured',
    title: 'cilium-config says so',
    why: 'agents that start later take their mode from it',
    find: configured,
  },
  {
    id: 'agents-ready',
    title: 'Every node has a ready agent',
    why: 'an agent that crashes leaves its old programs loaded, so traffic tells nothing about it',
    find: agentsReady,
  },
  {
    id: 'routing-mode',
    title: 'Every agent runs this mode',
    why: 'nodes in different modes drop each other’s pod traffic, both ways',
    find: routingMode,
  },
  {
    id: 'tunnel-device',
    title: 'The tunnel device fits the mode',
    why: 'the restarting agent deletes it in native mode: the node’s own proof that it really switched',
    find: tunnelDevice,
  },
  {
    id: 'pod-routes',
    title: 'Every node has a route to every other node’s pods',
    why: 'without routes pod traffic between nodes is dead although all agents are ready and healthy',
    find: podRoutes,
  },
  {
    id: 'route-mtu',
    title: 'Routes carry the MTU of this mode',
    why: 'devices keep their MTU in both modes; only routes tell the difference',
    find: routeMtus,
  },
  {
    id: 'exclusion-cidr',
    title: 'Agents masquerade nothing inside the native routing CIDR',
    why: 'with a wrong CIDR everything is fast and looks fine, and every policy sees nodes instead of pods',
    find: exclusionCidr,
  },
  {
    id: 'pair-probe',
    title: 'Pods on different nodes reach each other with their own addresses',
    why: 'the only proof of traffic itself; the server must see the address of the asking pod',
    find: pairProbe,
  },
];

/** Judges the facts against what is expected: no clock, no cluster. */
export function verify(facts: VerificationFacts, expected: Expectation): readonly Check[] {
  return PROOFS.map(({ id, title, why, find }) => {
    const { verdict, evidence, fix = '' } = find(facts, expected);
    return { id, title, verdict, evidence: clip(evidence, 600), why, fix: clip(fix, 400) };
  });
}

export function verifyNative(
  facts: VerificationFacts,
  expected: Omit<Extract<Expectation, { mode: 'native' }>, 'mode'>,
): readonly Check[] {
  return verify(facts, { mode: 'native', ...expected });
}

/** Whether everything that was looked at is as expected; what could not be looked at is not proven. */
export function isProven(checks: readonly Check[]): boolean {
  return checks.every((check) => check.verdict === 'pass' || check.verdict === 'warn');
}
