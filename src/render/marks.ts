import type { Mark } from '../core/run/report.ts';
import type { StepView } from '../core/run/run.ts';

/** Four marks and no more; a word beside it always says the same (UX rule 4). */
export const MARK_SYMBOL = {
  ok: '✅',
  warn: '⚠️',
  fail: '❌',
  running: '⏳',
  unknown: '⚠️',
  none: '',
} as const satisfies Record<Mark, string>;

export const MARK_WORD = {
  ok: 'ok',
  warn: 'warning',
  fail: 'failed',
  running: 'running',
  unknown: 'unknown',
  none: '',
} as const satisfies Record<Mark, string>;

export const STEP_MARK = {
  running: 'running',
  ok: 'ok',
  warn: 'warn',
  failed: 'fail',
  skipped: 'none',
  interrupted: 'warn',
} as const satisfies Record<StepView['state'], Mark>;

export const STEP_WORD = {
  running: 'running',
  ok: 'done',
  warn: 'done with warnings',
  failed: 'failed',
  skipped: 'skipped',
  interrupted: 'interrupted',
} as const satisfies Record<StepView['state'], string>;

export function marked(mark: Mark, value: string): string {
  return MARK_SYMBOL[mark] === '' ? value : `${MARK_SYMBOL[mark]} ${value}`;
}
