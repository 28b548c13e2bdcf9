import { isSlackUser } from '../core/ids.ts';
import type { Reply } from '../core/replies/reply.ts';
import { nextButtons } from './buttons.ts';
import { cut } from './escape.ts';
import { bold, code, type Line, linesBlock, link, type Span, text, time, toFallback } from './lines.ts';
import { MARK_SYMBOL } from './marks.ts';
import { plural } from './numbers.ts';
import { LIMITS, type MessageBlock, type SlackMessage, sizeOf } from './slack-message.ts';

/** A short answer to one person: help, a refusal, what is wrong with a typed line. */
export function renderReply(reply: Reply): SlackMessage {
  const symbol = MARK_SYMBOL[reply.mark];
  const named = namesIn(reply.people);
  const first: Line = [text(symbol === '' ? '' : `${symbol} `), ...named(reply.text, (part) => bold(part, 600))];
  const rest = reply.lines.map((line) => lineOf(line, named));
  const buttons = nextButtons(reply.next);
  for (let shown = rest.length; ; shown -= 1) {
    const hidden = rest.length - shown;
    const more: readonly Line[] = hidden === 0 ? [] : [[text(`${plural(hidden, 'more line')} not shown`)]];
    const lines = [first, ...rest.slice(0, shown), ...more];
    const blocks: MessageBlock[] = [
      ...parts(lines, reply.lines).map(linesBlock),
      ...(buttons.length === 0 ? [] : [{ type: 'actions' as const, elements: [...buttons] }]),
    ];
    const words = lines.map(toFallback).join('\n');
    const fits = sizeOf(blocks) <= LIMITS.blocksJson && words.length <= LIMITS.text;
    if (fits || shown === 0) return { text: cut(words, LIMITS.text), blocks };
  }
}

/** A title begins a block of its own: one block has a limit, and a gap above it. */
function parts(lines: readonly Line[], of: Reply['lines']): readonly (readonly Line[])[] {
  const found: Line[][] = [[]];
  lines.forEach((line, at) => {
    if (at > 0 && of[at - 1]?.title !== undefined) found.push([]);
    found.at(-1)?.push(line);
  });
  return found;
}

type Named = (said: string, plain: (part: string) => Span) => readonly Span[];

function lineOf({ title, label, code: typed, at, text: said, url }: Reply['lines'][number], named: Named): Line {
  const before = title !== undefined || typed !== undefined || at !== undefined;
  return [
    ...(title === undefined ? [] : [bold(title, 60)]),
    ...(label === undefined ? [] : [text(`${label}  `, 60)]),
    ...(typed === undefined ? [] : [...(title === undefined ? [] : [text('  ')]), code(typed, 300)]),
    ...(at === undefined ? [] : [text('  '), time(at, '{date_short_pretty} {time}')]),
    ...(said === undefined ? [] : named(before ? `  ${said}` : said, (part) => text(part, 600))),
    ...link(url, 'thread'),
  ];
}

/** Ids of the people that the answer itself names become mentions; any other id in a text stays text. */
function namesIn(people: Reply['people']): Named {
  const { users = [], groups = [] } = people ?? {};
  const spans = new Map<string, Span>([
    ...users.filter(isSlackUser).map((user) => [user, { type: 'user', by: { user } }] as const),
    ...groups.map((id) => [id, { type: 'group', id }] as const),
  ]);
  if (spans.size === 0) return (said, plain) => [plain(said)];
  const ids = new RegExp(`(?<![A-Za-z0-9])(${[...spans.keys()].join('|')})(?![A-Za-z0-9])`);
  return (said, plain) => said.split(ids).flatMap((part) => (part === '' ? [] : [spans.get(part) ?? plain(part)]));
}
