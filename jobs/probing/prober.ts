import pMap from 'p-map';
import type { PairProbes } from '../../src/cilium/probe/probe-loss.ts';
import { PROBE_CONTAINER, type ProbePod, type ProbePodSpec, type ProbeRole } from '../../src/cilium/probe/probe-pod.ts';
import { PROBE_INTERVAL_MS, type ProbeTarget, parseProbeLog, peersOf } from '../../src/cilium/probe/probe-script.ts';
import { SECOND_MS } from '../../src/core/clock.ts';
import { toOpsError } from '../../src/core/errors.ts';
import { ensureProbePods, listProbePods, type ProbeContext, removeProbePods } from './probe-pods.ts';
import { sweepProbes } from './sweep-probes.ts';

const IN_FLIGHT = 20;
const REMOVE_WITHIN_MS = 30 * SECOND_MS;
/** 20 targets for 15 minutes; a log is read up to 1 MiB. */
const MAX_LINES = 20_000;

export type ProbeRequest = {
  /** Nodes to probe between, each with a ready agent. */
  readonly nodes: readonly string[];
  /** For how long the probes run at most, should nobody remove them. */
  readonly ttlMs: number;
};

/** Probe pods at work: every node asks its peers once a second until they are removed. */
export type Prober = {
  /** Ordered pairs of nodes there are; on a big cluster more than are probed. */
  readonly of: number;
  /** What was answered in the last `lastMs`, for every probed pair; a pair that told nothing has no probes. */
  readonly read: (lastMs: number, signal: AbortSignal) => Promise<readonly PairProbes[]>;
  /** The same, pair by pair: hours of answers of hundreds of nodes do not fit in memory, what is made of them does. */
  readonly summarise: <Summary>(
    lastMs: number,
    summary: (pair: PairProbes) => Summary,
    signal: AbortSignal,
  ) => Promise<readonly Summary[]>;
};

/**
 * Runs `use` with probes between all nodes, or four peers of each above twenty nodes, and removes them whatever
 * happens. Safe to repeat in a later attempt of the same run: pods that are there are used.
 */
export async function withProbes<Value>(
  context: ProbeContext,
  request: ProbeRequest,
  use: (prober: Prober) => Promise<Value>,
): Promise<Value> {
  try {
    return await use(await startProbes(context, request));
  } finally {
    await removeProbes(context);
  }
}

/** For a job whose probes outlive one step: whoever starts them calls `removeProbes` in its end, whatever happens. */
export async function startProbes(context: ProbeContext, request: ProbeRequest): Promise<Prober> {
  const { nodes } = request;
  await sweepProbes(context);
  const servers = await ensureProbePods(
    context,
    nodes.map((node) => specOf(context, request, { role: 'probe-server', node, targets: [] })),
  );
  const addresses = new Map(servers.map((pod) => [pod.node, pod.address ?? '']));
  const clients = await ensureProbePods(
    context,
    nodes.map((node, index) => {
      const targets = peersOf(nodes, index).map((peer) => ({ name: peer, address: addresses.get(peer) ?? '' }));
      return specOf(context, request, { role: 'probe-client', node, targets });
    }),
  );
  return { of: nodes.length * (nodes.length - 1), ...readingOf(context, clients) };
}

/** Reads what `clients` said. @throws the reason of the signal, and nothing else */
export function readingOf(context: ProbeContext, clients: readonly ProbePod[]): Omit<Prober, 'of'> {
  const summarise: Prober['summarise'] = async (lastMs, summary, signal) => {
    const found = await pMap(
      clients,
      async (client) => (await readClient(context, client, lastMs, signal)).map(summary),
      { concurrency: IN_FLIGHT },
    );
    signal.throwIfAborted();
    return found.flat();
  };
  return { summarise, read: (lastMs, signal) => summarise(lastMs, (pair) => pair, signal) };
}

/** Everything of this run. With a signal of its own: pods are removed after a cancel too. Never rejects. */
export async function removeProbes(context: ProbeContext): Promise<void> {
  const own = { ...context, signal: AbortSignal.timeout(REMOVE_WITHIN_MS) };
  try {
    await removeProbePods(own, await listProbePods(own));
  } catch (thrown: unknown) {
    context.log.warn({ err: toOpsError(thrown) }, 'probe pods could not be removed; they end at their deadline');
  }
}

type PodPlace = { readonly role: ProbeRole; readonly node: string; readonly targets: readonly ProbeTarget[] };

function specOf({ probes }: ProbeContext, { ttlMs }: ProbeRequest, place: PodPlace): ProbePodSpec {
  const { owner, namespace, image } = probes;
  return { ...place, owner, namespace, image, ttlSeconds: Math.ceil(ttlMs / 1_000) };
}

/** A client that cannot be read (its node is frozen, its log rotated) has told nothing: no reason to fail the rest. */
async function readClient(
  { cluster, probes, log }: ProbeContext,
  client: ProbePod,
  lastMs: number,
  signal: AbortSignal,
): Promise<readonly PairProbes[]> {
  const names = client.targets.split(' ').map((target) => target.split('=')[0] ?? '');
  const tailLines = Math.min(MAX_LINES, names.length * (Math.ceil(lastMs / PROBE_INTERVAL_MS) + 2));
  const request = { namespace: probes.namespace, pod: client.name, container: PROBE_CONTAINER, tailLines };
  const probed = await cluster.podLog(request, signal).then(parseProbeLog, (thrown: unknown) => {
    signal.throwIfAborted();
    log.debug({ err: toOpsError(thrown), pod: client.name }, 'log of a probe pod could not be read');
    return [];
  });
  return names
    .filter((name) => name !== '')
    .map((to) => ({
      from: client.node,
      to,
      clientAddress: client.address ?? '',
      probes: probed.filter((each) => each.target === to),
    }));
}
