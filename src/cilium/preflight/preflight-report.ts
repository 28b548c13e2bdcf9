import { blocks, type Check, type Verdict } from '../../core/run/check.ts';
import type { Finding, Mark, NextStep, Report, Section } from '../../core/run/report.ts';
import type { Missing } from '../facts/status-data.ts';
import { clip, count, listed } from '../facts/text.ts';
import type { PreflightFacts } from './facts.ts';
import { groupOf, type Preflight } from './preflight.ts';
import type { Group } from './question.ts';

export type PreflightReportQuestion = {
  readonly facts: PreflightFacts;
  readonly preflight: Preflight;
  /** With what was accepted. */
  readonly checks: readonly Check[];
  /** The line that makes the change, as typed; undefined where no such command exists. */
  readonly change: string | undefined;
  readonly again: string;
};

const MAX_FINDINGS = 8;
const GROUPS: readonly Group[] = ['Installation', 'Addresses', 'Routes', 'Features', 'Surroundings'];

export function preflightReport(question: PreflightReportQuestion): Report {
  const { facts, preflight, checks, change, again } = question;
  const blocking = checks.filter(blocks);
  const findings = findingsOf(checks);
  const partial = partialOf(facts.status.missing);
  const next: readonly NextStep[] = [
    ...(blocking.length === 0 && change !== undefined ? [{ label: 'Enable native routing', command: change }] : []),
    { label: 'Re-run', command: again },
  ];
  return {
    mark: markOf(checks),
    headline: clip(headlineOf(question, blocking), 150),
    facts: factsOf(facts, preflight).map((line) => clip(line, 400)),
    findings: findings.slice(0, MAX_FINDINGS),
    sections: [...GROUPS.map((group) => sectionOf(group, checks)), ...notRead(facts.status.missing)],
    next: next.filter((step) => step.command.length <= 200),
    asOf: facts.status.asOf,
    ...(partial === undefined ? {} : { partial }),
  };
}

function headlineOf({ facts, checks, preflight }: PreflightReportQuestion, blocking: readonly Check[]): string {
  const { cluster } = facts.status;
  const verdict =
    blocking.length === 0
      ? `Native routing is possible on ${cluster}`
      : `Native routing is not possible on ${cluster} yet`;
  return `${preflight.isNative ? `${cluster} runs native routing already` : verdict}: ${countsOf(checks)}`;
}

/** `27 ok · 2 warnings · 1 unknown · 1 failed`. */
export function countsOf(checks: readonly Check[]): string {
  const number = (verdict: Verdict) => checks.filter((check) => check.verdict === verdict && !isAccepted(check)).length;
  const accepted = checks.filter(isAccepted).length;
  return [
    ...(number('fail') > 0 ? [`${number('fail')} failed`] : []),
    ...(number('unknown') > 0 ? [`${number('unknown')} unknown`] : []),
    `${number('pass')} ok`,
    ...(number('warn') > 0 ? [count(number('warn'), 'warning')] : []),
    ...(accepted > 0 ? [`${accepted} accepted`] : []),
  ].join(' · ');
}

function isAccepted(check: Check): boolean {
  return check.accepted !== undefined;
}

function markOf(checks: readonly Check[]): Mark {
  if (checks.some((check) => check.verdict === 'fail')) return 'fail';
  if (checks.some(blocks)) return 'unknown';
  return checks.some((check) => check.verdict !== 'pass') ? 'warn' : 'ok';
}

function factsOf(facts: PreflightFacts, { cidr, routes }: Preflight): readonly string[] {
  const { installation, kubernetes, nodes } = facts.status;
  return [
    cidr.ok
      ? `Native routing CIDR ${cidr.cidr} (${cidr.source}) · routes ${routes.routes}: ${routes.because}`
      : `Native routing CIDR not decided: ${cidr.why}`,
    [
      count(nodes.length, 'node'),
      `Cilium ${installation?.version ?? 'version unknown'}`,
      `Kubernetes ${kubernetes ?? 'version unknown'}`,
      ...(facts.rollout === undefined ? [] : [`agents restart ${facts.rollout.maxUnavailable} at a time`]),
    ].join(' · '),
  ];
}

/** Worst first; of equal weight in the order of the checks. The last one says how many did not fit. */
function findingsOf(checks: readonly Check[]): readonly Finding[] {
  const open = checks.filter((check) => check.verdict !== 'pass');
  const sorted = open.toSorted((left, right) => WEIGHT[left.verdict] - WEIGHT[right.verdict]);
  const shown = sorted.length <= MAX_FINDINGS ? sorted : sorted.slice(0, MAX_FINDINGS - 1);
  const rest = sorted.length - shown.length;
  return [
    ...shown.map(toFinding),
    ...(rest > 0 ? [{ mark: 'none' as const, text: `${count(rest, 'more check')} to look at, in the details` }] : []),
  ];
}

function toFinding(check: Check): Finding {
  const { id, title, verdict, evidence, fix, accepted } = check;
  const word = accepted === undefined ? WORD[verdict] : `accepted (${accepted.reason})`;
  const advice = fix === '' || accepted !== undefined ? '' : ` → ${fix}`;
  return { mark: MARK[verdict], text: clip(`${word}, ${title} (${id}): ${evidence}${advice}`, 600) };
}

const WEIGHT = { fail: 0, unknown: 1, warn: 2, pass: 3 } as const satisfies Record<Verdict, number>;
const WORD = { fail: 'failed', unknown: 'unknown', warn: 'warning', pass: 'ok' } as const satisfies Record<
  Verdict,
  string
>;
const MARK = { fail: 'fail', unknown: 'unknown', warn: 'warn', pass: 'ok' } as const satisfies Record<Verdict, Mark>;

/** Every check of a group in a table; why it matters stands under it for those that are not passed. */
function sectionOf(group: Group, checks: readonly Check[]): Section {
  const own = checks.filter((check) => groupOf(check.id) === group);
  return {
    title: `${group}: ${countsOf(own)}`,
    lines: own
      .filter((check) => check.verdict !== 'pass')
      .map(({ id, why, fix }) => clip(`${id}: ${why}${fix === '' ? '' : ` → ${fix}`}`, 800)),
    table: {
      columns: ['Check', 'Verdict', 'Seen'],
      rows: own.map(({ title, verdict, evidence }) => [title, WORD[verdict], clip(evidence, 600)]),
    },
  };
}

function notRead(missing: readonly Missing[]): readonly Section[] {
  if (missing.length === 0) return [];
  return [{ title: 'Not read', lines: missing.slice(0, 40).map(({ part, why }) => clip(`${part}: ${why}`, 800)) }];
}

function partialOf(missing: readonly Missing[]): string | undefined {
  return missing.length === 0
    ? undefined
    : clip(
        `not read: ${listed(
          missing.map(({ part }) => part),
          6,
        )}`,
        400,
      );
}
