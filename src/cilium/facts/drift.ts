import { type Datapath, routingWord } from './datapath.ts';
import type { AgentState, StatusData } from './status-data.ts';
import { clip } from './text.ts';

/** A setting whose value in the ConfigMap is not what some agents run with. Agents read it only when they start. */
export type Drift = {
  readonly setting: string;
  readonly wanted: string;
  /** Agents that run with something else, and with what. */
  readonly agents: readonly { readonly node: string; readonly runs: string }[];
  readonly answered: number;
  /**
   * restart-pending: such an agent either runs with the setting or does not start, so it is older than the setting.
   * turned-off: the agents started after the last Helm revision and still differ. unclear: one or the other.
   */
  readonly because: 'restart-pending' | 'turned-off' | 'unclear';
};

type Setting = {
  readonly name: string;
  /** undefined where the value is not known or not comparable. */
  readonly read: (datapath: Datapath) => string | undefined;
  /** An agent either runs with this setting or does not start: a difference can only mean an older agent. */
  readonly strict: boolean;
};

const SETTINGS: readonly Setting[] = [
  { name: 'routing mode', strict: true, read: ({ routing }) => known(routingWord(routing)) },
  {
    name: 'native routing CIDR',
    strict: true,
    // In tunnel mode every agent names its own pod CIDR there.
    read: ({ routing, nativeCidr }) => (routing.mode === 'native' ? nativeCidr : undefined),
  },
  { name: 'masquerading', strict: false, read: ({ masquerading }) => known(masquerading) },
  { name: 'bandwidth manager', strict: false, read: ({ bandwidthManager }) => known(bandwidthManager) },
  { name: 'IPv6 BIG TCP', strict: false, read: ({ ipv6BigTcp }) => known(ipv6BigTcp) },
  { name: 'IPv4 BIG TCP', strict: false, read: ({ ipv4BigTcp }) => known(ipv4BigTcp) },
  { name: 'encryption', strict: false, read: ({ encryption }) => known(encryption) },
  {
    name: 'kube-proxy replacement',
    strict: false,
    // `partial` and `probe` leave the choice to the agent.
    read: ({ kubeProxyReplacement: mode }) => (mode === 'partial' ? undefined : known(mode)),
  },
];

export type Edited = NonNullable<NonNullable<StatusData['installation']>['edited']>;

/** Keys beyond these say nothing new: somebody wrote the ConfigMap, and not with Helm. */
const MAX_EDITED = 20;

/** What somebody changed in the ConfigMap without Helm: the next upgrade takes it back. */
export function editedSince(
  rendered: Readonly<Record<string, string>>,
  live: Readonly<Record<string, string>>,
): Edited {
  const keys = [...new Set([...Object.keys(rendered), ...Object.keys(live)])].sort();
  return keys
    .filter((key) => rendered[key] !== live[key])
    .slice(0, MAX_EDITED)
    .map((key) => ({ key, ...valued('helm', rendered[key]), ...valued('now', live[key]) }));
}

function valued(name: 'helm' | 'now', value: string | undefined): { readonly helm?: string; readonly now?: string } {
  return value === undefined ? {} : { [name]: clip(value, 200) };
}

export function driftOf(data: StatusData): readonly Drift[] {
  const configured = data.installation?.configured;
  if (configured === undefined) return [];
  return SETTINGS.flatMap((setting) => {
    const wanted = setting.read(configured);
    if (wanted === undefined) return [];
    const compared = data.agents.flatMap((agent) => {
      const runs = agent.answer.state === 'answered' ? setting.read(agent.answer.view.datapath) : undefined;
      return runs === undefined ? [] : [{ agent, runs }];
    });
    const differ = compared.filter(({ runs }) => !same(runs, wanted));
    if (differ.length === 0) return [];
    const because = setting.strict ? 'restart-pending' : causeOf(differ, data.installation?.release?.changedAt);
    const agents = differ.map(({ agent, runs }) => ({ node: agent.node, runs }));
    return [{ setting: setting.name, wanted, agents, answered: compared.length, because }];
  });
}

function known(value: string): string | undefined {
  return ['unknown', 'absent', 'Unknown'].includes(value) ? undefined : value;
}

/** An agent that does not name its tunnel protocol does not contradict one that is configured. */
function same(runs: string, wanted: string): boolean {
  return runs === wanted || (runs.startsWith('Tunnel (protocol') && wanted.startsWith('Tunnel'));
}

function causeOf(differ: readonly { readonly agent: AgentState }[], changedAt: string | undefined): Drift['because'] {
  const changed = Date.parse(changedAt ?? '');
  const starts = differ.map(({ agent }) => Date.parse(agent.startedAt ?? ''));
  if (Number.isNaN(changed) || starts.some(Number.isNaN)) return 'unclear';
  return starts.every((start) => start > changed) ? 'turned-off' : 'unclear';
}
