/**
 * Splits a typed line into words. Phone keyboards turn `--` into a long dash and straight quotes into curly ones, so
 * both spellings are taken. Quotes count only at the start of a word or after `=`: an apostrophe inside a word stays.
 */
export type Words =
  | { readonly ok: true; readonly words: readonly string[] }
  | { readonly ok: false; readonly problem: string };

const QUOTES: Readonly<Record<string, string>> = {
  '"': '"',
  '“': '"',
  '”': '"',
  '„': '"',
  '«': '"',
  '»': '"',
  "'": "'",
  '‘': "'",
  '’': "'",
  '‚': "'",
};
const SPACE = /[\s\p{Zs}\u200b]/u;

export function splitWords(line: string): Words {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (const char of line) {
    const asQuote = QUOTES[char];
    if (quote !== undefined) {
      if (asQuote === quote) quote = undefined;
      else word = (word ?? '') + char;
    } else if (asQuote !== undefined && (word === undefined || word.endsWith('='))) {
      quote = asQuote;
      word = word ?? '';
    } else if (SPACE.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote !== undefined) return { ok: false, problem: `a quote (${quote}) is opened and never closed` };
  if (word !== undefined) words.push(word);
  return { ok: true, words: words.map(withPlainDashes) };
}

/** `—nodes` and `–nodes` mean `--nodes`; `–n` means `-n`; `-–x` and the like lose nothing but the typography. */
function withPlainDashes(word: string): string {
  const match = /^([-–—―−]+)(.*)$/su.exec(word);
  if (!match) return word;
  const [, dashes = '', rest = ''] = match;
  if (/^-+$/.test(dashes)) return word;
  const isShort = [...rest].length === 1 || /^.=/su.test(rest);
  return `${isShort && !dashes.includes('—') ? '-' : '--'}${rest}`;
}
