import type { Check } from '../../core/run/check.ts';
import { clip } from '../facts/text.ts';
import { ADDRESSES } from './address-questions.ts';
import type { PreflightFacts } from './facts.ts';
import { FEATURES } from './feature-questions.ts';
import { INSTALLATION, runsNative } from './installation-questions.ts';
import { type NativeCidr, nativeCidrOf } from './native-cidr.ts';
import type { Group, Question } from './question.ts';
import { decideRoutes, type RoutesDecision } from './reach.ts';
import { ROUTES } from './route-questions.ts';
import { SURROUNDINGS } from './surrounding-questions.ts';

/** Every check there is, in the order in which they are shown. A new check is one entry in one of these lists. */
export const QUESTIONS: readonly Question[] = [...INSTALLATION, ...ADDRESSES, ...ROUTES, ...FEATURES, ...SURROUNDINGS];

export type Preflight = {
  readonly checks: readonly Check[];
  readonly cidr: NativeCidr;
  readonly routes: RoutesDecision;
  /** There is nothing to switch. */
  readonly isNative: boolean;
};

/** Judges the facts: no clock, no cluster, the same facts give the same checks. */
export function preflightOf(facts: PreflightFacts): Preflight {
  return {
    checks: QUESTIONS.map((question) => toCheck(question, facts)),
    cidr: nativeCidrOf(facts),
    routes: decideRoutes(facts),
    isNative: runsNative(facts),
  };
}

export function groupOf(id: string): Group | undefined {
  return QUESTIONS.find((question) => question.id === id)?.group;
}

function toCheck({ id, title, why, ask }: Question, facts: PreflightFacts): Check {
  const { verdict, evidence, fix = '' } = ask(facts);
  return { id, title, verdict, evidence: clip(evidence, 600), why: clip(why, 400), fix: clip(fix, 400) };
}
