import { hostname } from 'node:os';
import { jobs } from '../jobs/registry.ts';
import { execute } from './app/execute.ts';
import { publish } from './app/publish.ts';
import type { SubmitDeps } from './app/submit.ts';
import { keepSweeping } from './app/sweep.ts';
import { type Closers, createClosers } from './closers.ts';
import { clusterSource, type Env, keepRunsMs, readChatopsConfig, servedClusters, slackSettings } from './config.ts';
import type { ChatopsConfig } from './core/chatops-config.ts';
import { SECOND_MS } from './core/clock.ts';
import type { ClusterName } from './core/ids.ts';
import type { ClusterPort, Log, Queues } from './core/ports.ts';
import type { Run } from './core/run.ts';
import { serveHealth } from './health-server.ts';
import { createConsumers } from './queue/consumers.ts';
import { createQueues } from './queue/queues.ts';
import { type OpenState, openState } from './store/open-state.ts';
import { systemClock } from './system-clock.ts';

/** Runs of one cluster that a worker reads at the same time, and renders under way at the same time. */
const READS_AT_ONCE = 5;
const RENDERS_AT_ONCE = 8;
/** Kubernetes kills after 30 s by default. */
const DRAIN_MS = 20 * SECOND_MS;

type Parts = {
  readonly env: Env;
  readonly log: Log;
  readonly config: ChatopsConfig;
  readonly store: OpenState;
  readonly queues: Queues;
  readonly closers: Closers;
};

export type Serving = { readonly healthPort: number; readonly stop: () => Promise<void> };

/**
 * Starts the roles of this process: `bot` (Slack and rendering, no cluster rights), `worker` (cluster rights, no Slack
 * token), or both. Resolves when ready. @throws OpsError BadConfig, StoreUnavailable
 */
export async function serve(env: Env, log: Log): Promise<Serving> {
  const closers = createClosers();
  try {
    const config = await readChatopsConfig(env);
    const store = await openState({ url: env.STATE_URL, dataDir: env.DATA_DIR, log });
    closers.add(store.close);
    const queues = await createQueues(store.queueConnection, { log });
    closers.add(queues.close);
    const parts: Parts = { env, log, config, store, queues, closers };
    const connected = env.ROLE === 'worker' ? undefined : await startBot(parts);
    if (env.ROLE !== 'bot') await startWorker(parts);
    const checks = {
      store: () => store.state.runs.recent({ limit: 1 }).then(() => true),
      ...(connected ? { slack: connected } : {}),
    };
    const health = await serveHealth(env.HTTP_PORT, checks);
    closers.add(health.close);
    log.info({ healthPort: health.port, store: store.kind }, 'ready');
    return { healthPort: health.port, stop: closers.close };
  } catch (thrown) {
    await closers.close();
    throw thrown;
  }
}

async function startBot({ env, log, config, store, queues, closers }: Parts): Promise<() => boolean> {
  // Loaded here so that a worker holds no Slack code, and below so that a bot holds no Kubernetes code.
  const [{ createSlackBot }, { renderRun }] = await Promise.all([
    import('./slack/slack-bot.ts'),
    import('./render/run-message.ts'),
  ]);
  const deps: SubmitDeps = { state: store.state, queues, jobs, config: () => config, clock: systemClock, log };
  const bot = createSlackBot({ ...slackSettings(env), apiUrl: env.SLACK_API_URL, root: env.SLACK_COMMAND }, deps);
  await bot.start();
  closers.add(bot.stop);
  const consumers = await createConsumers(store.queueConnection, { log });
  closers.add(() => consumers.close(DRAIN_MS));
  const publishing = {
    state: store.state,
    chat: bot.chat,
    render: (run: Run) => renderRun(run, { now: systemClock.now(), uploads: true }),
    clock: systemClock,
    log,
  };
  await consumers.consume({ type: 'render' }, RENDERS_AT_ONCE, (run) => publish(publishing, run));
  startSweeping({ store, queues, log, closers, keepMs: keepRunsMs(env) });
  return bot.connected;
}

async function startWorker({ env, log, config, store, queues, closers }: Parts): Promise<void> {
  const { openCluster } = await import('./cluster/connect.ts');
  const served = servedClusters(env, config);
  const clusters = new Map<ClusterName, Promise<ClusterPort>>();
  const open = (name: ClusterName): Promise<ClusterPort> => {
    const known = clusters.get(name);
    if (known) return known;
    const opening = openNamed(name).catch((thrown: unknown) => {
      clusters.delete(name);
      throw thrown;
    });
    clusters.set(name, opening);
    return opening;
  };
  async function openNamed(name: ClusterName): Promise<ClusterPort> {
    const cluster = served.find((each) => each.name === name);
    const opened = await openCluster({
      name,
      ...clusterSource(cluster, env),
      clock: systemClock,
      log,
    });
    closers.add(opened.close);
    return opened.port;
  }
  const consumers = await createConsumers(store.queueConnection, { log });
  closers.add(() => consumers.close(DRAIN_MS));
  const worker = `${hostname()}/${process.pid}`;
  const executing = { state: store.state, queues, jobs, openCluster: open, clock: systemClock, log, worker };
  for (const { name } of served) {
    await consumers.consume({ type: 'read', cluster: name }, READS_AT_ONCE, (run, signal) =>
      execute(executing, run, signal),
    );
    await consumers.consume({ type: 'change', cluster: name }, 1, (run, signal) => execute(executing, run, signal));
  }
}

type Sweeping = Pick<Parts, 'store' | 'queues' | 'log' | 'closers'> & { readonly keepMs: number };

function startSweeping({ store, queues, log, closers, keepMs }: Sweeping): void {
  const stop = new AbortController();
  const swept = keepSweeping({ state: store.state, queues, clock: systemClock, log, keepMs }, stop.signal);
  closers.add(async () => {
    stop.abort();
    await swept;
  });
}
