import type { Progress } from '../core/job.ts';
import { terminalText, truncate } from './escape.ts';
import { MARK_SYMBOL, STEP_MARK, STEP_WORD } from './marks.ts';
import { bar, bytes, count } from './numbers.ts';

/**
 * One line of progress for stderr, without a line break. `passing` ones, the counts between every tenth part, are worth
 * overwriting on a terminal and skipping elsewhere.
 */
export type ProgressLine = { readonly line: string; readonly passing: boolean };

export function renderProgressLine(progress: Progress, columns: number): ProgressLine {
  const line = truncate(terminalText(describe(progress)), Math.max(20, columns - 1));
  return { line, passing: progress.type === 'counted' && !reachesTenth(progress.done, progress.total) };
}

function describe(progress: Progress): string {
  switch (progress.type) {
    case 'step-started':
      return `${MARK_SYMBOL.running} ${progress.title}`;
    case 'counted': {
      const { step, done, total } = progress;
      return `${MARK_SYMBOL.running} ${step} ${bar(done, total)} ${count(done)}/${count(total)}${detail(progress.detail)}`;
    }
    case 'step-ended': {
      const symbol = MARK_SYMBOL[STEP_MARK[progress.result]];
      return `${symbol === '' ? '-' : symbol} ${progress.step}: ${STEP_WORD[progress.result]}${detail(progress.detail)}`;
    }
    case 'made':
      return `+ ${progress.artifact.name} (${bytes(progress.artifact.bytes.byteLength)})`;
    default:
      throw new Error(`unhandled progress ${JSON.stringify(progress satisfies never)}`);
  }
}

function reachesTenth(done: number, total: number): boolean {
  if (total <= 0) return false;
  return Math.floor((done * 10) / total) > Math.floor(((done - 1) * 10) / total);
}

function detail(value: string | undefined): string {
  return value === undefined ? '' : ` · ${value}`;
}
