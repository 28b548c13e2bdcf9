import type { Outcome } from '../core/run/outcome.ts';
import type { Mark, Report } from '../core/run/report.ts';
import type { Run } from '../core/run/run.ts';
import { bold, type Line, text, time, who } from './lines.ts';
import { MARK_SYMBOL } from './marks.ts';
import { duration } from './numbers.ts';

/** How a run ended, in words: the first line decides, the others explain. */
export type OutcomeHead = { readonly mark: Mark; readonly lines: readonly Line[]; readonly report?: Report };

type Ended<T extends Outcome['type']> = Extract<Outcome, { type: T }>;
type Write = { [T in Outcome['type']]: (run: Run, outcome: Ended<T>) => OutcomeHead };

const HEADS: Write = {
  succeeded: (_, { report }) => ({ mark: report.mark, lines: [[bold(report.headline, 150)]], report }),
  failed,
  refused: (run, outcome) => ({
    mark: 'none',
    lines: [
      [bold(`${subject(run)} was refused`), text(untouched(run))],
      [text(outcome.reason)],
      ...doNext(outcome.nextStep),
    ],
    ...withReport(outcome.report),
  }),
  rejected: (run, outcome) => ({
    mark: 'none',
    lines: [
      [bold(`${subject(run)} was rejected`), text(' by '), who(outcome.by), text(untouched(run))],
      ...because(outcome.reason),
    ],
  }),
  expired: (run) => ({
    mark: 'none',
    lines: [
      [bold(`${subject(run)} expired`), text(untouched(run))],
      [text('Not enough people approved it in time. Ask again to try again.')],
    ],
  }),
  cancelled: (run, outcome) => ({
    mark: 'none',
    lines: [
      [bold(`${subject(run)} was cancelled`), text(' by '), who(outcome.by), text(untouched(run))],
      ...because(outcome.reason),
    ],
  }),
  'timed-out': (run, outcome) => ({
    mark: 'warn',
    lines: [
      [bold(`${subject(run)} timed out after ${duration(outcome.afterMs)}`), text(untouched(run))],
      ...(outcome.lastStep === undefined ? [] : [[text(`It was busy with: ${outcome.lastStep}`)]]),
    ],
  }),
  'rolled-back': (run, { reason, report }) => ({
    mark: 'fail',
    lines: [
      [bold(report?.headline ?? `${run.request.cluster} is back as it was, verified`)],
      [text(`${subject(run)} was undone`)],
      [text(`What went wrong: ${reason}`)],
    ],
    ...withReport(report),
  }),
  unknown: (run, { since, lastProven, why, report }) => ({
    mark: 'unknown',
    lines: [
      [bold(`${run.request.cluster}: state unknown`), text(' since '), time(since)],
      [text(`Last proven: ${lastProven}`)],
      [text(`Why: ${why}`)],
    ],
    ...withReport(report),
  }),
};

/** The first line carries its mark. */
export function outcomeHead(run: Run, outcome: Outcome): OutcomeHead {
  const head = write(run, outcome);
  const symbol = MARK_SYMBOL[head.mark];
  const [first = [], ...rest] = head.lines;
  return { ...head, lines: [symbol === '' ? first : [text(`${symbol} `), ...first], ...rest] };
}

function write<T extends Outcome['type']>(run: Run, outcome: Ended<T>): OutcomeHead {
  const head: Write[T] = HEADS[outcome.type as T];
  return head(run, outcome);
}

/** What state the cluster is in comes before what went wrong (UX rule 6). */
function failed(run: Run, { message, nextStep, report }: Ended<'failed'>): OutcomeHead {
  const first = report
    ? [bold(report.headline, 150)]
    : [bold(`${subject(run)} failed`), text(untouched(run) || ` · ${run.request.cluster} was not verified since`)];
  return {
    mark: 'fail',
    lines: [first, [text(`What went wrong: ${message}`)], ...doNext(nextStep)],
    ...withReport(report),
  };
}

function withReport(report: Report | undefined): { readonly report?: Report } {
  return report === undefined ? {} : { report };
}

function because(reason: string | undefined): readonly Line[] {
  return reason === undefined ? [] : [[text(`Reason: ${reason}`)]];
}

function doNext(nextStep: string | undefined): readonly Line[] {
  return nextStep === undefined ? [] : [[text(`Next: ${nextStep}`, 400)]];
}

/** Said only where it is certain: a run that only looks, or one that no worker ever began. */
function untouched(run: Run): string {
  const looksOnly = run.request.risk === 'read';
  const neverBegan = run.attempt === 0 || (run.request.risk === 'change' && run.applying === undefined);
  return looksOnly || neverBegan ? ' · nothing was changed' : '';
}

/** `prod: enable native routing`. */
export function subject(run: Run): string {
  return `${run.request.cluster}: ${run.request.command.replaceAll('-', ' ')}`;
}
