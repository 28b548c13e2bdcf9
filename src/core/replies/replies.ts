import type { OpsError } from '../errors.ts';
import type { CommandCard } from '../grammar/command-card.ts';
import type { Asked } from '../grammar/form-line.ts';
import type { Parsed } from '../grammar/grammar.ts';
import { nearest } from '../grammar/nearest.ts';
import type { NextStep } from '../run/report.ts';
import { usageOf } from './help.ts';
import { type Reply, reply } from './reply.ts';

/** The answers that need no run: what is wrong with a line. `root` is how the reader calls us: `/cilium`. */

export function misunderstoodReply(
  parsed: Extract<Parsed<CommandCard>, { type: 'misunderstood' }>,
  cards: readonly CommandCard[],
  root: string,
): Reply {
  const { card, suggestion } = parsed;
  const typed = parsed.typed === '' ? root : `${root} ${parsed.typed}`;
  return reply('warn', `I did not run that: ${parsed.problem}`, {
    lines: [
      { label: 'You typed', code: shortened(typed) },
      ...(suggestion === undefined ? [] : [{ label: 'Did you mean', code: shortened(`${root} ${suggestion}`) }]),
      ...(card === undefined ? [] : [{ label: 'Usage', code: `${root} ${usageOf(card)}` }]),
      ...(card === undefined && suggestion === undefined
        ? [{ text: `Commands: ${cards.map((each) => each.words[0]?.join(' ') ?? each.name).join(', ')}` }]
        : []),
      { label: 'Help', code: `${root} help${card === undefined ? '' : ` ${card.words[0]?.join(' ') ?? card.name}`}` },
    ],
    next: suggestion === undefined || suggestion.length > 200 ? [] : [{ label: 'Run it', command: suggestion }],
  });
}

/** Where a form cannot be opened by itself: the button opens it, as a typed line of the command alone would. */
export function formReply({ card, form }: Asked<CommandCard>, clusters: readonly string[], problem?: string): Reply {
  const words = card.words[0]?.join(' ') ?? card.name;
  return reply(problem === undefined ? 'none' : 'warn', problem ?? form.title, {
    lines: [{ text: form.intro }, ...card.examples.slice(1).map((example) => ({ label: 'Or type', code: example }))],
    next: [
      { label: 'Choose…', command: words },
      ...clusters.slice(0, 4).flatMap((name) => nextOf(`As it stands, on ${name}`, `${words} ${name}`)),
    ],
  });
}

/** The typed line with another cluster; undefined when there is no such line. */
export type Retry = (cluster: string) => string | undefined;

export function unknownClusterReply(typed: string, known: readonly string[], retry: Retry): Reply {
  if (known.length === 0) return noClusterReply();
  const meant = nearest(typed, known);
  return reply('warn', `I do not know a cluster "${shortened(typed)}"`, {
    lines: [{ text: clustersHere(known) }],
    next: meant === undefined ? [] : nextOf(`Use ${meant}`, retry(meant)),
  });
}

export function whichClusterReply(known: readonly string[], retry: Retry): Reply {
  if (known.length === 0) return noClusterReply();
  return reply('none', 'Which cluster?', {
    lines: [{ text: clustersHere(known) }],
    next: known.slice(0, 5).flatMap((cluster) => nextOf(cluster, retry(cluster))),
  });
}

function noClusterReply(): Reply {
  return reply('warn', 'No cluster can be operated from this channel', {
    lines: [{ text: 'Ask whoever runs this bot which channel it is, or to add this one to chatops.yaml' }],
  });
}

/** Fifty clusters with long names are more than a line takes. */
function clustersHere(known: readonly string[]): string {
  const shown = known.slice(0, 12);
  const more = known.length - shown.length;
  return `Clusters here: ${shown.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}

function nextOf(label: string, command: string | undefined): NextStep[] {
  return command === undefined || command.length > 200 ? [] : [{ label: label.slice(0, 40), command }];
}

export function errorReply(error: OpsError): Reply {
  return reply('fail', `It did not happen: ${error.message}`, {
    lines: error.nextStep === undefined ? [] : [{ text: error.nextStep }],
  });
}

function shortened(text: string): string {
  const points = [...text];
  return points.length <= 200 ? text : `${points.slice(0, 199).join('')}…`;
}
