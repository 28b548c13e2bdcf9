import { datapathKey, routingPhrase, routingWord } from './datapath.ts';
import type { AgentState, NodeState, StatusData } from './status-data.ts';
import { plainAge } from './text.ts';

/** One node as the report shows it: its agent in a line, and the part of that line in which alike nodes agree. */
export type NodeLine = { readonly node: string; readonly line: string; readonly kind: string; readonly alike: string };

export function nodeLines(data: StatusData): readonly NodeLine[] {
  const agents = new Map(data.agents.map((agent) => [agent.node, agent]));
  const named = new Set(data.nodes.map((node) => node.name));
  const strays = data.agents.filter((agent) => !named.has(agent.node)).map((agent) => ({ name: agent.node }));
  const nodes: readonly (Pick<NodeState, 'name'> & Partial<NodeState>)[] = [...data.nodes, ...strays];
  return nodes.map((node) => {
    const agent = agents.get(node.name);
    const trouble = node.ready === undefined || node.ready === 'yes' ? '' : notReady(node, data.asOf);
    const said =
      agent === undefined ? { text: 'no agent on this node', kind: 'no agent', more: '' } : agentWords(agent, data);
    const kernel = node.kernel === undefined || node.kernel === '' ? '' : `kernel ${node.kernel}`;
    const alike = [trouble === '' ? '' : 'node not ready', said.kind, kernel].filter((part) => part !== '').join(' · ');
    const line = [trouble, said.text, kernel, said.more].filter((part) => part !== '').join(' · ');
    return { node: node.name, line: `${node.name}: ${line}`, kind: alike, alike };
  });
}

/** Groups of alike nodes, largest first. */
export function groupsOf(lines: readonly NodeLine[]): readonly (readonly [NodeLine, ...NodeLine[]])[] {
  const groups = new Map<string, [NodeLine, ...NodeLine[]]>();
  for (const line of lines) {
    const group = groups.get(line.kind);
    if (group) group.push(line);
    else groups.set(line.kind, [line]);
  }
  return [...groups.values()].sort((left, right) => right.length - left.length);
}

/** How many agents run which routing mode: `1 native routing, 2 VXLAN`. Unknown ones are left out. */
export function modesOf(data: StatusData): ReadonlyMap<string, readonly string[]> {
  const modes = new Map<string, string[]>();
  for (const { node, answer } of data.agents) {
    if (answer.state !== 'answered' || answer.view.datapath.routing.mode === 'unknown') continue;
    const phrase = routingPhrase(answer.view.datapath.routing);
    modes.set(phrase, [...(modes.get(phrase) ?? []), node]);
  }
  return modes;
}

/** Groups of agents whose datapaths agree in everything that must agree; the largest first. */
export function datapathGroups(data: StatusData): readonly (readonly AgentState[])[] {
  const groups = new Map<string, AgentState[]>();
  for (const agent of data.agents) {
    if (agent.answer.state !== 'answered') continue;
    const key = datapathKey(agent.answer.view.datapath);
    groups.set(key, [...(groups.get(key) ?? []), agent]);
  }
  return [...groups.values()].sort((left, right) => right.length - left.length);
}

function notReady(node: Partial<NodeState>, asOf: string): string {
  const since = plainAge(node.since, asOf);
  const word = node.ready === 'unknown' ? 'node does not report (kubelet silent)' : 'node not ready';
  return since === undefined ? word : `${word} for ${since}`;
}

type Words = { readonly text: string; readonly kind: string; readonly more: string };

function agentWords(agent: AgentState, data: StatusData): Words {
  const up = plainAge(agent.startedAt, data.asOf);
  const times = joined([up && `up ${up}`, agent.restarts > 0 && `${agent.restarts} restarts`], ', ');
  if (agent.answer.state !== 'answered') {
    const text = silentWords(agent, agent.answer);
    return { text, kind: text, more: times };
  }
  const { view } = agent.answer;
  const { datapath, failing } = view;
  const kind = joined([
    `agent ${view.version ?? 'of unknown version'}${agent.ready ? '' : ' not ready'}`,
    routingWord(datapath.routing),
    `host routing ${datapath.hostRouting}`,
    `masquerading ${datapath.masquerading}`,
    view.state !== 'Ok' && `state ${view.state}`,
    failing.length > 0 && `${failing.length} controllers failing`,
  ]);
  return { text: kind, kind, more: joined([view.ipam, times]) };
}

function silentWords(
  agent: AgentState,
  answer: { readonly state: 'failed' | 'not-asked'; readonly why: string },
): string {
  const trouble = agent.trouble === undefined ? '' : ` (${agent.trouble})`;
  const state = agent.ready ? 'agent ready' : `agent not ready${trouble}`;
  return answer.state === 'failed' ? `${state}; did not answer: ${answer.why}` : `${state}; not asked: ${answer.why}`;
}

function joined(parts: readonly (string | false | undefined)[], separator = ' · '): string {
  return parts.filter((part) => part !== undefined && part !== false && part !== '').join(separator);
}
