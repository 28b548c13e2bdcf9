import type { TableBlock } from '@slack/types';
import type { Table } from '../core/run/report.ts';
import { literal, mrkdwn, oneLine, truncate } from './escape.ts';

/** A cell is a value, not an essay: the whole text is in the result for machines. */
const CELL_MAX = 200;

/** Columns up to this wide keep to one line, so that they take no more room than they need. */
const NARROW = 24;

/** A native table; the first row is its head. Wide columns wrap, so that a phone scrolls down more than sideways. */
export function tableBlock(table: Table): TableBlock {
  const rows = [table.columns, ...table.rows.map((row) => table.columns.map((_, at) => row[at] ?? ''))];
  return {
    type: 'table',
    column_settings: table.columns.map((_, at) => ({
      is_wrapped: rows.some((row) => (row[at] ?? '').length > NARROW),
    })),
    // Slack refuses an empty cell.
    rows: rows.map((row) => row.map((cell) => ({ type: 'raw_text' as const, text: literal(cellText(cell)) || ' ' }))),
  };
}

/** `Routing: Tunnel (VXLAN) · native routing looks possible`: the same data where there are no tables. */
export function rowFallback(row: readonly string[]): string {
  const [first = '', ...rest] = row.map((cell) => mrkdwn(cellText(cell)));
  return `${first}: ${rest.filter((cell) => cell.trim() !== '').join(' · ')}`;
}

function cellText(cell: string): string {
  return truncate(oneLine(cell), CELL_MAX);
}
