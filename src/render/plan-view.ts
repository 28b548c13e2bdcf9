import type { RichTextBlock } from '@slack/types';
import type { Check, Verdict } from '../core/run/check.ts';
import type { Run } from '../core/run/run.ts';
import { literal, oneLine, truncate } from './escape.ts';
import { bold, type Line, linesBlock, type listBlock, text } from './lines.ts';
import { MARK_SYMBOL } from './marks.ts';
import { planOf, titleOf } from './plan-card.ts';

/** A modal takes 100 blocks; the file in the thread has everything. */
const CHUNK = 2_800;
const MAX_CHUNKS = 40;
const LINE_MAX = 400;

export type PlanView = {
  readonly type: 'modal';
  readonly title: { readonly type: 'plain_text'; readonly text: string };
  readonly close: { readonly type: 'plain_text'; readonly text: string };
  readonly blocks: readonly ReturnType<typeof linesBlock | typeof listBlock>[];
};

export type ViewName = 'diff' | 'checks';

const TITLE: Readonly<Record<ViewName, string>> = { diff: 'Full diff', checks: 'All checks' };

/** Opened within the three seconds that a click gives, before anything is read. */
export function loadingView(name: ViewName): PlanView {
  return view(name, [linesBlock([[text('Loading…')]])]);
}

export function problemView(name: ViewName, problem: string): PlanView {
  return view(name, [linesBlock([[text(problem)]])]);
}

export function diffView(run: Run, diff: string): PlanView {
  const { shown, left } = chunks(diff);
  const more = left === 0 ? [] : [linesBlock([[text(`${left} more lines are in the file in the thread`)]])];
  return view('diff', [linesBlock([heading(run)]), ...shown.map(preformatted), ...more]);
}

const ORDER: readonly Verdict[] = ['fail', 'unknown', 'warn', 'pass'];
const SYMBOL: Readonly<Record<Verdict, string>> = {
  fail: MARK_SYMBOL.fail,
  unknown: MARK_SYMBOL.unknown,
  warn: MARK_SYMBOL.warn,
  pass: MARK_SYMBOL.ok,
};

/** Worst first; every one with its evidence, and what is not fine with why it matters and what to do. */
export function checksView(run: Run): PlanView {
  const plan = run.plan && planOf(run.plan);
  if (plan === undefined || plan.checks.length === 0) return problemView('checks', 'This plan has no checks');
  const sorted = ORDER.flatMap((verdict) => plan.checks.filter((check) => check.verdict === verdict));
  return view('checks', [linesBlock([heading(run)]), ...sorted.map(checkBlock)]);
}

function checkBlock(check: Check): ReturnType<typeof linesBlock> {
  const lines: Line[] = [
    [text(`${SYMBOL[check.verdict]} ${check.verdict}: `), bold(check.title), text(` (${check.id})`)],
  ];
  lines.push([text(check.evidence, 600)]);
  if (check.verdict !== 'pass') {
    lines.push([text(`Why it matters: ${check.why}`, 420)]);
    if (check.fix !== '') lines.push([text(`What to do: ${check.fix}`, 420)]);
  }
  if (check.accepted) lines.push([text(`Accepted: ${check.accepted.reason}`, 420)]);
  return linesBlock(lines);
}

function heading(run: Run): Line {
  return [bold(titleOf(run)), text(` · ${run.request.run} · plan ${run.plan?.digest.slice(0, 8) ?? ''}`)];
}

function view(name: ViewName, blocks: PlanView['blocks']): PlanView {
  return {
    type: 'modal',
    title: { type: 'plain_text', text: TITLE[name] },
    close: { type: 'plain_text', text: 'Close' },
    blocks,
  };
}

function preformatted(body: string): RichTextBlock {
  const elements = [{ type: 'text' as const, text: body === '' ? ' ' : body }];
  return { type: 'rich_text', elements: [{ type: 'rich_text_preformatted', elements }] };
}

/** Whole lines; each is escaped by itself, so that no line pretends to be another. */
function chunks(diff: string): { readonly shown: readonly string[]; readonly left: number } {
  const lines = diff.split('\n').map((line) => truncate(literal(oneLine(line)), LINE_MAX));
  const shown: string[] = [];
  let used = 0;
  let current = '';
  for (const line of lines) {
    if (current !== '' && current.length + line.length + 1 > CHUNK) {
      shown.push(current);
      current = '';
      if (shown.length === MAX_CHUNKS) return { shown, left: lines.length - used };
    }
    current = current === '' ? line : `${current}\n${line}`;
    used += 1;
  }
  return { shown: current === '' ? shown : [...shown, current], left: 0 };
}
