import CliTable3 from 'cli-table3';
import type { Mark, NextStep, Report, Section, Table } from '../core/run/report.ts';
import { terminalText } from './escape.ts';
import { MARK_SYMBOL, MARK_WORD } from './marks.ts';

export type TerminalOptions = {
  /** Width of the terminal; what does not fit wraps. */
  readonly columns: number;
  /** Off where NO_COLOR is set or the output is no terminal: the caller knows. */
  readonly color: boolean;
  /** How the reader calls us, for the lines of what to do next. */
  readonly root?: string;
};

const NARROWEST = 40;
const ANSI = { ok: '32', warn: '33', fail: '31', running: '36', unknown: '33', none: '' } as const satisfies Record<
  Mark,
  string
>;

/** The same report as in Slack, for a terminal; no line break at the end. */
export function renderReportText(report: Report, options: TerminalOptions): string {
  const parts = [
    [headline(report, options), ...report.facts.map(terminalText), ...partial(report, options)],
    report.findings.flatMap((finding) => [
      `${mark(finding.mark, options)} ${terminalText(finding.text)}`,
      ...(finding.next === undefined ? [] : [`    ${nextLine(finding.next, options)}`]),
    ]),
    report.table === undefined ? [] : [tableText(report.table, options)],
    ...report.sections.map((section) => sectionLines(section, options)),
    report.next.length === 0 ? [] : ['Next:', ...report.next.map((next) => `  ${nextLine(next, options)}`)],
    [dim(`Read at ${terminalText(report.asOf)}`, options)],
  ];
  const shown = parts.filter((part) => part.length > 0).map((part) => part.join('\n'));
  return shown.join('\n\n');
}

function headline(report: Report, options: TerminalOptions): string {
  return `${mark(report.mark, options)} ${paint('1', terminalText(report.headline), options)}`.trim();
}

function partial(report: Report, options: TerminalOptions): readonly string[] {
  return report.partial === undefined ? [] : [`${mark('warn', options)} Partial: ${terminalText(report.partial)}`];
}

/** Symbol and word: one for the eye, one for grep and for whoever sees no colours. */
function mark(value: Mark, options: TerminalOptions): string {
  return value === 'none' ? '-' : paint(ANSI[value], `${MARK_SYMBOL[value]} ${MARK_WORD[value]}:`, options);
}

function nextLine(next: NextStep, { root = 'npx cilium-chatops run' }: TerminalOptions): string {
  return `${terminalText(next.label)}: ${root} ${terminalText(next.command)}`;
}

function sectionLines(section: Section, options: TerminalOptions): readonly string[] {
  return [
    paint('1', terminalText(section.title), options),
    ...section.lines.map((line) => `  ${terminalText(line)}`),
    ...(section.table === undefined ? [] : [tableText(section.table, options)]),
  ];
}

const NO_FRAME = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' ',
} as const;

/** Columns and no frames, as kubectl prints: easy to read, easy to cut. */
function tableText(table: Table, options: TerminalOptions): string {
  const rows = table.rows.map((row) => table.columns.map((_, at) => terminalText(row[at] ?? '')));
  const head = table.columns.map(terminalText);
  const widths = columnWidths([head, ...rows], options.columns);
  const drawn = new CliTable3({
    chars: NO_FRAME,
    style: { 'padding-left': 0, 'padding-right': 1, head: [], border: [] },
    colWidths: widths,
    wordWrap: true,
  });
  drawn.push(
    head.map((title) => paint('1', title, options)),
    ...rows.map((row) => row.map((cell, at) => breakLongWords(cell, widths[at] ?? NARROWEST))),
  );
  // The library may cut between the two halves of a character.
  const lines = drawn
    .toString()
    .replace(/\p{Cs}/gu, '\uFFFD')
    .split('\n');
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** The table library cuts a word that is wider than its column; nothing may be lost, so it continues below. */
function breakLongWords(cell: string, width: number): string {
  const room = Math.max(1, width - 1);
  return cell.replace(/\S+/g, (word) => (word.length <= room ? word : chunks([...word], room).join(' ')));
}

function chunks(points: readonly string[], size: number): readonly string[] {
  const count = Math.ceil(points.length / size);
  return Array.from({ length: count }, (_, at) => points.slice(at * size, (at + 1) * size).join(''));
}

/** Each column as wide as its longest cell. Too wide in all: whoever can give without breaking a word gives first. */
function columnWidths(rows: readonly (readonly string[])[], columns: number): number[] {
  const [head = []] = rows;
  const PADDING = 2;
  const cells = head.map((_, at) => rows.map((row) => row[at] ?? ''));
  const widths = cells.map((column) => Math.max(...column.map(displayWidth)) + PADDING);
  const words = cells.map(
    (column) => Math.max(...column.flatMap((cell) => cell.split(' ').map(displayWidth))) + PADDING,
  );
  const free = Math.max(NARROWEST, columns) - head.length;
  for (let over = widths.reduce((sum, width) => sum + width, 0) - free; over > 0; over -= 1) {
    const slack = widths.map((width, at) => Math.max(0, width - (words[at] ?? 0)));
    const from = Math.max(...slack) > 0 ? slack : widths;
    const widest = from.indexOf(Math.max(...from));
    widths[widest] = Math.max(PADDING + 1, (widths[widest] ?? 0) - 1);
  }
  return widths;
}

/** Near enough: wide scripts and symbols take two cells. */
function displayWidth(value: string): number {
  return [...value].reduce(
    (sum, point) => sum + (/[\p{Emoji_Presentation}\p{Regional_Indicator}\u1100-\uFFDC]/u.test(point) ? 2 : 1),
    0,
  );
}

function dim(value: string, options: TerminalOptions): string {
  return paint('2', value, options);
}

function paint(sgr: string, value: string, { color }: TerminalOptions): string {
  return color && sgr !== '' ? `\u001B[${sgr}m${value}\u001B[0m` : value;
}
