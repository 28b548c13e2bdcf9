import type { Report, Section, Table } from '../core/run/report.ts';
import { cut, oneLine } from './escape.ts';
import { bold, type Line, linesBlock, listBlock, text, toFallback } from './lines.ts';
import { marked } from './marks.ts';
import { plural } from './numbers.ts';
import { FINDING_MAX, type ReportCut } from './report-parent.ts';
import { LIMITS, type MessageBlock, sizeOf } from './slack-message.ts';
import { rowFallback, tableBlock } from './table-block.ts';

/** More than this nobody reads in a thread, and Slack takes one message a second per channel. */
const MAX_REPLIES = 12;
/** Of one block, in words; a message has room for one of these and its frame in any case. */
const CHUNK_CHARS = 2_600;
/** JSON of a block may take this many times what it says in words and still fit. */
const JSON_PER_WORD = 3.3;
const FALLBACK_LINE = 1_000;
/** For the line who asked, on which cluster. */
const FRAME_CHARS = 700;

export type ThreadMessage = { readonly blocks: readonly MessageBlock[]; readonly fallback: readonly string[] };

/** One block of the thread and what it says in words; `items` of the section's lines and rows are in it. */
type Chunk = { readonly block: MessageBlock; readonly fallback: readonly string[]; readonly items: number };

/**
 * Everything the parent did not show, in as few messages as Slack's limits allow. Lazy, because a report may be a
 * hundred times what a thread takes: what is not shown is counted and never rendered.
 */
export function reportThread(report: Report, shown: ReportCut): readonly ThreadMessage[] {
  const sections = [...leftOver(report, shown), ...report.sections];
  const messages: Chunk[][] = [];
  for (const chunk of chunksOf(sections)) {
    const open = messages.at(-1);
    if (open && fits([...open, chunk])) open.push(chunk);
    else if (messages.length < MAX_REPLIES) messages.push([chunk]);
    else break;
  }
  const all = sections.reduce((sum, section) => sum + section.lines.length + (section.table?.rows.length ?? 0), 0);
  const lost = all - messages.flat().reduce((sum, chunk) => sum + chunk.items, 0);
  return [...messages.map(toMessage), ...(lost > 0 ? [moreMessage(lost)] : [])];
}

function leftOver(report: Report, shown: ReportCut): readonly Section[] {
  const sections: Section[] = [];
  const cutFindings = report.findings.some((finding) => oneLine(finding.text).length > FINDING_MAX);
  if (shown.findings < report.findings.length || cutFindings) {
    const lines = report.findings.map((finding) => marked(finding.mark, finding.text));
    sections.push({ title: 'Findings', lines });
  }
  if (report.table && shown.rows < report.table.rows.length)
    sections.push({ title: 'Table', lines: [], table: report.table });
  return sections;
}

function* chunksOf(sections: readonly Section[]): Generator<Chunk> {
  for (const section of sections) {
    yield* lineChunks(section);
    if (section.table !== undefined) yield* tableChunks(section.table);
  }
}

function* lineChunks(section: Section): Generator<Chunk> {
  const title: Line = [bold(section.title, 140)];
  const dotted = section.lines.length > 1;
  const block = (head: readonly Line[], items: readonly Line[]): MessageBlock =>
    dotted ? listBlock(head[0], items) : linesBlock([...head, ...items]);
  let head: readonly Line[] = [title];
  for (const group of groupsBySize(section.lines, (line) => lineSize([text(line, 800)]))) {
    const items = group.map((line): Line => [text(line, 800)]);
    const words = items.map((item) => lineFallback(dotted ? [text('• '), ...item] : item));
    yield { block: block(head, items), fallback: [...head.map(lineFallback), ...words], items: group.length };
    head = [];
  }
  if (section.lines.length === 0) yield { block: linesBlock(head), fallback: head.map(lineFallback), items: 0 };
}

function lineFallback(line: Line): string {
  return cut(toFallback(line), FALLBACK_LINE);
}

/** As a point of a list, the bigger of the two forms. */
function lineSize(line: Line): number {
  return Math.max(lineFallback(line).length + 2, sizeOf([listBlock(undefined, [line])]) / JSON_PER_WORD);
}

function* tableChunks(table: Table): Generator<Chunk> {
  const head = sizeOf([tableBlock({ columns: table.columns, rows: [] })]);
  const sizeOfRow = (row: readonly string[]): number => {
    const json = sizeOf([tableBlock({ columns: table.columns, rows: [row] })]) - head;
    return Math.max(rowLine(row).length, json / JSON_PER_WORD);
  };
  for (const rows of groupsBySize(table.rows, sizeOfRow))
    yield {
      block: tableBlock({ columns: table.columns, rows }),
      fallback: rows.map(rowLine),
      items: rows.length,
    };
}

function rowLine(row: readonly string[]): string {
  return cut(rowFallback(row), FALLBACK_LINE);
}

function* groupsBySize<Item>(items: readonly Item[], size: (item: Item) => number): Generator<readonly Item[]> {
  let group: Item[] = [];
  let used = 0;
  for (const item of items) {
    const cost = size(item) + 1;
    // The head of a table counts as a row.
    if (group.length > 0 && (used + cost > CHUNK_CHARS || group.length >= LIMITS.tableRows - 1)) {
      yield group;
      group = [];
      used = 0;
    }
    group.push(item);
    used += cost;
  }
  if (group.length > 0) yield group;
}

function fits(chunks: readonly Chunk[]): boolean {
  const blocks = chunks.map((chunk) => chunk.block);
  const words = chunks.flatMap((chunk) => chunk.fallback).join('\n').length;
  return (
    blocks.filter((block) => block.type === 'table').length <= 1 &&
    blocks.length < LIMITS.blocks - 1 &&
    sizeOf(blocks) <= LIMITS.blocksJson - FRAME_CHARS &&
    words <= LIMITS.text - FRAME_CHARS
  );
}

function toMessage(chunks: readonly Chunk[]): ThreadMessage {
  return { blocks: chunks.map((chunk) => chunk.block), fallback: chunks.flatMap((chunk) => chunk.fallback) };
}

function moreMessage(lost: number): ThreadMessage {
  const said = `${plural(lost, 'more line')} left out: a thread does not hold more. The terminal shows them all.`;
  return { blocks: [linesBlock([[text(said)]])], fallback: [said] };
}
