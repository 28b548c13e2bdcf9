/**
 * The only way for strings into messages and terminals. What a person typed and what a cluster returned is data: it
 * mentions nobody, links nowhere, formats nothing and hides nothing, whatever it contains.
 *
 *   oneLine    what every value goes through first: one line of visible characters
 *   mrkdwn     for `mrkdwn` objects and the top-level `text`
 *   literal    for `plain_text`, `raw_text` and rich text, which Slack shows as they are
 *   truncate   by code points, per value: a long value cannot push the next one out of sight
 *   cut        of something already escaped, never through an entity, a date or a mention
 *   cutLines   the same for lines that share a limit: the long ones give way to the short ones
 */

const LINE_BREAK = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/gu;
/** Terminal control sequences (CSI, OSC) whole, so that no `[31m` stays behind. */
const TERMINAL_SEQUENCE = /\p{Cc}(?:\[[0-?]*[ -/]*[@-~]|\][^\p{Cc}]*(?:\p{Cc}\\?)?)/gu;
/**
 * Controls, lone surrogates, bidirectional overrides and isolates, zero-widths, tags, fillers: nothing of it belongs
 * in a name or an error. Shown as U+FFFD and not removed, so that two names that differ never look the same. The
 * emoji variation selector stays.
 */
const INVISIBLE = /(?!\uFE0F)[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]/gu;
/** More than three marks on one letter paint over the lines around it. */
const STACKED_MARKS = /(\p{M}{3})\p{M}+/gu;

/** Most values are nothing else, and nothing below changes them: what is left is a tenth of the work. */
const PLAIN = /^[ -~]*$/;

export function oneLine(value: string): string {
  if (PLAIN.test(value)) return value;
  return value
    .replace(LINE_BREAK, ' ⏎ ')
    .replace(/\t/g, ' ')
    .replace(TERMINAL_SEQUENCE, '')
    .replace(INVISIBLE, '\uFFFD')
    .replace(STACKED_MARKS, '$1');
}

/** At most `max` code points, the last of them "…" when something is missing. */
export function truncate(value: string, max: number): string {
  if (value.length <= max) return value;
  // A code point has at most two units: no need to spread megabytes to keep a hundred characters.
  const points = [...value.slice(0, 2 * max + 2)];
  return points.length <= max ? value : `${points.slice(0, max - 1).join('')}…`;
}

/** `&`, `<` and `>` are Slack's three; a backtick could open a code block and becomes a look-alike. */
export function mrkdwn(value: string): string {
  return oneLine(value).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/`/g, 'ˋ');
}

/** An inline code span; nothing inside can end it. */
export function mrkdwnCode(value: string): string {
  const inside = mrkdwn(value);
  return inside.trim() === '' ? inside : `\`${inside}\``;
}

/**
 * Slack documents these places as literal. Should one not be, or a client copy the text into a mrkdwn place, `<!`,
 * `<@` and `<#` still begin nothing.
 */
export function literal(value: string): string {
  return oneLine(value).replace(/<(?=[!@#])/g, '‹');
}

/** Cuts mrkdwn to `max` UTF-16 units, dropping what the cut would leave half: an entity, `<…>`, a surrogate, a span. */
export function cut(escaped: string, max: number): string {
  if (escaped.length <= max) return escaped;
  const head = escaped
    .slice(0, max - 2)
    .replace(/&[a-z]{0,4}$/, '')
    .replace(/<[^>]*$/, '')
    .replace(/[\uD800-\uDBFF]$/, '');
  const openSpan = head.split('`').length % 2 === 0;
  return `${head}${openSpan ? '`' : ''}…`;
}

/** Joins escaped lines to at most `max` UTF-16 units. Only the longest are cut, so that no line hides the next. */
export function cutLines(escaped: readonly string[], max: number): string {
  for (let each = max; each > 40; each = Math.floor(each * 0.8)) {
    const joined = escaped.map((line) => cut(line, each)).join('\n');
    if (joined.length <= max) return joined;
  }
  return cut(escaped.join('\n'), max);
}

/** For a terminal: the same guard; sequences that move the cursor or set a title are gone with it. */
export function terminalText(value: string): string {
  return oneLine(value);
}
