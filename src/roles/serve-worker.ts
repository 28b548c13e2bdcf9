import { hostname } from 'node:os';
import { jobs } from '../../jobs/registry.ts';
import { execute } from '../app/execute/execute.ts';
import type { ExecuteDeps } from '../app/execute/executing.ts';
import { rememberingNodes } from '../app/known-nodes.ts';
import type { OpenCluster } from '../cluster/connect.ts';
import type { ClusterName } from '../core/ids.ts';
import type { ChatopsConfig } from '../core/policy/chatops-config.ts';
import { selfPathOf } from '../core/self-path.ts';
import { createConsumers } from '../queue/consumers.ts';
import { clusterSource, type Env, servedClusters } from '../settings/config.ts';
import type { Closers } from './closers.ts';
import type { Parts } from './parts.ts';
import { selfChecksOf } from './self-checks.ts';
import { systemClock } from './system-clock.ts';
import { createTaking } from './taking.ts';

/** Runs of one cluster that a worker reads at the same time. */
const READS_AT_ONCE = 5;

/** Kubernetes and Helm code is loaded here, so that a bot holds none of it. */
export async function startWorker(parts: Parts, drainMs: number): Promise<void> {
  const { env, log, live, store, queues, closers } = parts;
  const { meter } = parts.metrics;
  const [{ openCluster }, { openChangePorts }] = await Promise.all([
    import('../cluster/connect.ts'),
    import('./open-changes.ts'),
  ]);
  const clusters = createClusters(closers, {
    sourceOf: (name) =>
      clusterSource(
        live.current().clusters.find((each) => each.name === name),
        env,
      ),
    open: (name, source) => openCluster({ name, ...source, clock: systemClock, log, meter }),
  });
  const consumers = await createConsumers(store.queueConnection, { log });
  closers.add(() => consumers.close(drainMs));
  const settings = { helmBin: env.HELM_BIN, helmEnv: env.helmEnv ?? {}, log, meter };
  const remembering = { blobs: store.state.blobs, now: systemClock.now, log };
  const executing: ExecuteDeps = {
    state: store.state,
    queues,
    jobs,
    openCluster: async (name) => rememberingNodes((await clusters(name)).port, remembering),
    clock: systemClock,
    log,
    worker: `${hostname()}/${process.pid}`,
    around: async ({ cluster, run }) => {
      const { write, signs } = await clusters(cluster);
      const around = aroundOf(env, { write, owner: run, limits: live.current().policy.benchmarks });
      const installation = { env, config: live.current, store, queues };
      return { ...around, selfChecks: selfChecksOf(installation, { cluster, run, connection: signs }) };
    },
    changes: {
      policy: () => live.current().policy,
      openPorts: async ({ name }, holder) => openChangePorts(await clusters(name), holder, settings),
    },
  };
  const taking = createTaking(log, async (name) => {
    const read = await consumers.consume({ type: 'read', cluster: name }, READS_AT_ONCE, (run, signal) =>
      execute({ ...executing, lane: 'read' }, run, signal),
    );
    const change = await consumers.consume({ type: 'change', cluster: name }, 1, (run, signal) =>
      execute({ ...executing, lane: 'change' }, run, signal),
    );
    return { release: async () => void (await Promise.all([read.release(), change.release()])) };
  });
  const served = (config: ChatopsConfig) => servedClusters(env, config).map(({ name }) => name);
  await taking(served(live.current()));
  live.onChange((next) => taking(served(next)));
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

type Source = ReturnType<typeof clusterSource>;
type Opening = {
  readonly sourceOf: (name: ClusterName) => Source;
  readonly open: (name: ClusterName, source: Source) => Promise<OpenCluster>;
};

/**
 * Each cluster is opened once, at its first use; one that could not be opened is tried again, and one whose credentials
 * come from somewhere else by now is opened anew.
 */
function createClusters(closers: Closers, { sourceOf, open }: Opening) {
  const known = new Map<string, Promise<OpenCluster>>();
  return async (name: ClusterName): Promise<OpenCluster> => {
    const source = sourceOf(name);
    const key = JSON.stringify([name, source]);
    const opening = known.get(key) ?? opened(key, open(name, source));
    known.set(key, opening);
    return opening;
  };

  async function opened(key: string, opening: Promise<OpenCluster>): Promise<OpenCluster> {
    try {
      const cluster = await opening;
      closers.add(cluster.close);
      return cluster;
    } catch (thrown) {
      known.delete(key);
      throw thrown;
    }
  }
}
