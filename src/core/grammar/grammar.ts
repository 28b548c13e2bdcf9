import { parseArgs } from 'node:util';
import type { CommandCard } from './command-card.ts';
import { nearest, offBy } from './nearest.ts';
import { joinWords, splitWords } from './words.ts';

/**
 * One grammar for slash commands, mentions, buttons and the terminal.
 *
 *   <words of a card> [positionals] [--flag value | --flag=value | -f value]
 *
 * Nothing here knows a command: everything is read from the cards.
 */
export type Parsed<Card extends CommandCard> =
  | { readonly type: 'command'; readonly card: Card; readonly raw: Readonly<Record<string, unknown>> }
  | { readonly type: 'help'; readonly card?: Card }
  | {
      readonly type: 'misunderstood';
      readonly typed: string;
      readonly problem: string;
      readonly card?: Card;
      readonly suggestion?: string;
    };

const MAX_LINE = 1_000;

export function parseLine<Card extends CommandCard>(line: string, cards: readonly Card[]): Parsed<Card> {
  if (line.length > MAX_LINE)
    return {
      type: 'misunderstood',
      typed: line.slice(0, 100),
      problem: `a command has at most ${MAX_LINE} characters, this one has ${line.length}`,
    };
  const split = splitWords(line);
  if (!split.ok) return { type: 'misunderstood', typed: line, problem: split.problem };
  return parseWords(split.words, cards);
}

export function parseWords<Card extends CommandCard>(words: readonly string[], cards: readonly Card[]): Parsed<Card> {
  const typed = joinWords(words);
  if (words.length === 0) return { type: 'help' };
  const [first = ''] = words;
  const asksHelp = /^(help|hilfe|\?|--help|-h)$/i.test(first);
  if (asksHelp) return helpFor(words.slice(1), cards);
  const found = findCard(words, cards);
  if (!found) return unknownCommand(words, cards);
  const rest = words.slice(found.length);
  if (rest.some((word) => word === '--help' || word === '-h')) return { type: 'help', card: found.card };
  return parseRest({ typed, prefix: words.slice(0, found.length).join(' ') }, found.card, rest);
}

function helpFor<Card extends CommandCard>(words: readonly string[], cards: readonly Card[]): Parsed<Card> {
  if (words.length === 0) return { type: 'help' };
  const found = findCard(words, cards);
  if (found) return { type: 'help', card: found.card };
  // `help enable`: the first word alone is enough when it belongs to one card only.
  const [first = ''] = words;
  const starting = cards.filter((card) => card.words.some(([head]) => head === first.toLowerCase()));
  const [only] = starting;
  if (only && starting.length === 1) return { type: 'help', card: only };
  const meant = nearest(words.join(' '), spellings(cards));
  return {
    type: 'misunderstood',
    typed: `help ${joinWords(words)}`,
    problem: `there is no command "${words.join(' ')}"`,
    ...(meant === undefined ? {} : { suggestion: `help ${meant}` }),
  };
}

function spellings(cards: readonly CommandCard[]): string[] {
  return cards.flatMap((card) => card.words.map((words) => words.join(' ')));
}

/** The longest spelling that the line begins with. */
function findCard<Card extends CommandCard>(
  words: readonly string[],
  cards: readonly Card[],
): { readonly card: Card; readonly length: number } | undefined {
  let best: { card: Card; length: number } | undefined;
  for (const card of cards) {
    for (const spelling of card.words) {
      const fits = spelling.every((word, at) => words[at]?.toLowerCase() === word);
      if (fits && spelling.length > (best?.length ?? 0)) best = { card, length: spelling.length };
    }
  }
  return best;
}

function unknownCommand<Card extends CommandCard>(words: readonly string[], cards: readonly Card[]): Parsed<Card> {
  const typed = joinWords(words);
  const guesses = cards.flatMap((card) =>
    card.words.flatMap((spelling) => {
      const off = offBy(words.slice(0, spelling.length).join(' '), spelling.join(' '));
      return off === undefined ? [] : [{ card, spelling, off }];
    }),
  );
  // The fewest wrong letters; of two that are as near, the one that explains more of what was typed.
  const [guess] = guesses.sort((a, b) => a.off - b.off || b.spelling.length - a.spelling.length);
  const [first = ''] = words;
  const known = cards.filter((card) => card.words.some(([head]) => head === first.toLowerCase()));
  const problem =
    known.length > 0 && words.length > 1
      ? `"${first}" does not know "${words[1] ?? ''}"`
      : `there is no command "${first}"`;
  if (!guess) return { type: 'misunderstood', typed, problem };
  return {
    type: 'misunderstood',
    typed,
    problem,
    card: guess.card,
    suggestion: joinWords([...guess.spelling, ...words.slice(guess.spelling.length)]),
  };
}

type Head = { readonly typed: string; readonly prefix: string };

function parseRest<Card extends CommandCard>(head: Head, card: Card, rest: readonly string[]): Parsed<Card> {
  const known = Object.entries(card.flags);
  const options = Object.fromEntries(
    known.map(([name, spec]) => [
      name,
      {
        type: spec.type === 'boolean' ? ('boolean' as const) : ('string' as const),
        multiple: spec.type === 'list',
        ...(spec.short === undefined ? {} : { short: spec.short }),
      },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...rest], options, strict: true, allowPositionals: true });
    const extra = card.freeText === true ? undefined : positionals[card.positionals.length];
    if (extra !== undefined) return misunderstood(head, card, `"${extra}" is one word too many`);
    const raw: Record<string, unknown> = {};
    card.positionals.forEach((name, at) => {
      const takesAll = card.freeText === true && at === card.positionals.length - 1;
      const typed = takesAll ? positionals.slice(at).join(' ') : positionals[at];
      if (typed !== undefined && typed !== '') raw[name] = typed;
    });
    for (const [name, spec] of known) {
      const value = values[name];
      if (value !== undefined) raw[camelCase(name)] = spec.type === 'list' ? asList(value) : value;
    }
    return { type: 'command', card, raw };
  } catch (thrown) {
    return flagProblem(head, card, { rest, thrown });
  }
}

function asList(value: unknown): string[] {
  const parts = Array.isArray(value) ? value : [value];
  return parts.flatMap((part) => String(part).split(',')).filter((part) => part !== '');
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function misunderstood<Card extends CommandCard>(head: Head, card: Card, problem: string): Parsed<Card> {
  return { type: 'misunderstood', typed: head.typed, problem, card };
}

/** parseArgs explains itself in its own words; people get ours, with the nearest flag. */
function flagProblem<Card extends CommandCard>(
  head: Head,
  card: Card,
  failure: { readonly rest: readonly string[]; readonly thrown: unknown },
): Parsed<Card> {
  const code = failure.thrown instanceof Error && 'code' in failure.thrown ? failure.thrown.code : undefined;
  const flags = Object.keys(card.flags);
  const unknown = failure.rest.find((word) => /^--?[^-]/.test(word) && !isKnownFlag(word, card));
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' && unknown !== undefined) {
    const bare = unknown.replace(/^-+/, '').replace(/=.*$/s, '');
    const meant = nearest(bare, flags);
    const problem = `"${card.words[0]?.join(' ') ?? card.name}" has no flag "${unknown}"`;
    if (meant === undefined) return misunderstood(head, card, problem);
    const corrected = failure.rest.map((word) =>
      word === unknown ? `--${meant}${unknown.includes('=') ? unknown.slice(unknown.indexOf('=')) : ''}` : word,
    );
    return {
      type: 'misunderstood',
      typed: head.typed,
      problem,
      card,
      suggestion: `${head.prefix} ${joinWords(corrected)}`,
    };
  }
  const needsValue = failure.rest.find((word) => isKnownFlag(word, card));
  return misunderstood(
    head,
    card,
    needsValue === undefined ? 'the flags could not be read' : `"${needsValue}" is not used as its usage says`,
  );
}

function isKnownFlag(word: string, card: CommandCard): boolean {
  const bare = word.replace(/=.*$/s, '');
  return Object.entries(card.flags).some(
    ([name, spec]) => bare === `--${name}` || (spec.short !== undefined && bare === `-${spec.short}`),
  );
}
