import type { Check, Verdict } from '../../core/run/check.ts';
import type { Finding, Mark, NextStep, Report, Section } from '../../core/run/report.ts';
import type { Missing } from '../facts/status-data.ts';
import { clip, count, listed } from '../facts/text.ts';
import { lossesOf, type PairLoss } from '../probe/probe-loss.ts';
import { staleMtuFindings } from '../restart/stale-mtu.ts';
import { isProven } from './verification.ts';
import { expectedWords } from './verification-agents.ts';
import type { Expectation, VerificationFacts } from './verification-facts.ts';

export type VerificationReportQuestion = {
  readonly facts: VerificationFacts;
  readonly expected: Expectation;
  readonly checks: readonly Check[];
  readonly missing: readonly Missing[];
  readonly next: readonly NextStep[];
};

/** Proven but for the probes, which this worker may not make: as much as reading alone can tell. */
export function isProvenByReading(checks: readonly Check[], { probes }: VerificationFacts): boolean {
  return probes.state === 'not-probed' && isProven(checks.filter(({ id }) => id !== 'pair-probe'));
}

export function verificationReport(question: VerificationReportQuestion): Report {
  const { facts, checks, missing, next } = question;
  const open = checks.filter((check) => check.verdict !== 'pass');
  const partial = partialOf(facts, missing);
  return {
    mark: markOf(checks),
    headline: clip(headlineOf(question), 150),
    facts: [clip(evidenceLine(checks), 400)],
    findings: [
      ...open.toSorted((left, right) => WEIGHT[left.verdict] - WEIGHT[right.verdict]).map(toFinding),
      ...staleMtuFindings(facts.staleMtu, facts.cluster),
    ].slice(0, 8),
    sections: [checksSection(checks), ...pairSections(facts)],
    next,
    asOf: facts.asOf,
    ...(partial === undefined ? {} : { partial }),
  };
}

function headlineOf({ facts, expected, checks }: VerificationReportQuestion): string {
  const { cluster, nodes = [] } = facts;
  const words = `${cluster} runs ${expectedWords(expected)}`;
  if (isProven(checks)) return `${words}, verified on ${count(nodes.length, 'node')}`;
  if (isProvenByReading(checks, facts)) return `${words} as far as agents and routes tell; traffic was not probed`;
  const failed = checks.filter(({ verdict }) => verdict === 'fail').length;
  if (failed > 0)
    return `${cluster} does not run ${expectedWords(expected)} as it should: ${count(failed, 'check')} failed`;
  const open = checks.filter(({ verdict }) => verdict === 'unknown').length;
  return `${cluster}: ${expectedWords(expected)} is not proven, ${count(open, 'check')} without an answer`;
}

/** The proof in one line: `routing-mode 3 of 3 agents … · tunnel-device gone on 3 nodes · …`. */
function evidenceLine(checks: readonly Check[]): string {
  const told = ['routing-mode', 'tunnel-device', 'pod-routes', 'route-mtu', 'pair-probe'];
  const titles: Readonly<Record<string, string>> = {
    'routing-mode': 'agents',
    'tunnel-device': 'tunnel device',
    'pod-routes': 'routes',
    'route-mtu': 'route MTU',
    'pair-probe': 'pods',
  };
  return checks
    .filter(({ id, verdict }) => told.includes(id) && verdict === 'pass')
    .map(({ id, evidence }) => `${titles[id] ?? id}: ${evidence}`)
    .join(' · ');
}

function toFinding({ title, id, verdict, evidence, fix }: Check): Finding {
  const advice = fix === '' ? '' : ` → ${fix}`;
  return { mark: MARK[verdict], text: clip(`${title} (${id}), ${WORD[verdict]}: ${evidence}${advice}`, 600) };
}

const WEIGHT = { fail: 0, unknown: 1, warn: 2, pass: 3 } as const satisfies Record<Verdict, number>;
const WORD = { fail: 'failed', unknown: 'not proven', warn: 'warning', pass: 'ok' } as const satisfies Record<
  Verdict,
  string
>;
const MARK = { fail: 'fail', unknown: 'unknown', warn: 'warn', pass: 'ok' } as const satisfies Record<Verdict, Mark>;

function markOf(checks: readonly Check[]): Mark {
  if (checks.some(({ verdict }) => verdict === 'fail')) return 'fail';
  if (checks.some(({ verdict }) => verdict === 'unknown')) return 'unknown';
  return checks.some(({ verdict }) => verdict === 'warn') ? 'warn' : 'ok';
}

function checksSection(checks: readonly Check[]): Section {
  return {
    title: 'Checks',
    lines: checks.filter(({ verdict }) => verdict !== 'pass').map(({ id, why }) => clip(`${id}: ${why}`, 800)),
    table: {
      columns: ['Check', 'Verdict', 'Seen'],
      rows: checks.map(({ title, verdict, evidence }) => [title, WORD[verdict], clip(evidence, 600)]),
    },
  };
}

const MAX_PAIRS = 40;

/** Pairs that lost something or were masqueraded, worst first; those without a fault need no row. */
function pairSections({ probes }: VerificationFacts): readonly Section[] {
  if (probes.state === 'not-probed') return [];
  const losses = lossesOf(probes.pairs, probes.sinceMs);
  const faulty = losses.filter(({ lost, masqueraded, asked }) => lost > 0 || masqueraded > 0 || asked === 0);
  if (faulty.length === 0) return [];
  const rest = faulty.length - MAX_PAIRS;
  return [
    {
      title: `Pairs of nodes (${faulty.length} of ${losses.length} with losses)`,
      lines: rest > 0 ? [`and ${count(rest, 'more pair')}`] : [],
      table: {
        columns: ['From', 'To', 'Asked', 'Lost', 'Longest gap', 'Seen as'],
        rows: faulty.slice(0, MAX_PAIRS).map(pairRow),
      },
    },
  ];
}

function pairRow({ from, to, asked, lost, longestGapMs, seenAs }: PairLoss): readonly string[] {
  const gap = longestGapMs === 0 ? '–' : `${(longestGapMs / 1_000).toFixed(1)} s`;
  return [from, to, String(asked), String(lost), gap, seenAs.length === 0 ? 'itself' : listed(seenAs)];
}

function partialOf({ probes }: VerificationFacts, missing: readonly Missing[]): string | undefined {
  const parts = [
    ...(probes.state === 'not-probed' ? [`pods were not probed: ${probes.why}`] : []),
    ...missing.map(({ part, why }) => `${part}: ${why}`),
  ];
  return parts.length === 0 ? undefined : clip(parts.join('; '), 400);
}
