/**
 * Splits a typed line into words. Phone keyboards turn `--` into a long dash and straight quotes into curly ones, so
 * both spellings are taken. Quotes count only around a whole word or a whole value after `=`: an apostrophe inside a
 * word stays.
 */
export type Words =
  | { readonly ok: true; readonly words: readonly string[] }
  | { readonly ok: false; readonly problem: string };

const WORD = /((?:[^\s="']+=)?)(?:"([^"]*)"|'([^']*)')(?=\s|$)|\S+/gu;
const OPENED = /^(?:[^\s="']+=)?["']/u;

export function splitWords(line: string): Words {
  const plain = line
    .replace(/[“”„«»]/gu, '"')
    .replace(/[‘’‚]/gu, "'")
    .replace(/[\s\p{Zs}\u200b\ufeff]/gu, ' ');
  const words: string[] = [];
  for (const match of plain.matchAll(WORD)) {
    const [whole, prefix = '', inDouble, inSingle] = match;
    const quoted = inDouble ?? inSingle;
    if (quoted === undefined && OPENED.test(whole)) {
      return { ok: false, problem: 'a quote is opened and never closed' };
    }
    words.push(quoted === undefined ? withPlainDashes(whole) : withPlainDashes(prefix) + quoted);
  }
  return { ok: true, words };
}

/** A line that `splitWords` splits into the same words: what a suggestion or a button says. */
export function joinWords(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  const stands = splitWords(word);
  if (stands.ok && stands.words.length === 1 && stands.words[0] === word) return word;
  return word.includes('"') ? `'${word}'` : `"${word}"`;
}

/** `—nodes` and `–nodes` mean `--nodes`; `–n` means `-n`. */
function withPlainDashes(word: string): string {
  const match = /^([-–—―−]+)(.*)$/su.exec(word);
  if (!match) return word;
  const [, dashes = '', rest = ''] = match;
  if (/^-+$/.test(dashes)) return word;
  const isShort = [...rest].length === 1 || /^.=/su.test(rest);
  return `${isShort && !dashes.includes('—') ? '-' : '--'}${rest}`;
}
