import { featuresOf } from '../../src/cilium/features.ts';
import type { DaemonSet } from '../../src/cilium/kube-objects.ts';
import type { AgentState, Installation, Missing, StatusData } from '../../src/cilium/status-data.ts';
import { tally } from '../../src/cilium/text.ts';
import { judgeUnmanaged } from '../../src/cilium/unmanaged.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { JobContext } from '../../src/core/job.ts';
import { askAgents, readAgentPods } from './agents.ts';
import { readHealth, spread } from './health.ts';
import { readDaemonSet, readInstallation } from './installation.ts';
import { readNodes, readPodCidrs, toNodeState } from './nodes.ts';
import { part, type Reading } from './reading.ts';
import { readCandidates } from './unmanaged-pods.ts';
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
  const [kubernetes, nodes, lookup] = await Promise.all([
    part(reading, 'Kubernetes version', () => context.cluster.version(signal)),
    part(reading, 'nodes', () => readNodes(reading)),
    part(reading, DAEMON_SETS_PART, async () => ({ found: await readDaemonSet(reading) })),
  ]);
  const top: Top = {
    schemaVersion: 1,
    cluster: context.cluster.name,
    ...(kubernetes === undefined ? {} : { kubernetes }),
    nodes: (nodes ?? []).map(toNodeState),
  };
  const daemonSet = lookup?.found;
  if (daemonSet === undefined) {
    tell({ type: 'step-ended', step: 'objects', result: lookup === undefined ? 'failed' : 'ok' });
    const cilium = lookup === undefined ? 'unknown' : 'absent';
    return { ...top, ...NOTHING, asOf: reading.now().toISOString(), cilium, missing };
  }
  const around = await readAround(reading, daemonSet, nodes ?? []);
  tell({ type: 'step-ended', step: 'objects', result: missing.length === 0 ? 'ok' : 'warn' });
  const names = top.nodes.map((node) => node.name);
  const chosen = choose(selection, around.agents, names);
  const deep = await readDeep(reading, { ...around, chosen, tell });
  return { ...top, ...together(top, around, deep), asOf: reading.now().toISOString(), chosen: chosen ?? [], missing };
}

/** The part whose failure leaves open whether there is a Cilium at all. */
export const DAEMON_SETS_PART = 'DaemonSets';

type Top = Pick<StatusData, 'schemaVersion' | 'cluster' | 'kubernetes' | 'nodes'>;

const NOTHING = { chosen: [], agents: [], features: [], health: [] } as const;

/** What only makes sense once everything was read: features over all agents, pods judged by their node's agent. */
function together(
  top: Top,
  around: Around,
  { agents, health, candidates, asOf }: Awaited<ReturnType<typeof readDeep>>,
) {
  const installation = withVersion(around.installation, agents);
  const unmanaged =
    candidates &&
    judgeUnmanaged({
      ...candidates,
      nodesWithReadyAgent: new Set(agents.filter((agent) => agent.ready).map((agent) => agent.node)),
      podCidrs: around.podCidrs ?? [],
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
  };
}

type Around = {
  readonly namespace: string;
  readonly installation: Installation;
  readonly agents: readonly AgentState[];
  readonly podCidrs: readonly string[] | undefined;
};

async function readAround(
  reading: Reading,
  daemonSet: DaemonSet,
  nodes: Parameters<typeof readInstallation>[2],
): Promise<Around> {
  const [installation, agents, podCidrs] = await Promise.all([
    readInstallation(reading, daemonSet, nodes),
    part(reading, 'agents', () => readAgentPods(reading, daemonSet)),
    part(reading, 'CiliumNodes', () => readPodCidrs(reading)),
  ]);
  return { namespace: daemonSet.metadata.namespace, installation, agents: agents ?? [], podCidrs };
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

type Deep = Around & { readonly chosen: readonly string[] | undefined; readonly tell: Tell };

/** What takes longer: every agent's own word, cluster health, and pods outside Cilium, side by side. */
async function readDeep(reading: Reading, around: Deep) {
  const { tell, chosen, namespace, installation } = around;
  const selected = chosen === undefined ? undefined : new Set(chosen);
  tell({ type: 'step-started', step: 'agents', title: 'Ask the agents' });
  tell({ type: 'step-started', step: 'pods', title: 'Look for pods outside Cilium' });
  const [agents, health, candidates] = await Promise.all([
    askAgents(reading, {
      namespace,
      agents: around.agents,
      chosen: selected,
      onAnswer: (done, total) => {
        if (isWorthTelling(done, total)) tell({ type: 'counted', step: 'agents', done, total });
      },
    }).then((asked) => {
      const silent = asked.some((agent) => agent.answer.state !== 'answered' && (selected?.has(agent.node) ?? true));
      tell({ type: 'step-ended', step: 'agents', result: silent ? 'warn' : 'ok' });
      return asked;
    }),
    part(reading, 'cluster health', () =>
      readHealth(
        reading,
        namespace,
        selected ? around.agents.filter((each) => selected.has(each.node)) : around.agents,
      ),
    ),
    readOutside(reading, installation).then((found) => {
      tell({ type: 'step-ended', step: 'pods', result: found === undefined ? 'warn' : 'ok' });
      return found;
    }),
  ]);
  return { agents, health, candidates, asOf: reading.now().toISOString() };
}

/** Twenty counts are enough for any cluster. */
function isWorthTelling(done: number, total: number): boolean {
  return done === total || done % Math.max(1, Math.ceil(total / 20)) === 0;
}

async function readOutside(reading: Reading, { settings }: Installation) {
  if (settings['disable-endpoint-crd'] === 'true') {
    const why = 'CiliumEndpoints are switched off (disable-endpoint-crd), so nobody can tell';
    reading.miss({ part: 'pods outside Cilium', why });
    return undefined;
  }
  return part(reading, 'pods outside Cilium', () => readCandidates(reading));
}

/** An image by digest has no version: then the agents' own word counts. */
function withVersion(installation: Installation, agents: readonly AgentState[]): Installation {
  if (installation.version !== undefined) return installation;
  const told = agents.flatMap(({ answer }) => (answer.state === 'answered' ? (answer.view.version ?? []) : []));
  const version = tally(told)[0]?.[0];
  return version === undefined ? installation : { ...installation, version };
}
