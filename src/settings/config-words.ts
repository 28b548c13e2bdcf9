import type { CommandCard } from '../core/grammar/command-card.ts';
import type { ChatopsConfig, ClusterConfig } from '../core/policy/chatops-config.ts';
import { type Rule, ruleFor } from '../core/policy/policy.ts';
import { askersWords, termsWords } from '../core/policy/policy-words.ts';
import { rhythmOf } from '../core/policy/schedule.ts';

/**
 * What a configuration comes to, for whoever has just written it: per cluster what may be done by whom, rather than the
 * rules again. `cards` are the commands that work on clusters.
 */
export function configWords(
  { clusters, policy, schedules }: ChatopsConfig,
  cards: readonly CommandCard[],
): readonly string[] {
  const gated = cards.filter((card) => card.risk !== 'read');
  return [
    'Reading (status, preflight, verify …) is open to everybody in these channels:',
    ...clusters.map((cluster) => `  ${cluster.name}: ${credentialsWords(cluster)}; ${channelsWords(cluster)}`),
    ...clusters.flatMap((cluster) => ['', `On ${cluster.name}:`, ...mayWords(policy, cluster, gated)]),
    '',
    policy.terminalChanges
      ? 'Changes in the terminal: by whoever has a kubeconfig that allows them'
      : 'Changes in the terminal: none',
    ...schedules.map((each) => `Scheduled, ${rhythmOf(each)}: ${each.command}; a change is said in ${each.channel}`),
    ...unusedWords(clusters, policy, gated),
  ];
}

function credentialsWords({ context, inCluster }: ClusterConfig): string {
  if (inCluster) return "the service account of the worker's pod";
  return context === undefined ? 'the current context of KUBECONFIG' : `context ${context}`;
}

function channelsWords({ channels }: ClusterConfig): string {
  return channels === undefined ? 'every channel' : channels.join(', ');
}

function mayWords(policy: ChatopsConfig['policy'], { name }: ClusterConfig, cards: readonly CommandCard[]) {
  const byRule = new Map<Rule | undefined, string[]>();
  for (const card of cards) {
    const rule = ruleFor(policy, { cluster: name, command: card.name, risk: card.risk });
    byRule.set(rule, [...(byRule.get(rule) ?? []), card.words[0]?.join(' ') ?? card.name]);
  }
  return [...byRule].map(([rule, commands]) => {
    const what = `  ${commands.join(', ')}: `;
    if (rule === undefined) return `${what}nobody (no rule allows it)`;
    const where = rule.channels === undefined ? '' : ` in ${rule.channels.join(', ')}`;
    return `${what}${askersWords(rule)} may ask${where}; ${termsWords(rule)}`;
  });
}

/** A rule behind others that fit before it does nothing, which is rarely what was meant. */
function unusedWords(
  clusters: readonly ClusterConfig[],
  policy: ChatopsConfig['policy'],
  cards: readonly CommandCard[],
): readonly string[] {
  const used = new Set(
    clusters.flatMap(({ name }) =>
      cards.map((card) => ruleFor(policy, { cluster: name, command: card.name, risk: card.risk })),
    ),
  );
  const unused = policy.rules.flatMap((rule, at) => (used.has(rule) ? [] : [`policy.rules[${at}]`]));
  if (unused.length === 0) return [];
  return ['', `Look at: ${unused.join(', ')} never decides anything: a rule before it fits first`];
}
