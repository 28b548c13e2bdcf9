import type { CommandCard } from '../grammar/command-card.ts';
import type { ClusterName, GroupId, UserId } from '../ids.ts';
import { approvalLines, type ClusterStanding, type StandingLine, standingLines } from '../policy/standing.ts';
import { type Reply, reply } from './reply.ts';

/** Who asks for help: somebody in a channel of Slack, or in a terminal, where a change needs no other people. */
export type Caller =
  | { readonly type: 'slack'; readonly on: readonly ClusterStanding[] }
  | { readonly type: 'terminal'; readonly changes: boolean };

type Topic = NonNullable<CommandCard['topic']>;
type HelpLine = Reply['lines'][number];

const TOPICS: readonly (readonly [Topic, string])[] = [
  ['look', 'Look'],
  ['change', 'Change'],
  ['approve', 'Approve'],
  ['measure', 'Measure'],
  ['manage', 'Manage'],
];
const CLUSTERS_NAMED = 6;

/** Everything that can be typed, and what of it the caller may do here. `root` is how the reader calls us: `/cilium`. */
export function helpReply(cards: readonly CommandCard[], root: string, caller: Caller): Reply {
  const [first] = cards;
  return reply('none', `${root} operates Cilium: what you can type, and what you may do here`, {
    lines: [
      ...TOPICS.flatMap(([topic, title]) => {
        const here = cards.filter((card) => topicOf(card) === topic);
        return here.length === 0 ? [] : topicLines(topic, { title, cards: here, root, caller });
      }),
      { title: 'More', code: `${root} help <command>`, text: 'usage, flags, examples' },
    ],
    next: first === undefined ? [] : [{ label: `Run ${first.examples[0]}`.slice(0, 40), command: first.examples[0] }],
    ...peopleOf(caller),
  });
}

/** One command: how it is typed, and whether the caller may. */
export function cardReply(card: CommandCard, root: string, caller: Caller): Reply {
  return reply('none', card.summary, {
    lines: [
      { label: 'Usage', code: `${root} ${usageOf(card)}`.slice(0, 300) },
      ...youLines(card, caller).map((text) => ({ label: 'You', text })),
      ...Object.entries(card.flags).map(([name, spec]) => ({
        code: `--${name}${spec.short === undefined ? '' : `, -${spec.short}`}`,
        text: spec.help,
      })),
      ...card.examples.map((example) => ({ label: 'Example', code: `${root} ${example}` })),
    ],
    ...peopleOf(caller),
  });
}

/** `enable native-routing [cluster] …`, as messages about a line quote it. */
export function usageOf(card: CommandCard): string {
  return `${card.words[0]?.join(' ') ?? card.name}${card.usage === '' ? '' : ` ${card.usage}`}`;
}

function topicOf({ topic, risk }: CommandCard): Topic {
  return topic ?? ({ read: 'look', probe: 'measure', change: 'change' } as const)[risk];
}

type Part = {
  readonly title: string;
  readonly cards: readonly CommandCard[];
  readonly root: string;
  readonly caller: Caller;
};

/** What holds for all commands of a topic is said once, under its title. */
function topicLines(topic: Topic, { title, cards, root, caller }: Part): readonly HelpLine[] {
  const each = cards.map((card) => ({ card, words: topic === 'approve' ? [] : wordsOn(card, caller) }));
  const [first] = each;
  const alike = first !== undefined && each.every(({ words }) => words.join() === first.words.join());
  const shared = alike ? first.words : [];
  const common = topic === 'approve' ? voteWords(caller) : shared;
  return [
    { title, ...(common.length === 1 ? { text: common[0] } : {}) },
    ...(common.length === 1 ? [] : common.map((text) => ({ text }))),
    ...each.flatMap(({ card, words }) => [
      { code: `${root} ${shortUsage(card)}`.slice(0, 300), text: card.summary },
      ...(alike || topic === 'approve' ? [] : words.map((text) => ({ text: `    ${text}` }))),
    ]),
  ];
}

/** Without its flags: those stand in the help of the command. */
function shortUsage(card: CommandCard): string {
  return usageOf(card)
    .replace(/\s+\[?-{1,2}[a-z].*$/, '')
    .trim();
}

function wordsOn(card: CommandCard, caller: Caller): readonly string[] {
  if (caller.type === 'slack' && card.risk === 'read') return ['✅ open to everybody here'];
  return youLines(card, caller);
}

function youLines(card: CommandCard, caller: Caller): readonly string[] {
  if (caller.type === 'slack') return standingLines(card, caller.on).map(said);
  if (card.risk !== 'change') return ['✅ you may use it, as far as your kubeconfig allows'];
  return caller.changes
    ? ['✅ shows its plan; --yes <digest> applies it, as far as your kubeconfig allows']
    : ['⚠️ chatops.yaml allows no changes from the terminal'];
}

function voteWords(caller: Caller): readonly string[] {
  return caller.type === 'slack' ? approvalLines(caller.on).map(said) : [];
}

function said({ mark, clusters, words }: StandingLine): string {
  return `${mark} ${named(clusters)}: ${words}`.slice(0, 600);
}

function named(clusters: readonly ClusterName[]): string {
  const more = clusters.length - CLUSTERS_NAMED;
  return `${clusters.slice(0, CLUSTERS_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Whoever a rule names is shown by name. */
function peopleOf(caller: Caller): Pick<Reply, 'people'> {
  if (caller.type === 'terminal') return {};
  const users = new Set<UserId>();
  const groups = new Set<GroupId>();
  for (const { approvers, jobs } of caller.on) {
    const rules = jobs.flatMap(({ standing }) => (standing.type === 'may' ? [standing.rule] : []));
    for (const people of [approvers, ...rules.flatMap((rule) => [rule.approve, rule.breakGlass])]) {
      for (const user of people?.users ?? []) users.add(user);
      for (const group of people?.groups ?? []) groups.add(group);
    }
  }
  return { people: { users: [...users].slice(0, 100), groups: [...groups].slice(0, 20) } };
}
