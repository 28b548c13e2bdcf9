import type { Verdict } from '../../core/run/check.ts';
import type { PreflightFacts } from './facts.ts';

export type Group = 'Installation' | 'Addresses' | 'Routes' | 'Features' | 'Surroundings';

/** One check: a question with a fixed title and reason, and an answer that depends on nothing but the facts. */
export type Question = {
  /** kebab-case; what `--accept` names. */
  readonly id: string;
  readonly group: Group;
  readonly title: string;
  readonly why: string;
  readonly ask: (facts: PreflightFacts) => Answer;
};

/** `evidence` says what was seen, with numbers and names. */
export type Answer = { readonly verdict: Verdict; readonly evidence: string; readonly fix?: string };

export function pass(evidence: string): Answer {
  return { verdict: 'pass', evidence };
}

export function warn(evidence: string, fix = ''): Answer {
  return { verdict: 'warn', evidence, fix };
}

export function fail(evidence: string, fix: string): Answer {
  return { verdict: 'fail', evidence, fix };
}

export function unknown(evidence: string, fix: string): Answer {
  return { verdict: 'unknown', evidence, fix };
}

const READ_AGAIN = 'give the worker the right to read it (see the not read parts), then run the preflight again';

/** The answer to a question whose facts could not be read, where the truth might keep the change from working. */
export function notRead(what: string): Answer {
  return unknown(`${what} could not be read`, READ_AGAIN);
}

/** The same where the truth could at worst be a warning: not knowing must not block more than knowing would. */
export function notReadButMinor(what: string): Answer {
  return warn(`${what} could not be read`, READ_AGAIN);
}

/** A setting of cilium-config that is a switch; undefined means off. */
export function isOn(config: Readonly<Record<string, string>>, ...keys: readonly string[]): boolean {
  return keys.some((key) => config[key] === 'true');
}
