import type { Button } from '@slack/types';
import type { Finding, Report, Table } from '../core/run/report.ts';
import { nextButton } from './buttons.ts';
import { literal, oneLine, truncate } from './escape.ts';
import { type Line, linesBlock, text, toFallback } from './lines.ts';
import { marked } from './marks.ts';
import { plural } from './numbers.ts';
import { LIMITS, type MessageBlock, sizeOf } from './slack-message.ts';
import { rowFallback, tableBlock } from './table-block.ts';

/** What fits on one look: headline, facts, findings and rows of the table together. */
const PARENT_LINES = 15;
/** A longer finding is whole in the thread. */
export const FINDING_MAX = 300;
const FIRST_FINDING_BUTTON = 20;

/** What of a report the parent message shows. The thread gets what it does not. */
export type ReportCut = { readonly findings: number; readonly rows: number };

type Room = { readonly lines: number; readonly reserve: number; readonly short?: boolean };

export type ReportParent = {
  readonly blocks: readonly MessageBlock[];
  readonly fallback: readonly string[];
  readonly cut: ReportCut;
};

/**
 * The report's part of the parent under its facts: findings with their buttons, then the table. `lines` is how many
 * lines stand above; `reserve` how many characters of blocks everything else takes. `short`: the table is the thread's.
 */
export function reportParent(report: Report, room: Room): ReportParent {
  let cut = firstCut(report, Math.max(0, PARENT_LINES - room.lines), room.short === true);
  for (;;) {
    const built = build(report, cut);
    const fits = sizeOf(built.blocks) <= LIMITS.blocksJson - room.reserve;
    if (fits || (cut.rows === 0 && cut.findings === 0)) return { ...built, cut };
    cut = cut.rows > 0 ? { ...cut, rows: cut.rows - 1 } : { ...cut, findings: cut.findings - 1 };
  }
}

function firstCut(report: Report, free: number, short: boolean): ReportCut {
  if (short) return { findings: Math.min(report.findings.length, free), rows: 0 };
  const rows = report.table?.rows.length ?? 0;
  if (report.findings.length + rows <= free) return { findings: report.findings.length, rows };
  // One line goes to saying that there is more.
  const findings = Math.min(report.findings.length, Math.max(0, free - 1));
  return { findings, rows: Math.min(rows, Math.max(0, free - 1 - findings)) };
}

/** What stands right under the headline, in the same block. */
export function factLines(report: Report): readonly Line[] {
  const partial = report.partial === undefined ? [] : [[text(marked('warn', `Partial: ${report.partial}`), 420)]];
  return [...report.facts.map((fact) => [text(fact, 400)]), ...partial];
}

function build(
  report: Report,
  cut: ReportCut,
): { readonly blocks: readonly MessageBlock[]; readonly fallback: readonly string[] } {
  const findings = report.findings.slice(0, cut.findings);
  const table = report.table && cut.rows > 0 ? firstRows(report.table, cut.rows) : undefined;
  const more = moreInThread(report, cut);
  const blocks: MessageBlock[] = [
    ...findings.map((finding, at) => findingBlock(finding, nextOf(finding, at))),
    ...(table === undefined ? [] : [tableBlock(table)]),
    ...(more === undefined ? [] : [linesBlock([[text(more)]])]),
  ];
  const fallback = [
    ...findings.map((finding) => toFallback([text(findingText(finding))])),
    ...(table === undefined ? [] : table.rows.map(rowFallback)),
    ...(more === undefined ? [] : [more]),
  ];
  return { blocks, fallback };
}

function firstRows(table: Table, rows: number): Table {
  return { columns: table.columns, rows: table.rows.slice(0, rows) };
}

function findingText(finding: Finding): string {
  return marked(finding.mark, truncate(oneLine(finding.text), FINDING_MAX));
}

/** After those of the report: no two buttons of a message share an action_id. */
function nextOf(finding: Finding, at: number): Button | undefined {
  return finding.next && nextButton(FIRST_FINDING_BUTTON + at, finding.next);
}

/** Plain text: Slack shows it as it is. */
function findingBlock(finding: Finding, next: Button | undefined): MessageBlock {
  const body = { type: 'plain_text' as const, text: literal(findingText(finding)) || ' ', emoji: false };
  return { type: 'section', text: body, ...(next === undefined ? {} : { accessory: next }) };
}

function moreInThread(report: Report, cut: ReportCut): string | undefined {
  const findings = report.findings.length - cut.findings;
  const rows = (report.table?.rows.length ?? 0) - cut.rows;
  const parts = [...(findings > 0 ? [plural(findings, 'finding')] : []), ...(rows > 0 ? [plural(rows, 'row')] : [])];
  return parts.length === 0 ? undefined : `${parts.join(' and ')} more in the thread`;
}
