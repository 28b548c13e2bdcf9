import type { Finding } from '../../core/run/report.ts';
import { datapathGroups, modesOf } from '../facts/agent-groups.ts';
import { type Drift, driftOf } from '../facts/drift.ts';
import type { AgentState, Installation, StatusData } from '../facts/status-data.ts';
import { clip, count, listed, tally } from '../facts/text.ts';

const MAX = 600;
const RECENT_MS = 60 * 60_000;

export function agentFindings(data: StatusData, installation: Installation): readonly Finding[] {
  return [
    ...mixedModes(data),
    ...noAgents(data, installation),
    ...notReady(data),
    ...silent(data),
    ...driftOf(data).map((drift) => driftFinding(drift, installation)),
    ...troubles(data),
    ...failingControllers(data),
    ...otherDifferences(data),
    ...skew(data),
    ...rollout(installation),
    ...restarts(data),
  ].map((finding) => ({ ...finding, text: clip(finding.text, MAX) }));
}

function mixedModes(data: StatusData): readonly Finding[] {
  const modes = [...modesOf(data)];
  if (modes.length < 2) return [];
  const words = modes.map(([mode, nodes]) => `${mode} on ${listed(nodes)}`).join('; ');
  return [
    { mark: 'fail', text: `Agents run different routing modes, and pod traffic between them is dropped: ${words}` },
  ];
}

function noAgents(data: StatusData, { desired }: Installation): readonly Finding[] {
  if (data.missing.some((missing) => missing.part === 'agents')) return [];
  const absent = desired - data.agents.length;
  if (absent <= 0 || data.chosen.length > 0) return [];
  return [
    { mark: 'fail', text: `${count(absent, 'node')} should have an agent and ${absent === 1 ? 'has' : 'have'} none` },
  ];
}

function notReady(data: StatusData): readonly Finding[] {
  const down = data.agents.filter((agent) => !agent.ready);
  if (down.length === 0) return [];
  const lostNodes = new Set(data.nodes.filter((node) => node.ready !== 'yes').map((node) => node.name));
  const reasons = tally(
    down.map((agent) => (lostNodes.has(agent.node) ? 'the node is not ready' : (agent.trouble ?? 'not ready'))),
  );
  const words = reasons.map(([reason, number]) => (reasons.length === 1 ? reason : `${reason} (${number})`)).join(', ');
  const crash = down.some((agent) => agent.trouble === 'CrashLoopBackOff');
  const advice = crash
    ? '; running traffic keeps flowing on what they loaded. Read the log of the previous container; after a repair of the ConfigMap the pods must be replaced, a container restart keeps the old settings'
    : '';
  const nodes = listed(down.map((agent) => agent.node));
  return [
    {
      mark: 'fail',
      text: `${down.length} of ${count(data.agents.length, 'agent')} not ready: ${words} on ${nodes}${advice}`,
    },
  ];
}

function silent(data: StatusData): readonly Finding[] {
  const failed = data.agents.flatMap((agent) =>
    agent.answer.state === 'failed' ? [{ node: agent.node, why: agent.answer.why }] : [],
  );
  const [first] = failed;
  if (first === undefined) return [];
  const who = `${count(failed.length, 'agent')} did not answer: ${listed(failed.map((each) => each.node))}`;
  return [{ mark: 'warn', text: `${who} (${first.why})` }];
}

function driftFinding(drift: Drift, { namespace, daemonSet }: Installation): Finding {
  const runs = tally(drift.agents.map((agent) => agent.runs));
  const words = runs.map(([value, number]) => (runs.length === 1 ? value : `${value} (${number})`)).join(', ');
  const who = `${drift.agents.length} of ${count(drift.answered, 'agent')} ${drift.agents.length === 1 ? 'runs' : 'run'}`;
  const what = `The ConfigMap asks for ${drift.setting} ${drift.wanted}, but ${who} ${words}`;
  return { mark: 'warn', text: `${what}: ${advice(drift, `${namespace}/${daemonSet}`)}` };
}

function advice({ because }: Drift, daemonSet: string): string {
  switch (because) {
    case 'restart-pending':
      return `applied, not rolled out. Agents read it when DaemonSet ${daemonSet} restarts`;
    case 'turned-off':
      return 'the agents started after the last Helm revision and declined it, or somebody edited the ConfigMap since: their logs say which';
    case 'unclear':
      return 'a restart is pending, or the agents declined it (their logs say so)';
    default:
      throw new Error(`unhandled cause ${because satisfies never}`);
  }
}

function troubles(data: StatusData): readonly Finding[] {
  const said = data.agents.flatMap((agent) =>
    agent.answer.state === 'answered' ? agent.answer.view.troubles.map((text) => ({ node: agent.node, text })) : [],
  );
  const kinds = tally(said.map((each) => each.text));
  return kinds.slice(0, 3).map(([text, number]) => {
    const where = said.filter((each) => each.text === text).map((each) => each.node);
    const mark = text.includes(': Failure') ? ('fail' as const) : ('warn' as const);
    return { mark, text: `${text}, says the agent on ${number === 1 ? where[0] : listed(where)}` };
  });
}

function failingControllers(data: StatusData): readonly Finding[] {
  const failing = failingOf(data);
  const [first] = failing;
  if (first === undefined) return [];
  const nodes = new Set(failing.map((each) => each.node)).size;
  const worst = failing.toSorted((left, right) => right.failures - left.failures)[0] ?? first;
  const example = `${worst.name} on ${worst.node}, ${count(worst.failures, 'time')} in a row: ${worst.message}`;
  return [
    { mark: 'warn', text: `${count(failing.length, 'controller')} failing on ${count(nodes, 'node')}: ${example}` },
  ];
}

export function failingOf(data: StatusData) {
  return data.agents.flatMap((agent) =>
    agent.answer.state === 'answered' ? agent.answer.view.failing.map((each) => ({ ...each, node: agent.node })) : [],
  );
}

/** Different in something else than the routing mode, which has its own finding. */
function otherDifferences(data: StatusData): readonly Finding[] {
  const groups = datapathGroups(data);
  if (groups.length < 2 || modesOf(data).size > 1) return [];
  const [largest, ...others] = groups;
  const names = others.flat().map((agent: AgentState) => agent.node);
  const text = `${count(names.length, 'agent')} moves packets differently from the other ${largest?.length ?? 0}: ${listed(names)}`;
  return [{ mark: 'warn', text: names.length === 1 ? text : text.replace('moves', 'move') }];
}

function skew(data: StatusData): readonly Finding[] {
  const images = tally(data.agents.map((agent) => tagOf(agent.image)).filter((tag) => tag !== ''));
  if (images.length < 2) return [];
  const words = images.map(([tag, number]) => `${tag} on ${number}`).join(', ');
  return [{ mark: 'warn', text: `Agents run ${images.length} versions of Cilium: ${words}` }];
}

/** What tells two images apart for people: the tag, else the start of the digest. */
function tagOf(image: string): string {
  const [name, digest] = image.split('@');
  const tag = /:([^/:]+)$/.exec(name ?? '')?.[1];
  return tag ?? digest?.slice(0, 19) ?? '';
}

function rollout({ desired, updated, observed }: Installation): readonly Finding[] {
  if (observed && updated >= desired) return [];
  return [
    { mark: 'warn', text: `A rollout is under way: ${updated} of ${count(desired, 'agent')} run the newest template` },
  ];
}

function restarts(data: StatusData): readonly Finding[] {
  const recent = data.agents.filter(
    (agent) =>
      agent.ready && agent.restarts > 0 && Date.parse(data.asOf) - Date.parse(agent.startedAt ?? '') < RECENT_MS,
  );
  if (recent.length === 0) return [];
  const nodes = listed(recent.map((agent) => `${agent.node} (${count(agent.restarts, 'restart')})`));
  return [
    { mark: 'warn', text: `${count(recent.length, 'agent container')} restarted within the last hour: ${nodes}` },
  ];
}
