import type { StepView } from '../core/run/run.ts';
import { bold, type Line, text } from './lines.ts';
import { MARK_SYMBOL, STEP_MARK, STEP_WORD } from './marks.ts';
import { bar, count, duration, plural } from './numbers.ts';

/** Steps in the order they began; the fold keeps them by last change. */
function inOrder(steps: readonly StepView[]): readonly StepView[] {
  return [...steps].sort((a, b) => a.startedAt.localeCompare(b.startedAt));
}

/** `⏳ Ask the agents  ██████░░░ 200/300 · running 9 s · node3 restarting`. */
function stepLine(step: StepView, now: Date): Line {
  const symbol = MARK_SYMBOL[STEP_MARK[step.state]];
  const end = step.endedAt === undefined ? now.getTime() : Date.parse(step.endedAt);
  const took = duration(end - Date.parse(step.startedAt));
  const parts = [
    ...(step.count === undefined ? [] : [progressOf(step.count, step.state)]),
    `${STEP_WORD[step.state]} ${took}`,
    ...(step.detail === undefined ? [] : [step.detail]),
  ];
  const title = step.state === 'running' ? bold(step.title, 140) : text(step.title, 140);
  return [text(symbol === '' ? '· ' : `${symbol} `), title, text(`  ${parts.join(' · ')}`, 300)];
}

function progressOf({ done, total }: NonNullable<StepView['count']>, state: StepView['state']): string {
  const numbers = `${count(done)}/${count(total)}`;
  return state === 'running' ? `${bar(done, total)} ${numbers}` : numbers;
}

/** The last `max` steps; what is left out ended long ago. */
export function stepLines(steps: readonly StepView[], now: Date, max: number): readonly Line[] {
  const ordered = inOrder(steps);
  const hidden = Math.max(0, ordered.length - max);
  const earlier: readonly Line[] = hidden === 0 ? [] : [[text(`· ${plural(hidden, 'earlier step')} ended`)]];
  return [...earlier, ...ordered.slice(hidden).map((step) => stepLine(step, now))];
}
