import { type DaemonSet, type ObjectMeta, parseAll } from '../../src/cilium/facts/kube-objects.ts';
import { DisruptionBudget } from '../../src/cilium/restart/restart-budgets.ts';
import { type Agent, judgePods, type Owner, RestartPod, type Verdict } from '../../src/cilium/restart/restart-pods.ts';
import { mayBeStale, type StaleMtu, type StaleRule } from '../../src/cilium/restart/stale-mtu.ts';
import { OpsError } from '../../src/core/errors.ts';
import { DISRUPTION_BUDGETS, DISRUPTION_BUDGETS_BETA, PODS } from '../../src/core/resources.ts';
import { readAgentPods } from '../reading/agents.ts';
import { readConfig, readDaemonSet } from '../reading/installation.ts';
import { readPodCidrs } from '../reading/nodes.ts';
import { BODIES_PER_PAGE, collect, type Reading } from '../reading/reading.ts';
import { countStale, readStaleRule } from '../reading/stale-pods.ts';
import { createdWhen, readBodies, withoutEndpoint } from '../reading/unmanaged-pods.ts';
import { readOwners } from './read-owners.ts';

/** One plan names so many pods, each with its reason; the rest is another run's. */
export const MAX_PODS = 2_000;

export type Scope = {
  readonly namespace: string | undefined;
  readonly includeBare: boolean;
  readonly includeJobs: boolean;
  /** Managed pods with a stale route MTU, too. */
  readonly staleMtu: boolean;
};

/** Everything that decides which pods are restarted. */
export type Found = {
  readonly verdicts: readonly Verdict[];
  /** Without an endpoint by name, and beyond `MAX_PODS`: their bodies were not read. */
  readonly notLookedAt: number;
  /** Running pods on the pod network, managed or not. */
  readonly running: number;
  /** Succeeded or Failed: they have no endpoint, and need none. */
  readonly finished: number;
  readonly budgets: readonly DisruptionBudget[];
  readonly owners: ReadonlyMap<string, Owner>;
  /** Whether pods can have a stale route MTU, and by what it is known. */
  readonly stale: StaleRule;
  /** Pods with one were looked for, too. */
  readonly asksStale: boolean;
  /** How many have, where that was counted and not asked to be mended: a switch is written down. */
  readonly staleMtu: StaleMtu | undefined;
  /** Cilium leaves the configuration of another CNI alone (`cni-exclusive: false`). */
  readonly sharesCni: boolean;
  readonly asOf: string;
};

/**
 * Finds unmanaged pods by a merge of two lists of names: no bodies but those of the pods found, whatever the size of
 * the cluster. @throws OpsError CiliumAbsent; Rejected when CiliumEndpoints are switched off: then nobody can tell
 */
export async function findPods(reading: Reading, scope: Scope): Promise<Found> {
  const daemonSet = await readDaemonSet(reading);
  if (daemonSet === undefined)
    throw new OpsError('CiliumAbsent', `Cilium is not installed on ${reading.cluster.name}: no pod can be its own`);
  const config = await readConfig(reading, daemonSet.metadata.namespace);
  if (config['disable-endpoint-crd'] === 'true')
    throw new OpsError(
      'Rejected',
      'CiliumEndpoints are switched off (disable-endpoint-crd), so nobody can tell which pods are unmanaged',
    );
  const stale = await readStaleRule(reading, daemonSet, config);
  const [pods, podCidrs, budgets, finished, agents, staleMtu] = await Promise.all([
    readUnmanaged(reading, scope),
    readPodCidrs(reading),
    readBudgets(reading, scope),
    countFinished(reading, scope),
    readReadyAgents(reading, daemonSet),
    scope.staleMtu || stale.type === 'none' ? undefined : countStale(reading, daemonSet, config),
  ]);
  const older = scope.staleMtu ? await readOlder(reading, { scope, stale, agents, but: pods.keys }) : NO_PODS;
  const bodies = [...pods.bodies, ...older.bodies];
  const owners = await readOwners(
    reading,
    bodies.map(({ metadata }): ObjectMeta => metadata),
  );
  const asOf = reading.now().toISOString();
  const verdicts = judgePods({
    ...scope,
    ...{ pods: bodies, managed: new Set(older.keys), owners, budgets, agents, stale, podCidrs, asOf },
    installedAt: daemonSet.metadata.creationTimestamp,
  });
  return {
    verdicts,
    notLookedAt: pods.notLookedAt + older.notLookedAt,
    ...{ running: pods.running, finished, budgets, owners, stale, asksStale: scope.staleMtu, staleMtu, asOf },
    sharesCni: config['cni-exclusive'] === 'false',
  };
}

async function readReadyAgents(reading: Reading, daemonSet: DaemonSet): Promise<ReadonlyMap<string, Agent>> {
  const agents = new Map<string, Agent>();
  await readAgentPods(reading, daemonSet, (page) => {
    for (const { node, ready, image, startedAt } of page) if (ready) agents.set(node, { image, startedAt });
  });
  return agents;
}

function within({ namespace }: Pick<Scope, 'namespace'>): { readonly namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}

type Pods = {
  readonly keys: readonly string[];
  readonly bodies: readonly RestartPod[];
  readonly notLookedAt: number;
};
const NO_PODS: Pods = { keys: [], bodies: [], notLookedAt: 0 };

async function readUnmanaged(reading: Reading, scope: Scope): Promise<Pods & { readonly running: number }> {
  const { keys, total, left } = await withoutEndpoint(reading, { ...within(scope), keep: MAX_PODS });
  const bodies = (await readBodies(reading, keys, RestartPod)).filter((body) => body !== undefined);
  return { keys, bodies, notLookedAt: total - keys.length, running: left };
}

type Older = {
  readonly scope: Scope;
  readonly stale: StaleRule;
  readonly agents: ReadonlyMap<string, Agent>;
  /** Names that are looked at already. */
  readonly but: readonly string[];
};

/** Managed pods that may be from another mode: by their names and ages first, then by their bodies. */
async function readOlder(reading: Reading, { scope, stale, agents, but }: Older): Promise<Pods> {
  if (stale.type === 'none') return NO_PODS;
  const newest = [...agents.values()]
    .flatMap(({ startedAt }) => startedAt ?? [])
    .sort()
    .at(-1);
  const agentStartedAt = stale.type === 'unrecorded' ? newest : undefined;
  const known = new Set(but);
  // The unmanaged are among the older ones, and must not take their places.
  const query = { ...within(scope), keep: MAX_PODS + known.size };
  const found = await createdWhen(reading, query, (createdAt) => mayBeStale(stale, createdAt, agentStartedAt));
  const others = found.keys.filter((key) => !known.has(key));
  const keys = others.slice(0, Math.max(0, MAX_PODS - known.size));
  const bodies = (await readBodies(reading, keys, RestartPod)).filter((body) => body !== undefined);
  return { keys, bodies, notLookedAt: found.total - (found.keys.length - others.length) - keys.length };
}

/** Older servers know budgets as v1beta1 only; one that has none at all cannot refuse an eviction either. */
async function readBudgets(reading: Reading, scope: Scope): Promise<readonly DisruptionBudget[]> {
  const query = { ...within(scope), as: 'objects', pageSize: BODIES_PER_PAGE } as const;
  const project = (page: readonly unknown[]): readonly DisruptionBudget[] => parseAll(DisruptionBudget, page);
  try {
    return await collect(reading, DISRUPTION_BUDGETS, query, project);
  } catch (thrown: unknown) {
    if (!(thrown instanceof OpsError) || thrown.code !== 'NotFound') throw thrown;
    return collect(reading, DISRUPTION_BUDGETS_BETA, query, project);
  }
}

async function countFinished(reading: Reading, scope: Scope): Promise<number> {
  const counts = await Promise.all(
    ['Succeeded', 'Failed'].map(async (phase) => {
      const query = {
        ...within(scope),
        fieldSelector: `status.phase=${phase}`,
        as: 'metadata',
        pageSize: 2_000,
      } as const;
      let count = 0;
      for await (const page of reading.cluster.list(PODS, query, reading.signal)) count += page.length;
      return count;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
