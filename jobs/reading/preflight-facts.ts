import type { NodeAddresses } from '../../src/cilium/facts/node-addresses.ts';
import type { AgentState, Missing, StatusData } from '../../src/cilium/facts/status-data.ts';
import type { PreflightFacts, Wanted } from '../../src/cilium/preflight/facts.ts';
import type { JobContext } from '../../src/core/job.ts';
import { spread } from './health.ts';
import { readNodeAddresses } from './node-addresses.ts';
import { readNodeNetworks } from './node-networks.ts';
import {
  readNodeConfigs,
  readPolicies,
  readRollout,
  readServiceRanges,
  readSettings,
  readTightBudgets,
  readWorkloadNames,
} from './preflight-surroundings.ts';
import { part, type Reading } from './reading.ts';
import { readStatusData } from './status-data.ts';
import type { Tell } from './with-progress.ts';

/** Up to here every node tells its routes; beyond it an even sample does, and the check says so. */
const ASK_ALL_UP_TO = 300;
const SAMPLE = 100;
/** Up to here the kernel is asked about several peers of each node, beyond it about one. */
const CONFIRM_MORE_UP_TO = 50;
const CONFIRM_MORE = 4;

type Question = {
  readonly context: Pick<JobContext, 'cluster' | 'clock' | 'log' | 'signal' | 'selfPath'>;
  readonly wanted: Wanted;
  /** Ends the reading, not the run: what was read by then is judged. */
  readonly signal: AbortSignal;
  readonly tell: Tell;
};

/**
 * What the preflight judges: all that `status` reads, and what else native routing depends on. Parts that cannot be
 * read are undefined and named in `status.missing`. Rejects only when the run is cancelled.
 */
export async function readPreflightFacts({ context, wanted, signal, tell }: Question): Promise<PreflightFacts> {
  const missing: Missing[] = [];
  const reading: Reading = {
    cluster: context.cluster,
    log: context.log,
    cancel: context.signal,
    signal,
    now: context.clock.now,
    miss: (each) => void missing.push(each),
  };
  const [status, around] = await Promise.all([readStatusData(context, 'all', { signal, tell }), readAround(reading)]);
  const [inside, networks] = await Promise.all([
    readInside(reading, status),
    readNetworks({ reading, status, nodes: around.nodes ?? [], tell }),
  ]);
  return {
    status: { ...status, missing: [...status.missing, ...missing] },
    ...around,
    ...inside,
    ...networks,
    self: context.selfPath,
    wanted,
  };
}

async function readAround(reading: Reading) {
  const [nodes, services, nodeConfigs, policies, tightBudgets] = await Promise.all([
    part(reading, 'node addresses', () => readNodeAddresses(reading)),
    part(reading, 'Service ranges', () => readServiceRanges(reading)),
    part(reading, 'CiliumNodeConfigs', () => readNodeConfigs(reading)),
    part(reading, 'network policies', () => readPolicies(reading)),
    part(reading, 'PodDisruptionBudgets', () => readTightBudgets(reading)),
  ]);
  return { nodes, services, nodeConfigs, policies, tightBudgets };
}

/** What can only be read once the place of the installation is known. */
async function readInside(reading: Reading, { installation }: StatusData) {
  if (installation === undefined) return { config: undefined, rollout: undefined, workloads: undefined };
  const { namespace, daemonSet: name } = installation;
  const [config, rollout, workloads] = await Promise.all([
    part(reading, 'settings of cilium-config', () => readSettings(reading, namespace)),
    part(reading, 'rollout of the agents', () => readRollout(reading, { namespace, name })),
    part(reading, 'other workloads', () => readWorkloadNames(reading, namespace)),
  ]);
  return { config, rollout, workloads };
}

async function readNetworks({
  reading,
  status,
  nodes,
  tell,
}: {
  readonly reading: Reading;
  readonly status: StatusData;
  readonly nodes: readonly NodeAddresses[];
  readonly tell: Tell;
}) {
  const { installation, agents } = status;
  if (installation === undefined) return { networks: [], silent: [], notAsked: 0 };
  const asked: readonly AgentState[] = agents.length <= ASK_ALL_UP_TO ? agents : spread(agents, SAMPLE);
  tell({ type: 'step-started', step: 'routes', title: 'Read the nodes’ routes' });
  const found = await readNodeNetworks(reading, {
    namespace: installation.namespace,
    agents: asked,
    nodes,
    confirm: nodes.length <= CONFIRM_MORE_UP_TO ? CONFIRM_MORE : 1,
    onAnswer: (done, total) => tell({ type: 'counted', step: 'routes', done, total }),
  });
  tell({ type: 'step-ended', step: 'routes', result: found.silent.length === 0 ? 'ok' : 'warn' });
  return { ...found, notAsked: agents.length - asked.length };
}
