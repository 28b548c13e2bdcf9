import { emojiFor } from './emoji.ts';

/**
 * Slack's mrkdwn as a tree. Rules as in Slack's "Formatting message text": marks count only at word borders and on
 * one line, `<…>` is a mention, link or date, and the three entities `&amp; &lt; &gt;` are the only escapes.
 */
export type Span =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'bold' | 'italic' | 'strike'; readonly spans: readonly Span[] }
  | { readonly type: 'code'; readonly text: string }
  | { readonly type: 'link'; readonly url: string; readonly label: string }
  | { readonly type: 'user' | 'channel' | 'usergroup'; readonly id: string; readonly label: string }
  | { readonly type: 'broadcast'; readonly range: string }
  | SlackDate;

export type SlackDate = {
  readonly type: 'date';
  readonly unixSeconds: number;
  readonly format: string;
  readonly url: string;
  readonly fallback: string;
};

export type Paragraph =
  | { readonly type: 'code-block'; readonly text: string }
  | { readonly type: 'quote' | 'lines'; readonly lines: readonly (readonly Span[])[] };

export function parseMrkdwn(source: string): readonly Paragraph[] {
  const paragraphs: Paragraph[] = [];
  // The split keeps the fences' contents at odd places; an unclosed fence stays text, as in Slack.
  const parts = source.split(/```\n?([\s\S]*?)\n?```/);
  for (const [index, part] of parts.entries()) {
    if (index % 2 === 1) paragraphs.push({ type: 'code-block', text: decodeEntities(plainLinks(part)) });
    else paragraphs.push(...toLines(trimAround(part, index, parts.length)));
  }
  return paragraphs;
}

/** A fence brings its own line breaks: one newline before and after it is not shown twice. */
function trimAround(part: string, index: number, count: number): string {
  const start = index > 0 ? part.replace(/^\n/, '') : part;
  return index < count - 1 ? start.replace(/\n$/, '') : start;
}

function toLines(text: string): readonly Paragraph[] {
  if (text === '') return [];
  const groups: { type: 'quote' | 'lines'; lines: (readonly Span[])[] }[] = [];
  for (const line of text.split('\n')) {
    const quoted = /^(?:&gt;|>) ?(.*)$/.exec(line);
    const type = quoted ? 'quote' : 'lines';
    const last = groups.at(-1);
    const spans = parseSpans(quoted?.[1] ?? line);
    if (last?.type === type) last.lines.push(spans);
    else groups.push({ type, lines: [spans] });
  }
  return groups;
}

const MARKS = new RegExp(
  [
    /`(?<code>[^`\n]+)`/u,
    /<(?<angle>[^<>\n]+)>/u,
    /(?<![\p{L}\p{N}*])\*(?<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\p{L}\p{N}*])/u,
    /(?<![\p{L}\p{N}_])_(?<italic>[^\s_](?:[^_\n]*[^\s_])?)_(?![\p{L}\p{N}_])/u,
    /(?<![\p{L}\p{N}~])~(?<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?![\p{L}\p{N}~])/u,
    /:(?<emoji>[a-z0-9_+-]+):/u,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gu',
);

export function parseSpans(source: string): readonly Span[] {
  const spans: Span[] = [];
  let end = 0;
  for (const match of source.matchAll(MARKS)) {
    const span = toSpan(match.groups ?? {});
    if (!span) continue;
    pushText(spans, source.slice(end, match.index));
    spans.push(span);
    end = match.index + match[0].length;
  }
  pushText(spans, source.slice(end));
  return spans;
}

function pushText(spans: Span[], text: string): void {
  if (text !== '') spans.push({ type: 'text', text: decodeEntities(text) });
}

function toSpan(groups: Readonly<Record<string, string | undefined>>): Span | undefined {
  const { code, angle, emoji } = groups;
  if (code !== undefined) return { type: 'code', text: decodeEntities(plainLinks(code)) };
  if (angle !== undefined) return toReference(angle);
  for (const type of ['bold', 'italic', 'strike'] as const) {
    const inner = groups[type];
    if (inner !== undefined) return { type, spans: parseSpans(inner) };
  }
  const picture = emoji === undefined ? undefined : emojiFor(emoji);
  return picture === undefined ? undefined : { type: 'text', text: picture };
}

const REFERENCES = { '@': 'user', '#': 'channel' } as const;

/** What stands between `<` and `>`: a mention, a date, or a link. */
function toReference(angle: string): Span | undefined {
  const [target = '', ...rest] = angle.split('|');
  const label = decodeEntities(rest.join('|'));
  const sigil = target[0];
  if (sigil === '@' || sigil === '#') return { type: REFERENCES[sigil], id: target.slice(1), label };
  if (sigil === '!') return toSpecial(target.slice(1), label);
  const url = decodeEntities(target);
  return isSafeUrl(url) ? { type: 'link', url, label } : undefined;
}

function toSpecial(target: string, label: string): Span {
  const [kind = '', first = '', format = '', url = ''] = target.split('^');
  if (kind === 'subteam') return { type: 'usergroup', id: first, label };
  if (kind !== 'date') return { type: 'broadcast', range: kind };
  return { type: 'date', unixSeconds: Number(first), format, url: decodeEntities(url), fallback: label };
}

/** Only addresses that a click may open; `javascript:` and the like stay plain text. */
export function isSafeUrl(url: string): boolean {
  return /^(?:https?:\/\/|mailto:|tel:|#\/)/i.test(url);
}

/** Inside code Slack shows a link as its label or address, without the angle brackets. */
function plainLinks(code: string): string {
  return code.replace(/<(https?:[^<>|\n]+)(?:\|([^<>\n]*))?>/g, (_, url: string, label?: string) => label ?? url);
}

function decodeEntities(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
