import type { Report, Section, Table } from '../core/report.ts';
import { cut, oneLine } from './escape.ts';
import { bold, type Line, linesBlock, text, toFallback } from './lines.ts';
import { marked } from './marks.ts';
import { count } from './numbers.ts';
import type { ReportCut } from './report-parent.ts';
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

/** One block of the thread and what it says in words. `weight` is how many lines or rows are lost without it. */
type Chunk = { readonly block: MessageBlock; readonly fallback: readonly string[]; readonly weight: number };

/** Everything the parent did not show, in as few messages as Slack's limits allow. */
export function reportThread(report: Report, shown: ReportCut): readonly ThreadMessage[] {
  const chunks = [...leftOver(report, shown), ...report.sections].flatMap(chunksOf);
  const packed = pack(chunks);
  if (packed.length <= MAX_REPLIES) return packed.map(toMessage);
  const kept = packed.slice(0, MAX_REPLIES);
  const lost = packed.slice(MAX_REPLIES).flat();
  return [...kept.map(toMessage), moreMessage(lost)];
}

function leftOver(report: Report, shown: ReportCut): readonly Section[] {
  const sections: Section[] = [];
  const cutFindings = report.findings.some((finding) => oneLine(finding.text).length > 300);
  if (shown.findings < report.findings.length || cutFindings) {
    const lines = report.findings.map((finding) => marked(finding.mark, finding.text));
    sections.push({ title: 'Findings', lines });
  }
  if (report.table && shown.rows < report.table.rows.length)
    sections.push({ title: 'Table', lines: [], table: report.table });
  return sections;
}

function chunksOf(section: Section): readonly Chunk[] {
  return [...lineChunks(section), ...(section.table === undefined ? [] : tableChunks(section.table))];
}

function lineChunks(section: Section): readonly Chunk[] {
  const lines: readonly Line[] = [[bold(section.title, 140)], ...section.lines.map((line) => [text(line, 800)])];
  return groupsBySize(lines, lineSize).map((group) => ({
    block: linesBlock(group),
    fallback: group.map(lineFallback),
    weight: group.length,
  }));
}

function lineFallback(line: Line): string {
  return cut(toFallback(line), FALLBACK_LINE);
}

function lineSize(line: Line): number {
  return Math.max(lineFallback(line).length, JSON.stringify(line).length / JSON_PER_WORD);
}

function tableChunks(table: Table): readonly Chunk[] {
  const head = sizeOf([tableBlock({ columns: table.columns, rows: [] })]);
  const groups = groupsBySize(table.rows, (row) => {
    const json = sizeOf([tableBlock({ columns: table.columns, rows: [row] })]) - head;
    return Math.max(rowLine(row).length, json / JSON_PER_WORD);
  });
  return groups.map((rows) => ({
    block: tableBlock({ columns: table.columns, rows }),
    fallback: rows.map(rowLine),
    weight: rows.length,
  }));
}

function rowLine(row: readonly string[]): string {
  return cut(rowFallback(row), FALLBACK_LINE);
}

function groupsBySize<Item>(items: readonly Item[], size: (item: Item) => number): readonly (readonly Item[])[] {
  const groups: Item[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const item of items) {
    const cost = size(item) + 1;
    // The head of a table counts as a row.
    if (used + cost > CHUNK_CHARS || (groups.at(-1)?.length ?? 0) >= LIMITS.tableRows - 1) {
      groups.push([]);
      used = 0;
    }
    groups.at(-1)?.push(item);
    used += cost;
  }
  return groups;
}

/** First fit in order: a message ends when the next block would break one of Slack's limits. */
function pack(chunks: readonly Chunk[]): readonly (readonly Chunk[])[] {
  const messages: Chunk[][] = [];
  for (const chunk of chunks) {
    const open = messages.at(-1);
    if (open && fits([...open, chunk])) open.push(chunk);
    else messages.push([chunk]);
  }
  return messages;
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

function moreMessage(lost: readonly Chunk[]): ThreadMessage {
  const lines = lost.reduce((sum, chunk) => sum + chunk.weight, 0);
  const said = `${count(lines)} more lines do not fit in a thread. The terminal and the result for machines have them all.`;
  return { blocks: [linesBlock([[text(said)]])], fallback: [said] };
}
