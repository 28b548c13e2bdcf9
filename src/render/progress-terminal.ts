import type { Progress } from '../core/job.ts';
import { oneLine, terminalText, truncate } from './escape.ts';
import { MARK_SYMBOL, STEP_MARK, STEP_WORD } from './marks.ts';
import { bar, bytes, count } from './numbers.ts';

/**
 * One line of progress for stderr, without a line break. `passing` ones are worth overwriting where the output is a
 * terminal, and skipping where it is a file.
 */
export type ProgressLine = { readonly line: string; readonly passing: boolean };

export function renderProgressLine(progress: Progress, columns: number): ProgressLine {
  const { words, passing } = describe(progress);
  return { line: truncate(terminalText(words), Math.max(20, columns - 1)), passing };
}

function describe(progress: Progress): { readonly words: string; readonly passing: boolean } {
  switch (progress.type) {
    case 'step-started':
      return { words: `${MARK_SYMBOL.running} ${progress.title}`, passing: true };
    case 'counted':
      return {
        words: `${MARK_SYMBOL.running} ${progress.step} ${bar(progress.done, progress.total)} ${count(progress.done)}/${count(progress.total)}${detail(progress.detail)}`,
        passing: true,
      };
    case 'step-ended': {
      const symbol = MARK_SYMBOL[STEP_MARK[progress.result]];
      return {
        words: `${symbol === '' ? '-' : symbol} ${progress.step}: ${STEP_WORD[progress.result]}${detail(progress.detail)}`,
        passing: false,
      };
    }
    case 'made':
      return {
        words: `+ ${progress.artifact.name} (${bytes(progress.artifact.bytes.byteLength)})`,
        passing: false,
      };
    default:
      throw new Error(`unhandled progress ${JSON.stringify(progress satisfies never)}`);
  }
}

function detail(value: string | undefined): string {
  return value === undefined ? '' : ` · ${oneLine(value)}`;
}
