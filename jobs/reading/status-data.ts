import type { DaemonSet, Node } from '../../src/cilium/facts/kube-objects.ts';
import type { NodeHealth } from '../../src/cilium/facts/node-health.ts';
import type { AgentState, Installation, Missing, StatusData } from '../../src/cilium/facts/status-data.ts';
import { tally } from '../../src/cilium/facts/text.ts';
import type { StaleMtu } from '../../src/cilium/restart/stale-mtu.ts';
import { judgeUnmanaged } from '../../src/cilium/restart/unmanaged.ts';
import { featuresOf } from '../../src/cilium/status/features.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { JobContext } from '../../src/core/job.ts';
import { readAgentPods, startAsking, unasked } from './agents.ts';
import { readHealth, spread } from './health.ts';
import { readConfig, readDaemonSet, readInstallation } from './installation.ts';
import { readNodes, readPodCidrs, toNodeState } from './nodes.ts';
import { part, type Reading } from './reading.ts';
import { countStale } from './stale-pods.ts';
import { type Candidates, readCandidates } from './unmanaged-pods.ts';
import type { Tell } from './with-progress.ts';

/** Which agents to ask: all, an even sample, or those on named nodes. */
export type Selection = 'all' | 'sample' | readonly string[];

const SAMPLE_NODES = 20;

/**
 * Reads everything `status` says, within the time of `signal`; what cannot be read is named in `missing`.
 * @throws OpsError InvalidArgs when a named node does not exist; the reason of the run's signal when it aborts
 */
export async function readStatusData(
  context: Pick<JobContext, 'cluster' | 'clock' | 'log' | 'signal'>,
  selection: Selection,
  { signal, tell }: { readonly signal: AbortSignal; readonly tell: Tell },
): Promise<StatusData> {
  const missing: Missing[] = [];
  const reading: Reading = {
    cluster: context.cluster,
    log: context.log,
    cancel: context.signal,
    signal,
    now: context.clock.now,
    miss: (each) => void missing.push(each),
  };
  tell({ type: 'step-started', step: 'objects', title: 'Read the cluster' });
  const nodesRead = part(reading, 'nodes', () => readNodes(reading));
  const [kubernetes, nodes, found] = await Promise.all([
    part(reading, 'Kubernetes version', () => context.cluster.version(signal)),
    nodesRead,
    readCilium(reading, { selection, tell, nodesRead }),
  ]);
  const top: Top = {
    schemaVersion: 1,
    cluster: context.cluster.name,
    ...(kubernetes === undefined ? {} : { kubernetes }),
    nodes: (nodes ?? []).map(toNodeState),
  };
  const asOf = reading.now().toISOString();
  if (typeof found === 'string') return { ...top, ...NOTHING, asOf, cilium: found, missing };
  return { ...top, ...together(top, found, asOf), asOf, chosen: found.chosen ?? [], missing };
}

/** The part whose failure leaves open whether there is a Cilium at all. */
export const DAEMON_SETS_PART = 'DaemonSets';

const AGENTS_PART = 'agents';

type Top = Pick<StatusData, 'schemaVersion' | 'cluster' | 'kubernetes' | 'nodes'>;

const NOTHING = { chosen: [], agents: [], features: [], health: [] } as const;

/** What only makes sense once everything was read: features over all agents, pods judged by their node's agent. */
function together(top: Top, found: Found, asOf: string) {
  const { agents, health, candidates, staleMtu } = found;
  const installation = withVersion(found.installation, agents);
  const unmanaged =
    candidates &&
    judgeUnmanaged({
      ...candidates,
      nodesWithReadyAgent: new Set(agents.filter((agent) => agent.ready).map((agent) => agent.node)),
      podCidrs: found.podCidrs ?? [],
      installedAt: installation.installedAt,
      asOf,
    });
  return {
    cilium: 'installed' as const,
    installation,
    agents,
    features: featuresOf({ agents, nodes: top.nodes, installation }),
    health: health ?? [],
    ...(unmanaged === undefined ? {} : { unmanaged }),
    ...(staleMtu === undefined ? {} : { staleMtu }),
  };
}

type Found = Asked & {
  readonly installation: Installation;
  readonly podCidrs: readonly string[] | undefined;
} & Outside;

type Outside = { readonly candidates: Candidates | undefined; readonly staleMtu: StaleMtu | undefined };

type Wanted = {
  readonly selection: Selection;
  readonly tell: Tell;
  /** Under way already; undefined when the nodes could not be read. */
  readonly nodesRead: Promise<readonly Node[] | undefined>;
};

/** Everything about Cilium, side by side: each list is one request at a time, agents are asked twenty at a time. */
async function readCilium(reading: Reading, wanted: Wanted): Promise<Found | 'absent' | 'unknown'> {
  const { tell, nodesRead } = wanted;
  const lookup = await part(reading, DAEMON_SETS_PART, async () => ({ found: await readDaemonSet(reading) }));
  const daemonSet = lookup?.found;
  if (daemonSet === undefined) {
    tell({ type: 'step-ended', step: 'objects', result: lookup === undefined ? 'failed' : 'ok' });
    return lookup === undefined ? 'unknown' : 'absent';
  }
  const { namespace } = daemonSet.metadata;
  const configRead = part(reading, 'ConfigMap cilium-config', () => readConfig(reading, namespace));
  const [[installation, podCidrs], asked, outside] = await Promise.all([
    Promise.all([
      readInstallation(reading, daemonSet, { nodesRead, configRead }),
      part(reading, 'CiliumNodes', () => readPodCidrs(reading)),
      nodesRead,
    ]).then((read) => {
      const whole = read.every((each) => each !== undefined) && read[0].configured !== undefined;
      tell({ type: 'step-ended', step: 'objects', result: whole ? 'ok' : 'warn' });
      return read;
    }),
    readAgents(reading, daemonSet, wanted),
    readOutside(reading, { daemonSet, configRead }, tell),
  ]);
  return { installation, podCidrs, ...outside, ...asked };
}

/** @throws OpsError InvalidArgs */
function choose(
  selection: Selection,
  agents: readonly AgentState[],
  nodes: readonly string[],
): readonly string[] | undefined {
  if (selection === 'all') return undefined;
  if (selection === 'sample') {
    const names = agents.map((agent) => agent.node);
    return names.length <= SAMPLE_NODES ? undefined : spread(names, SAMPLE_NODES);
  }
  const known = new Set([...nodes, ...agents.map((agent) => agent.node)]);
  const wrong = selection.find((name) => !known.has(name));
  if (known.size > 0 && wrong !== undefined) {
    const some = [...known].slice(0, 5).join(', ');
    throw new OpsError('InvalidArgs', `there is no node ${wrong}`, { nextStep: `nodes are named like ${some}` });
  }
  return selection;
}

type Asked = {
  readonly agents: readonly AgentState[];
  readonly chosen: readonly string[] | undefined;
  readonly health: readonly NodeHealth[] | undefined;
};

/** Every agent's own word and cluster health. Agents are asked while the list of them is still being read. */
async function readAgents(reading: Reading, daemonSet: DaemonSet, wanted: Wanted): Promise<Asked> {
  const { selection, tell, nodesRead } = wanted;
  const { namespace } = daemonSet.metadata;
  tell({ type: 'step-started', step: 'agents', title: 'Ask the agents' });
  const all = selection === 'all';
  const asking = startAsking(reading, namespace, (done, total) => {
    const expected = all ? Math.max(total, daemonSet.status.numberReady) : total;
    if (isWorthTelling(done, expected)) tell({ type: 'counted', step: 'agents', done, total: expected });
  });
  const listed: AgentState[] = [];
  await part(reading, AGENTS_PART, () =>
    readAgentPods(reading, daemonSet, (page) => {
      listed.push(...page);
      if (all) asking.ask(page);
    }),
  );
  const agents = listed.toSorted(byNode);
  const chosen = choose(selection, agents, all ? [] : ((await nodesRead) ?? []).map(({ metadata }) => metadata.name));
  const selected = chosen === undefined ? agents : agents.filter(isIn(chosen));
  if (!all) asking.ask(selected);
  const [answers, health] = await Promise.all([
    asking.finish(),
    part(reading, 'cluster health', () => readHealth(reading, namespace, selected)),
  ]);
  const answered = agents.map((agent) => ({ ...agent, answer: answers.get(agent.pod) ?? unasked(agent) }));
  const silent = (chosen === undefined ? answered : answered.filter(isIn(chosen))).some(
    ({ answer }) => answer.state !== 'answered',
  );
  tell({ type: 'step-ended', step: 'agents', result: silent ? 'warn' : 'ok' });
  return { agents: answered, chosen, health };
}

function byNode(left: AgentState, right: AgentState): number {
  return BY_NUMBER.compare(left.node, right.node);
}

const BY_NUMBER = new Intl.Collator('en', { numeric: true });

function isIn(names: readonly string[]): (agent: AgentState) => boolean {
  const known = new Set(names);
  return ({ node }) => known.has(node);
}

/** Twenty counts are enough for any cluster. */
function isWorthTelling(done: number, total: number): boolean {
  return done === total || done % Math.max(1, Math.ceil(total / 20)) === 0;
}

type Installed = {
  readonly daemonSet: DaemonSet;
  readonly configRead: Promise<Readonly<Record<string, string>> | undefined>;
};

async function readOutside(reading: Reading, { daemonSet, configRead }: Installed, tell: Tell): Promise<Outside> {
  tell({ type: 'step-started', step: 'pods', title: 'Look for pods outside Cilium' });
  const config = await configRead;
  const switchedOff = config?.['disable-endpoint-crd'] === 'true';
  const why = 'CiliumEndpoints are switched off (disable-endpoint-crd), so nobody can tell';
  if (switchedOff) reading.miss({ part: 'pods outside Cilium', why });
  const [candidates, staleMtu] = await Promise.all([
    switchedOff ? undefined : part(reading, 'pods outside Cilium', () => readCandidates(reading)),
    config && part(reading, 'route MTU of running pods', () => countStale(reading, daemonSet, config)),
  ]);
  tell({ type: 'step-ended', step: 'pods', result: candidates === undefined ? 'warn' : 'ok' });
  return { candidates, staleMtu };
}

/** An image by digest has no version: then the agents' own word counts. */
function withVersion(installation: Installation, agents: readonly AgentState[]): Installation {
  if (installation.version !== undefined) return installation;
  const told = agents.flatMap(({ answer }) => (answer.state === 'answered' ? (answer.view.version ?? []) : []));
  const version = tally(told)[0]?.[0];
  return version === undefined ? installation : { ...installation, version };
}
