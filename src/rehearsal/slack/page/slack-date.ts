/** When and where a date is read. `timeZone` undefined means the reader's own. */
export type Reader = { readonly now: Date; readonly timeZone?: string };

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const TOKENS: Readonly<Record<string, (at: Date, reader: Reader) => string>> = {
  date_num: (at, reader) => isoDay(at, reader),
  date_slash: (at, reader) => isoDay(at, reader).replaceAll('-', '/'),
  date: (at, reader) => inZone(at, reader, { dateStyle: 'long' }),
  date_long: (at, reader) => inZone(at, reader, { dateStyle: 'full' }),
  date_long_full: (at, reader) => inZone(at, reader, { dateStyle: 'full' }),
  date_short: (at, reader) => inZone(at, reader, { dateStyle: 'medium' }),
  date_pretty: (at, reader) => pretty(at, reader, { dateStyle: 'long' }),
  date_long_pretty: (at, reader) => pretty(at, reader, { dateStyle: 'full' }),
  date_short_pretty: (at, reader) => pretty(at, reader, { dateStyle: 'medium' }),
  day_divider_pretty: (at, reader) => pretty(at, reader, { weekday: 'long', month: 'long', day: 'numeric' }),
  time: (at, reader) => inZone(at, reader, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
  time_secs: (at, reader) =>
    inZone(at, reader, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }),
  ago: (at, reader) => ago(at, reader),
};

/**
 * A `<!date^…>` in the reader's zone, or `undefined` where Slack would fall back: an unknown token or no number.
 * Tokens as in Slack's "Formatting message text", Date formatting.
 */
export function formatSlackDate(unixSeconds: number, format: string, reader: Reader): string | undefined {
  if (!Number.isFinite(unixSeconds)) return undefined;
  const at = new Date(unixSeconds * 1_000);
  // Text and tokens take turns: the split keeps the tokens' names at odd places.
  const parts = format.split(/\{(\w+)\}/).map((part, index) => (index % 2 === 0 ? part : writeToken(part, at, reader)));
  return parts.includes(undefined) ? undefined : parts.join('');
}

function writeToken(token: string, at: Date, reader: Reader): string | undefined {
  return Object.hasOwn(TOKENS, token) ? TOKENS[token]?.(at, reader) : undefined;
}

/** Hours and minutes, as beside every message. */
export function clockTime(at: Date, reader: Reader): string {
  return TOKENS['time']?.(at, reader) ?? '';
}

/** "Today", "Yesterday" or the day: the line between the messages of two days. */
export function dayTitle(at: Date, reader: Reader): string {
  return TOKENS['day_divider_pretty']?.(at, reader) ?? '';
}

/** Same calendar day in the reader's zone, as `2026-11-23`. */
export function isoDay(at: Date, reader: Reader): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    ...zone(reader),
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  return parts.format(at);
}

/** "just now", "3 minutes ago": for what has happened, even where the page's clock is a moment behind. */
export function since(at: Date, reader: Reader): string {
  return reader.now.getTime() - at.getTime() < MINUTE_MS ? 'just now' : ago(at, reader);
}

/** "3 minutes ago", "in 2 hours". */
function ago(at: Date, reader: Reader): string {
  const seconds = Math.round((at.getTime() - reader.now.getTime()) / 1_000);
  const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  const size = Math.abs(seconds);
  if (size < 60) return relative.format(seconds, 'second');
  if (size < 3_600) return relative.format(Math.round(seconds / 60), 'minute');
  if (size < 86_400) return relative.format(Math.round(seconds / 3_600), 'hour');
  return relative.format(Math.round(seconds / 86_400), 'day');
}

function pretty(at: Date, reader: Reader, style: Intl.DateTimeFormatOptions): string {
  const day = isoDay(at, reader);
  if (day === isoDay(reader.now, reader)) return 'Today';
  if (day === isoDay(new Date(reader.now.getTime() - DAY_MS), reader)) return 'Yesterday';
  if (day === isoDay(new Date(reader.now.getTime() + DAY_MS), reader)) return 'Tomorrow';
  return inZone(at, reader, style);
}

function inZone(at: Date, reader: Reader, style: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat('en-US', { ...zone(reader), ...style }).format(at);
}

function zone(reader: Reader): Intl.DateTimeFormatOptions {
  return reader.timeZone === undefined ? {} : { timeZone: reader.timeZone };
}
