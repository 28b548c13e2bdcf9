import type { CommandCard } from './command-card.ts';
import type { OpsError } from './errors.ts';
import type { Parsed } from './grammar.ts';
import { nearest } from './nearest.ts';
import { type Reply, reply } from './reply.ts';

/** The answers that need no run: help, and what is wrong with a line. `root` is how the reader calls us: `/cilium`. */

export function helpReply(cards: readonly CommandCard[], root: string): Reply {
  return reply('none', `${root} operates Cilium: what you can type`, {
    lines: [
      ...cards.map((card) => ({
        code: `${root} ${lineOf(card)}`,
        text: card.risk === 'change' ? `${card.summary} (asks for approval)` : card.summary,
      })),
      { code: `${root} help <command>`, text: 'Usage, flags and examples of one command' },
    ],
    next: cards
      .slice(0, 1)
      .map((card) => ({ label: `Run ${card.examples[0]}`.slice(0, 40), command: card.examples[0] })),
  });
}

export function cardReply(card: CommandCard, root: string): Reply {
  return reply('none', card.summary, {
    lines: [
      { code: `${root} ${lineOf(card)}`, text: 'Usage' },
      ...Object.entries(card.flags).map(([name, spec]) => ({
        code: `--${name}${spec.short === undefined ? '' : `, -${spec.short}`}`,
        text: spec.help,
      })),
      ...card.examples.map((example) => ({ code: `${root} ${example}`, text: 'Example' })),
    ],
    next: [],
  });
}

export function misunderstoodReply(
  parsed: Extract<Parsed<CommandCard>, { type: 'misunderstood' }>,
  cards: readonly CommandCard[],
  root: string,
): Reply {
  const { card, suggestion } = parsed;
  const typed = parsed.typed === '' ? root : `${root} ${parsed.typed}`;
  return reply('warn', `I did not run that: ${parsed.problem}`, {
    lines: [
      { code: shortened(typed), text: 'You typed' },
      ...(suggestion === undefined ? [] : [{ code: shortened(`${root} ${suggestion}`), text: 'Did you mean' }]),
      ...(card === undefined ? [] : [{ code: `${root} ${lineOf(card)}`, text: 'Usage' }]),
      ...(card === undefined && suggestion === undefined
        ? [{ text: `Commands: ${cards.map((each) => each.words[0]?.join(' ') ?? each.name).join(', ')}` }]
        : []),
      { code: `${root} help${card === undefined ? '' : ` ${card.words[0]?.join(' ') ?? card.name}`}`, text: 'Help' },
    ],
    next: suggestion === undefined || suggestion.length > 200 ? [] : [{ label: 'Run it', command: suggestion }],
  });
}

export function unknownClusterReply(
  typed: string,
  known: readonly string[],
  retry: (cluster: string) => string,
): Reply {
  const meant = nearest(typed, known);
  return reply('warn', `I do not know a cluster "${shortened(typed)}"`, {
    lines: [
      { text: known.length === 0 ? 'No cluster can be used from this channel' : `Clusters here: ${known.join(', ')}` },
    ],
    next: meant === undefined ? [] : [{ label: `Use ${meant}`.slice(0, 40), command: retry(meant) }],
  });
}

export function whichClusterReply(known: readonly string[], retry: (cluster: string) => string): Reply {
  return reply('none', 'Which cluster?', {
    lines: [{ text: `Clusters here: ${known.join(', ')}` }],
    next: known.slice(0, 5).map((cluster) => ({ label: cluster.slice(0, 40), command: retry(cluster) })),
  });
}

export function errorReply(error: OpsError): Reply {
  return reply('fail', `It did not happen: ${error.message}`, {
    lines: error.nextStep === undefined ? [] : [{ text: error.nextStep }],
  });
}

function lineOf(card: CommandCard): string {
  return `${card.words[0]?.join(' ') ?? card.name}${card.usage === '' ? '' : ` ${card.usage}`}`;
}

function shortened(text: string): string {
  const points = [...text];
  return points.length <= 200 ? text : `${points.slice(0, 199).join('')}…`;
}
