import { type ObjectMeta, parseAll } from '../../src/cilium/kube-objects.ts';
import { DisruptionBudget } from '../../src/cilium/restart-budgets.ts';
import { judgePods, type Owner, RestartPod, type Verdict } from '../../src/cilium/restart-pods.ts';
import { OpsError } from '../../src/core/errors.ts';
import { DISRUPTION_BUDGETS, DISRUPTION_BUDGETS_BETA, PODS } from '../../src/core/resources.ts';
import { readAgentPods } from '../reading/agents.ts';
import { readConfig, readDaemonSet } from '../reading/installation.ts';
import { readPodCidrs } from '../reading/nodes.ts';
import { BODIES_PER_PAGE, collect, type Reading } from '../reading/reading.ts';
import { readBodies, withoutEndpoint } from '../reading/unmanaged-pods.ts';
import { readOwners } from './read-owners.ts';

/** One plan names so many pods, each with its reason; the rest is another run's. */
export const MAX_PODS = 2_000;

export type Scope = {
  readonly namespace: string | undefined;
  readonly includeBare: boolean;
  readonly includeJobs: boolean;
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
  /** Of the agents, oldest first; empty when none of their images names one. */
  readonly agentImages: readonly string[];
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
  const agents: { readonly node: string; readonly ready: boolean; readonly image: string }[] = [];
  const [pods, podCidrs, budgets, finished] = await Promise.all([
    readUnmanaged(reading, scope),
    readPodCidrs(reading),
    readBudgets(reading, scope),
    countFinished(reading, scope),
    readAgentPods(reading, daemonSet, (page) => void agents.push(...page)),
  ]);
  const owners = await readOwners(
    reading,
    pods.bodies.map(({ metadata }): ObjectMeta => metadata),
  );
  const asOf = reading.now().toISOString();
  const verdicts = judgePods({
    pods: pods.bodies,
    owners,
    budgets,
    nodesWithReadyAgent: new Set(agents.filter(({ ready }) => ready).map(({ node }) => node)),
    podCidrs,
    installedAt: daemonSet.metadata.creationTimestamp,
    asOf,
    ...scope,
  });
  return {
    verdicts,
    notLookedAt: pods.notLookedAt,
    running: pods.running,
    finished,
    budgets,
    owners,
    agentImages: [...new Set(agents.map(({ image }) => image))],
    sharesCni: config['cni-exclusive'] === 'false',
    asOf,
  };
}

function within({ namespace }: Pick<Scope, 'namespace'>): { readonly namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}

async function readUnmanaged(reading: Reading, scope: Scope) {
  const { keys, total, left } = await withoutEndpoint(reading, { ...within(scope), keep: MAX_PODS });
  const bodies = (await readBodies(reading, keys, RestartPod)).filter((body) => body !== undefined);
  return { bodies, notLookedAt: total - keys.length, running: left };
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
