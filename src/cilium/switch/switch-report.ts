import type { Check } from '../../core/run/check.ts';
import type { NextStep, Report, Section } from '../../core/run/report.ts';
import { spanWords } from '../facts/disruption.ts';
import { clip, count } from '../facts/text.ts';
import type { PairLoss } from '../probe/probe-loss.ts';
import { type StaleMtu, staleMtuFindings } from '../restart/stale-mtu.ts';
import { type Benched, benchFindings, benchSection, benchWords } from './switch-bench.ts';
import { type SwitchWork, targetWords } from './switch-work.ts';
import { takeOver } from './take-over.ts';

export type SwitchEnd = {
  readonly cluster: string;
  readonly run: string;
  readonly work: SwitchWork;
  readonly asOf: string;
  readonly tookMs: number;
  readonly checks: readonly Check[];
  readonly losses: readonly PairLoss[];
  readonly revision: number | undefined;
  /** Throughput before and after, where it was asked for. */
  readonly bench?: Benched;
  readonly staleMtu?: StaleMtu;
};

/** The end that everybody wanted: what it is now, the proof, the price. */
export function switchedReport(end: SwitchEnd): Report {
  const { cluster, work, tookMs } = end;
  const undone = work.undoes === undefined ? 'nothing rolled back' : `undid ${work.undoes}`;
  const slower = benchFindings(end.bench, cluster);
  return {
    mark: slower.length === 0 ? 'ok' : 'warn',
    headline: clip(`${cluster} runs ${targetWords(work.to)} · took ${clockWords(tookMs)} · ${undone}`, 150),
    facts: factsOf(end),
    findings: [...slower, ...staleMtuFindings(end.staleMtu, cluster)],
    sections: [...sectionsOf(end), ...benchSection(end.bench)],
    next: nextOf(end, work.undoes === undefined ? ['verify', 'rollback'] : ['verify']),
    asOf: end.asOf,
  };
}

/** Undone and proven to be so: the state first, then what went wrong. */
export function undoneReport(end: SwitchEnd): Report {
  const { cluster, work, tookMs } = end;
  return {
    mark: 'fail',
    headline: clip(
      `${cluster} is back on ${targetWords(work.from)}, verified · the switch was undone after ${clockWords(tookMs)}`,
      150,
    ),
    // What went wrong stands in the outcome.
    facts: factsOf(end),
    findings: staleMtuFindings(end.staleMtu, cluster),
    sections: sectionsOf(end),
    next: nextOf(end, ['verify']),
    asOf: end.asOf,
  };
}

/** Nobody can say: what was proven last, and how to go on, by the bot or by hand. */
export function unknownReport(end: SwitchEnd): Report {
  const { cluster } = end;
  return {
    mark: 'unknown',
    headline: clip(`${cluster}: state unknown`, 150),
    // The outcome itself says what was last proven and why nobody knows more.
    facts: [],
    findings: [],
    sections: [...sectionsOf(end), ...takeOverSections(end.work)],
    next: nextOf(end, ['verify', 'continue', 'rollback']),
    asOf: end.asOf,
  };
}

/** It failed before anything was written that an agent reads. */
export function untouchedReport(end: SwitchEnd, why: string): Report {
  const { cluster, work } = end;
  return {
    mark: 'fail',
    headline: clip(`${cluster} was not changed and runs ${targetWords(work.from)} as before`, 150),
    facts: [clip(why, 400)],
    findings: [],
    sections: takeOverSections(work).slice(0, 1),
    next: nextOf(end, ['verify']),
    asOf: end.asOf,
  };
}

/** The proofs that fit a headline, and what their evidence is about; the others are in the thread. */
const SUBJECTS: readonly (readonly [string, string])[] = [
  ['routing-mode', ''],
  ['tunnel-device', 'tunnel device '],
  ['pod-routes', ''],
  ['route-mtu', 'route MTU '],
  ['pair-probe', ''],
];

function factsOf({ checks, losses, work, revision, bench }: SwitchEnd): string[] {
  const proofs = SUBJECTS.flatMap(([id, subject]) =>
    checks.filter((check) => check.id === id && check.verdict === 'pass').map(({ evidence }) => subject + evidence),
  );
  const helm = revision === undefined ? '' : `Helm release ${work.release.name} revision ${revision}`;
  return [
    proofs.length === 0 ? '' : clip(`Verified: ${proofs.join(' · ')}`, 400),
    lossWords(losses, work),
    benchWords(bench),
    helm,
  ].filter((line) => line !== '');
}

/** What it cost, beside what had been said that it would. */
export function lossWords(losses: readonly PairLoss[], { estimateS }: SwitchWork): string {
  const [worst] = losses;
  if (worst === undefined) return '';
  const said = estimateS.max === 0 ? 'none' : spanWords(estimateS);
  if (worst.longestGapMs === 0) return `No loss between any two nodes (plan said ${said})`;
  return `Longest loss between two nodes ${seconds(worst.longestGapMs)} (plan said ${said})`;
}

const MAX_ROWS = 30;

function sectionsOf({ checks, losses }: SwitchEnd): Section[] {
  const proof: Section = {
    title: 'Verification',
    lines: checks.map(({ title, verdict, evidence }) => clip(`${verdict}: ${title}. ${evidence}`, 800)),
  };
  const lossy = losses.filter(({ lost }) => lost > 0);
  const loss: Section = {
    title: `Loss per pair of nodes (${count(lossy.length, 'pair')} of ${losses.length} lost something)`,
    lines: lossy.length > MAX_ROWS ? [`the ${MAX_ROWS} longest; the rest is in the result file`] : [],
    table: {
      columns: ['From', 'To', 'Longest', 'Lost', 'Asked'],
      rows: lossy
        .slice(0, MAX_ROWS)
        .map(({ from, to, longestGapMs, lost, asked }) => [
          from,
          to,
          seconds(longestGapMs),
          String(lost),
          String(asked),
        ]),
    },
  };
  return [...(checks.length === 0 ? [] : [proof]), ...(lossy.length === 0 ? [] : [loss])];
}

function takeOverSections(work: SwitchWork): Section[] {
  return [
    { title: 'By hand: back', lines: [...takeOver(work, 'back')] },
    { title: 'By hand: forward', lines: [...takeOver(work, 'forward')] },
  ];
}

function nextOf({ cluster, run }: SwitchEnd, wanted: readonly ('verify' | 'continue' | 'rollback')[]): NextStep[] {
  const steps = {
    verify: { label: 'Verify now', command: `verify ${cluster}` },
    continue: { label: 'Continue', command: `continue ${run}` },
    rollback: { label: 'Roll back', command: `rollback ${cluster}` },
  } as const;
  return wanted.map((each) => steps[each]);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** `1:12` of minutes and seconds. */
function clockWords(ms: number): string {
  const whole = Math.max(0, Math.round(ms / 1_000));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
