import type { Actor } from '../core/actor.ts';
import type { Outcome } from '../core/run/outcome.ts';
import type { Mark, Report } from '../core/run/report.ts';
import { terminalText } from './escape.ts';
import { MARK_SYMBOL, MARK_WORD } from './marks.ts';
import { duration } from './numbers.ts';
import { renderReportText, type TerminalOptions } from './report-terminal.ts';

/** What the first words say, the lines under it, and the report where the job had one. */
type Said = { readonly mark: Mark; readonly lines: readonly string[]; readonly report?: Report | undefined };

type Ended<T extends Outcome['type']> = Extract<Outcome, { type: T }>;

const SAY: { readonly [T in Outcome['type']]: (outcome: Ended<T>) => Said } = {
  succeeded: ({ report }) => ({ mark: report.mark, lines: [], report }),
  failed: ({ message, nextStep, report }) => ({
    mark: 'fail',
    lines: [message, ...labelled('Next', nextStep)],
    report,
  }),
  refused: ({ reason, nextStep, report }) => ({
    mark: 'none',
    lines: [`Refused: ${reason}`, ...labelled('Next', nextStep)],
    report,
  }),
  rejected: ({ by, reason }) => ({
    mark: 'none',
    lines: [`Rejected by ${nameOf(by)}`, ...labelled('Reason', reason)],
  }),
  expired: () => ({ mark: 'none', lines: ['Expired: not enough people approved it in time'] }),
  cancelled: ({ by, reason }) => ({
    mark: 'none',
    lines: [`Cancelled by ${nameOf(by)}`, ...labelled('Reason', reason)],
  }),
  'timed-out': ({ afterMs, lastStep }) => ({
    mark: 'warn',
    lines: [`Timed out after ${duration(afterMs)}`, ...labelled('It was busy with', lastStep)],
  }),
  'rolled-back': ({ reason, report }) => ({
    mark: 'fail',
    lines: ['The cluster is back as it was, verified', `What went wrong: ${reason}`],
    report,
  }),
  unknown: ({ since, lastProven, why, report }) => ({
    mark: 'unknown',
    lines: [`State unknown since ${since}`, `Last proven: ${lastProven}`, `Why: ${why}`],
    report,
  }),
};

/** How a run ended, for a terminal: no line break at the end. */
export function renderOutcomeText(outcome: Outcome, options: TerminalOptions): string {
  const said = say(outcome);
  const [first, ...rest] = said.lines.map(terminalText);
  const word = MARK_WORD[said.mark] === '' ? '' : `${MARK_SYMBOL[said.mark]} ${MARK_WORD[said.mark]}: `;
  const head = first === undefined ? [] : [[`${word}${first}`, ...rest].join('\n')];
  const body = said.report === undefined ? [] : [renderReportText(said.report, options)];
  return [...head, ...body].join('\n\n');
}

function say<T extends Outcome['type']>(outcome: Ended<T>): Said {
  const write: (typeof SAY)[T] = SAY[outcome.type as T];
  return write(outcome);
}

function labelled(label: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`${label}: ${value}`];
}

function nameOf(by: Actor): string {
  return by.user.replace(/^local:/, '').replace(':', ' ');
}
