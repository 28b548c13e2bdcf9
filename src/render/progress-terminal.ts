import type { Progress } from '../core/job.ts';
import { terminalText, truncate } from './escape.ts';
import { MARK_SYMBOL, STEP_MARK, STEP_WORD } from './marks.ts';
import { bar, bytes, count } from './numbers.ts';

/** One line of progress for stderr; `undefined` for the counts in between, of which every tenth part is enough. */
export function renderProgressLine(progress: Progress, columns = 100): string | undefined {
  const words = describe(progress);
  return words === undefined ? undefined : truncate(terminalText(words), Math.max(20, columns - 1));
}

function describe(progress: Progress): string | undefined {
  switch (progress.type) {
    case 'step-started':
      return `${MARK_SYMBOL.running} ${progress.title}`;
    case 'counted': {
      const { step, done, total } = progress;
      if (!reachesTenth(done, total)) return undefined;
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
