import type { CommandCard } from './command-card.ts';
import { parseWords } from './grammar.ts';
import { joinWords } from './words.ts';

/**
 * The line that was typed, with `cluster` where it belongs: in place of `instead`, or added when none was typed. Tried
 * out on the grammar rather than cut from the text, where "us" is also a part of "status". Undefined when no such line
 * means the same command.
 */
export function withCluster(
  words: readonly string[],
  cards: readonly CommandCard[],
  cluster: string,
  instead?: string,
): string | undefined {
  const wanted = parseWords(words, cards);
  if (wanted.type !== 'command') return undefined;
  for (let at = 0; at <= words.length; at += 1) {
    if (instead !== undefined && words[at] !== instead) continue;
    const next = [...words.slice(0, at), cluster, ...words.slice(instead === undefined ? at : at + 1)];
    const parsed = parseWords(next, cards);
    const fits = parsed.type === 'command' && parsed.card === wanted.card && parsed.raw['cluster'] === cluster;
    if (fits) return joinWords(next);
  }
  return undefined;
}
