import { clip, count } from '../../src/cilium/facts/text.ts';
import type { CheckGroup } from '../../src/core/doctoring.ts';
import type { Check, Verdict } from '../../src/core/run/check.ts';
import type { Finding, Mark, NextStep, Report, Section } from '../../src/core/run/report.ts';

export type DoctorReportQuestion = {
  /** `prod`, `this installation`. */
  readonly subject: string;
  readonly groups: readonly CheckGroup[];
  readonly next: readonly NextStep[];
  readonly asOf: string;
  /** What could not be looked at from here. */
  readonly partial?: string;
};

const MAX_FINDINGS = 8;

/** What is wrong comes first, each with its fix; everything that was looked at is in the sections. */
export function doctorReport({ subject, groups, next, asOf, partial }: DoctorReportQuestion): Report {
  const checks = groups.flatMap((group) => group.checks);
  const open = openOf(groups);
  const shown = open.length <= MAX_FINDINGS ? open : open.slice(0, MAX_FINDINGS - 1);
  return {
    mark: markOf(checks),
    headline: clip(headlineOf(subject, checks), 150),
    facts: factsOf(groups),
    findings: findingsOf(shown, open.length - shown.length),
    sections: groups.slice(0, 12).map((group) =>
      sectionOf(
        group,
        shown.map(({ check }) => check),
      ),
    ),
    next,
    asOf,
    ...(partial === undefined ? {} : { partial: clip(partial, 400) }),
  };
}

export function numberOf(checks: readonly Check[], verdict: Verdict): number {
  return checks.filter((check) => check.verdict === verdict).length;
}

function headlineOf(subject: string, checks: readonly Check[]): string {
  const failed = numberOf(checks, 'fail');
  const other = checks.length - failed - numberOf(checks, 'pass');
  if (failed > 0) return `Doctor on ${subject}: ${countsOf(checks)}`;
  if (other > 0) return `Doctor on ${subject}: nothing failed · ${countsOf(checks)}`;
  return `Doctor on ${subject}: all ${checks.length} checks passed`;
}

/** `2 failed · 1 unknown · 38 ok · 3 warnings`. */
function countsOf(checks: readonly Check[]): string {
  const [failed, unknown, warned] = [numberOf(checks, 'fail'), numberOf(checks, 'unknown'), numberOf(checks, 'warn')];
  return [
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(unknown > 0 ? [`${unknown} unknown`] : []),
    ...(warned > 0 ? [count(warned, 'warning')] : []),
    ...(numberOf(checks, 'pass') > 0 ? [`${numberOf(checks, 'pass')} ok`] : []),
  ].join(' · ');
}

/** What cannot be asked is no worse than a warning: nothing here was found broken. */
function markOf(checks: readonly Check[]): Mark {
  if (checks.some(({ verdict }) => verdict === 'fail')) return 'fail';
  return checks.every(({ verdict }) => verdict === 'pass') ? 'ok' : 'warn';
}

/** Two lines: which parts are well, and which are not. */
function factsOf(groups: readonly CheckGroup[]): readonly string[] {
  const told = groups.map(({ title, checks }) => ({ title, checks, well: numberOf(checks, 'pass') === checks.length }));
  const [well, ill] = [told.filter((each) => each.well), told.filter((each) => !each.well)];
  return [
    ...(ill.length === 0 ? [] : [ill.map(({ title, checks }) => `${title}: ${countsOf(checks)}`).join(' — ')]),
    ...(well.length === 0
      ? []
      : [`All well: ${well.map(({ title, checks }) => `${title} (${checks.length})`).join(', ')}`]),
  ].map((line) => clip(line, 400));
}

const WEIGHT = { fail: 0, unknown: 1, warn: 2, pass: 3 } as const satisfies Record<Verdict, number>;
const WORD = { fail: 'failed', unknown: 'unknown', warn: 'warning', pass: 'ok' } as const satisfies Record<
  Verdict,
  string
>;
const MARK = { fail: 'fail', unknown: 'unknown', warn: 'warn', pass: 'ok' } as const satisfies Record<Verdict, Mark>;

type Open = { readonly group: string; readonly check: Check };

/** Worst first. */
function openOf(groups: readonly CheckGroup[]): readonly Open[] {
  return groups
    .flatMap(({ title, checks }) => checks.map((check) => ({ group: title, check })))
    .filter(({ check }) => check.verdict !== 'pass')
    .toSorted((left, right) => WEIGHT[left.check.verdict] - WEIGHT[right.check.verdict]);
}

function findingsOf(shown: readonly Open[], rest: number): readonly Finding[] {
  return [
    ...shown.map(({ group, check: { title, verdict, evidence, fix } }) => ({
      mark: MARK[verdict],
      text: clip(`${group}, ${title}: ${WORD[verdict]}. ${evidence}${fix === '' ? '' : ` → ${fix}`}`, 600),
    })),
    ...(rest > 0 ? [{ mark: 'none' as const, text: `${count(rest, 'more check')} to look at, in the details` }] : []),
  ];
}

/** A fix that stands among the findings is not said again. */
function sectionOf({ title, checks }: CheckGroup, told: readonly Check[]): Section {
  const fixOf = (check: Check): string => (check.fix === '' || told.includes(check) ? '' : ` → ${check.fix}`);
  return {
    title: clip(`${title}: ${countsOf(checks)}`, 140),
    lines: checks
      .filter(({ verdict }) => verdict !== 'pass')
      .map((check) => clip(`${check.title}: ${check.why}${fixOf(check)}`, 800)),
    table: {
      columns: ['Check', 'Verdict', 'Seen'],
      rows: checks.slice(0, 100).map(({ title: name, verdict, evidence }) => [name, WORD[verdict], evidence]),
    },
  };
}
