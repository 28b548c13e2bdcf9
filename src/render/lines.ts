import type { RichTextBlock, RichTextElement, RichTextSection, SectionBlock } from '@slack/types';
import type { Actor } from '../core/actor.ts';
import { type GroupId, isSlackUser } from '../core/ids.ts';
import { cutLines, literal, mrkdwn, mrkdwnCode, oneLine, truncate } from './escape.ts';
import { LIMITS } from './slack-message.ts';

/** A line of a message before it is known which kind of block carries it. Texts are raw: they are escaped below. */
export type Span =
  | { readonly type: 'text'; readonly text: string; readonly style?: 'bold' | 'code' }
  | { readonly type: 'user'; readonly by: Pick<Actor, 'user'> }
  | { readonly type: 'group'; readonly id: GroupId }
  /** `label` is ours: nothing from outside stands in a link. */
  | { readonly type: 'link'; readonly url: string; readonly label: string }
  | { readonly type: 'time'; readonly at: string; readonly format: string };
export type Line = readonly Span[];

export function text(value: string, max = 1_000): Span {
  return { type: 'text', text: truncate(oneLine(value), max) };
}

export function bold(value: string, max = 300): Span {
  return { type: 'text', text: truncate(oneLine(value), max), style: 'bold' };
}

export function code(value: string, max = 300): Span {
  return { type: 'text', text: truncate(oneLine(value), max), style: 'code' };
}

export function who(by: Actor): Span {
  return { type: 'user', by };
}

/** To a message of Slack; nothing where there is none. */
export function link(url: string | undefined, label: string): readonly Span[] {
  return url === undefined || !/^https?:\/\/[^\s<>|]+$/.test(url) ? [] : [text(' · '), { type: 'link', url, label }];
}

/** `at` is ISO 8601; `format` takes Slack's date tokens. */
export function time(at: string, format = '{time}'): Span {
  return { type: 'time', at, format };
}

/**
 * Rich text where it can say everything, because Slack shows it literally (no mentions, no shortcodes: `fd00:100:`
 * stays an address). People and times need mrkdwn.
 */
export function linesBlock(lines: readonly Line[]): RichTextBlock | SectionBlock {
  const spans = lines.flat();
  if (spans.every((span) => span.type === 'text')) return richText(lines);
  return mrkdwnSection(lines.map(toMrkdwn));
}

/** The lines are mrkdwn already. `verbatim` keeps Slack from linking names and addresses by itself. */
export function mrkdwnSection(lines: readonly string[]): SectionBlock {
  const body = cutLines(lines, LIMITS.sectionText);
  return { type: 'section', text: { type: 'mrkdwn', text: body === '' ? ' ' : body, verbatim: true } };
}

/** The same lines with no text longer than `max` code points. */
export function shortened(lines: readonly Line[], max: number): readonly Line[] {
  return lines.map((line) =>
    line.map((span) => (span.type === 'text' ? { ...span, text: truncate(span.text, max) } : span)),
  );
}

function richText(lines: readonly Line[]): RichTextBlock {
  return { type: 'rich_text', elements: [sectionOf(lines)] };
}

/** A title and points under it: on a phone every line wraps, and the dots show where the next one begins. */
export function listBlock(title: Line | undefined, items: readonly Line[]): RichTextBlock {
  const list = {
    type: 'rich_text_list' as const,
    style: 'bullet' as const,
    elements: items.map((item) => sectionOf([item])),
  };
  return { type: 'rich_text', elements: [...(title === undefined ? [] : [sectionOf([title])]), list] };
}

function sectionOf(lines: readonly Line[]): RichTextSection {
  const elements: Piece[] = [];
  lines.forEach((line, at) => {
    if (at > 0) push(elements, { type: 'text', text: '\n' });
    for (const span of line) {
      if (span.type !== 'text' || span.text === '') continue;
      const body = { type: 'text' as const, text: literal(span.text) };
      push(elements, span.style === undefined ? body : { ...body, style: { [span.style]: true } });
    }
  });
  const shown: RichTextElement[] = elements.length > 0 ? elements : [{ type: 'text', text: ' ' }];
  return { type: 'rich_text_section', elements: shown };
}

type Piece = { type: 'text'; text: string; style?: { bold?: true; code?: true } };

/** Neighbours of one style are one element: fewer bytes, same picture. */
function push(pieces: Piece[], piece: Piece): void {
  const last = pieces.at(-1);
  if (last && last.style === undefined && piece.style === undefined) last.text += piece.text;
  else pieces.push(piece);
}

function toMrkdwn(line: Line): string {
  return line.map((span) => spanToMrkdwn(span, true)).join('');
}

/** For the top-level `text`: escaped like mrkdwn, without formatting. */
export function toFallback(line: Line): string {
  return line.map((span) => spanToMrkdwn(span, false)).join('');
}

function spanToMrkdwn(span: Span, styled: boolean): string {
  switch (span.type) {
    case 'user':
      return personMrkdwn(span.by);
    case 'link':
      return `<${span.url.replace(/&/g, '&amp;')}|${mrkdwn(span.label)}>`;
    case 'group':
      return `<!subteam^${span.id}>`;
    case 'time':
      return timeMrkdwn(span.at, span.format);
    case 'text':
      if (!styled || span.style === undefined) return mrkdwn(span.text);
      return span.style === 'code' ? mrkdwnCode(span.text) : boldMrkdwn(span.text);
    default:
      throw new Error(`unhandled span ${JSON.stringify(span satisfies never)}`);
  }
}

/** An asterisk inside would end the bold early, and spaces at its ends would prevent it. */
export function boldMrkdwn(value: string): string {
  const inside = mrkdwn(value).replace(/\*/g, '∗').trim();
  return inside === '' ? '' : `*${inside}*`;
}

/** The id was validated when the event was read; a login of a terminal or a schedule is no mention. */
export function personMrkdwn(by: Pick<Actor, 'user'>): string {
  return isSlackUser(by.user) ? `<@${by.user}>` : mrkdwn(by.user.replace(/^local:/, '').replace(':', ' '));
}

/** In the reader's own zone; where a client cannot, UTC. */
export function timeMrkdwn(at: string, format: string): string {
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) return mrkdwn(truncate(oneLine(at), 40));
  const fallback = `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  return `<!date^${Math.floor(ms / 1_000)}^${format}|${fallback}>`;
}
