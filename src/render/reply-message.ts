import type { Reply } from '../core/reply.ts';
import { nextButtons } from './buttons.ts';
import { cut } from './escape.ts';
import { bold, code, type Line, linesBlock, text, toFallback } from './lines.ts';
import { MARK_SYMBOL } from './marks.ts';
import { plural } from './numbers.ts';
import { LIMITS, type MessageBlock, type SlackMessage, sizeOf } from './slack-message.ts';

/** A short answer to one person: help, a refusal, what is wrong with a typed line. */
export function renderReply(reply: Reply): SlackMessage {
  const symbol = MARK_SYMBOL[reply.mark];
  const first: Line = [text(symbol === '' ? '' : `${symbol} `), bold(reply.text, 600)];
  const rest = reply.lines.map((line) => lineOf(line));
  const buttons = nextButtons(reply.next);
  for (let shown = rest.length; ; shown -= 1) {
    const hidden = rest.length - shown;
    const more: readonly Line[] = hidden === 0 ? [] : [[text(`${plural(hidden, 'more line')} not shown`)]];
    const lines = [first, ...rest.slice(0, shown), ...more];
    const blocks: MessageBlock[] = [
      linesBlock(lines),
      ...(buttons.length === 0 ? [] : [{ type: 'actions' as const, elements: [...buttons] }]),
    ];
    const words = lines.map(toFallback).join('\n');
    const fits = sizeOf(blocks) <= LIMITS.blocksJson && words.length <= LIMITS.text;
    if (fits || shown === 0) return { text: cut(words, LIMITS.text), blocks };
  }
}

function lineOf({ label, code: typed, text: said }: Reply['lines'][number]): Line {
  return [
    ...(label === undefined ? [] : [text(`${label}  `, 60)]),
    ...(typed === undefined ? [] : [code(typed, 300)]),
    ...(said === undefined ? [] : [text(typed === undefined ? said : `  ${said}`, 600)]),
  ];
}
