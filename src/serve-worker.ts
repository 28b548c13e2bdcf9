import { hostname } from 'node:os';
import { jobs } from '../jobs/registry.ts';
import { type ExecuteDeps, execute } from './app/execute.ts';
import type { Closers } from './closers.ts';
import type { OpenCluster } from './cluster/connect.ts';
import { clusterSource, type Env, servedClusters } from './config.ts';
import type { ChatopsConfig } from './core/chatops-config.ts';
import type { ClusterName } from './core/ids.ts';
import { selfPathOf } from './core/self-path.ts';
import { createConsumers } from './queue/consumers.ts';
import type { Parts } from './serve.ts';
import { systemClock } from './system-clock.ts';

/** Runs of one cluster that a worker reads at the same time. */
const READS_AT_ONCE = 5;

/** Kubernetes and Helm code is loaded here, so that a bot holds none of it. */
export async function startWorker({ env, log, config, store, queues, closers }: Parts, drainMs: number): Promise<void> {
  const [{ openCluster }, { openChangePorts }] = await Promise.all([
    import('./cluster/connect.ts'),
    import('./open-changes.ts'),
  ]);
  const served = servedClusters(env, config);
  const clusters = createClusters(closers, (name) => {
    const cluster = served.find((each) => each.name === name);
    return openCluster({ name, ...clusterSource(cluster, env), clock: systemClock, log });
  });
  const consumers = await createConsumers(store.queueConnection, { log });
  closers.add(() => consumers.close(drainMs));
  const settings = { helmBin: env.HELM_BIN, helmEnv: env.helmEnv ?? {}, log };
  const executing: ExecuteDeps = {
    state: store.state,
    queues,
    jobs,
    openCluster: async (name) => (await clusters(name)).port,
    clock: systemClock,
    log,
    worker: `${hostname()}/${process.pid}`,
    around: async ({ cluster, run }) =>
      aroundOf(env, { ...(await clusters(cluster)), owner: run, limits: config.policy.benchmarks }),
    changes: {
      policy: () => config.policy,
      openPorts: async ({ name }, holder) => openChangePorts(await clusters(name), holder, settings),
    },
  };
  for (const { name } of served) {
    await consumers.consume({ type: 'read', cluster: name }, READS_AT_ONCE, (run, signal) =>
      execute({ ...executing, lane: 'read' }, run, signal),
    );
    await consumers.consume({ type: 'change', cluster: name }, 1, (run, signal) =>
      execute({ ...executing, lane: 'change' }, run, signal),
    );
  }
}

/** What jobs may do beside reading, and how this process reaches its store. */
export function aroundOf(
  env: Env,
  {
    write,
    owner,
    limits,
  }: Pick<OpenCluster, 'write'> & { readonly owner: string; readonly limits: ChatopsConfig['policy']['benchmarks'] },
) {
  const inCluster = env.KUBERNETES_SERVICE_HOST !== undefined;
  const selfPath = selfPathOf({ inCluster, podIp: env.POD_IP, hostIp: env.HOST_IP, stateUrl: env.STATE_URL });
  const bench = { image: env.BENCH_IMAGE, limits };
  return { selfPath, probes: { write, owner, namespace: env.PROBE_NAMESPACE, image: env.PROBE_IMAGE, bench } };
}

/** Each cluster is opened once, at its first use; one that could not be opened is tried again. */
function createClusters(closers: Closers, open: (name: ClusterName) => Promise<OpenCluster>) {
  const known = new Map<ClusterName, Promise<OpenCluster>>();
  return async (name: ClusterName): Promise<OpenCluster> => {
    const opening = known.get(name) ?? opened(name);
    known.set(name, opening);
    return opening;
  };

  async function opened(name: ClusterName): Promise<OpenCluster> {
    try {
      const cluster = await open(name);
      closers.add(cluster.close);
      return cluster;
    } catch (thrown) {
      known.delete(name);
      throw thrown;
    }
  }
}
