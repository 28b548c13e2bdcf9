import { jobs } from '../../jobs/registry.ts';
import { atDeadline } from '../app/execute/settle.ts';
import { observedState } from '../app/home/observed-state.ts';
import { publish } from '../app/publish/publish.ts';
import type { Around } from '../app/publish/publishing.ts';
import { checkSchedules } from '../app/schedules/schedule-rules.ts';
import { lookForLate } from '../app/schedules/schedule-tick.ts';
import { keepSweeping } from '../app/sweep.ts';
import { SECOND_MS } from '../core/clock.ts';
import type { Log } from '../core/ports/ports.ts';
import type { Run } from '../core/run/run.ts';
import { type Checks, serveHealth, withGrace } from '../observe/health-server.ts';
import { createConsumers } from '../queue/consumers.ts';
import { createQueues } from '../queue/queues.ts';
import { type Env, keepRunsMs, servedClusters, slackSettings } from '../settings/config.ts';
import { openLiveConfig } from '../settings/live-config.ts';
import type { BotDeps, SlackBot } from '../slack/slack-bot.ts';
import { openState } from '../store/open-state.ts';
import { createClosers } from './closers.ts';
import { collectConfig, collectQueues, collectSlack, openMetrics } from './measuring.ts';
import type { Parts } from './parts.ts';
import { createDoctoring, type Doctoring } from './serve-doctor.ts';
import { startSchedules } from './serve-schedules.ts';
import { startWorker } from './serve-worker.ts';
import { systemClock } from './system-clock.ts';

const RENDERS_AT_ONCE = 8;
const DEADLINES_AT_ONCE = 4;
/** Kubernetes kills after 30 s by default. */
const DRAIN_MS = 20 * SECOND_MS;
/** Two probes of a kubelet that asks every ten seconds. */
const SLACK_GRACE_MS = 20 * SECOND_MS;

export type Serving = {
  readonly healthPort: number;
  /** Reads chatops.yaml now; never throws. */
  readonly reload: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/**
 * Starts the roles of this process: `bot` (Slack and rendering, no cluster rights), `worker` (cluster rights, no Slack
 * token), or both. Resolves when ready. @throws OpsError BadConfig, StoreUnavailable
 */
export async function serve(env: Env, log: Log): Promise<Serving> {
  const closers = createClosers();
  const metrics = openMetrics(env.ROLE);
  let checks: Checks = { started: () => false };
  try {
    // First to open and last to close: while this process starts and drains, it is alive, measured, and not ready.
    const health = await serveHealth(env.HTTP_PORT, { checks: () => checks, metrics });
    closers.add(health.close);
    const parts = await openParts({ env, log, closers, metrics });
    const doctoring = createDoctoring(parts);
    const bot = env.ROLE === 'worker' ? undefined : await startBot(parts, doctoring);
    if (env.ROLE !== 'bot') await startWorker(parts, DRAIN_MS);
    doctoring.start(bot);
    const { store, live } = parts;
    checks = {
      store: () => store.state.runs.recent({ limit: 1 }).then(() => true),
      ...(bot ? { slack: withGrace(bot.connected, SLACK_GRACE_MS) } : {}),
    };
    log.info({ healthPort: health.port, store: store.kind }, 'ready');
    const stop = async (): Promise<void> => {
      checks = { serving: () => false };
      await closers.close();
    };
    return { healthPort: health.port, reload: live.reload, stop };
  } catch (thrown) {
    await closers.close();
    throw thrown;
  }
}

async function openParts(base: Pick<Parts, 'env' | 'log' | 'closers' | 'metrics'>): Promise<Parts> {
  const { env, log, closers, metrics } = base;
  const live = await openLiveConfig({
    env,
    clock: systemClock,
    log,
    check: (config) => {
      checkSchedules(config, jobs);
      if (env.ROLE !== 'bot') servedClusters(env, config);
    },
  });
  closers.add(async () => live.close());
  const opened = await openState({ url: env.STATE_URL, dataDir: env.DATA_DIR, log });
  closers.add(opened.close);
  const store = { ...opened, state: observedState(opened.state, { meter: metrics.meter, log }) };
  const queues = await createQueues(store.queueConnection, { log });
  closers.add(queues.close);
  collectConfig(metrics, live);
  collectQueues(metrics, queues, () => live.current().clusters.map(({ name }) => name));
  return { ...base, live, store, queues };
}

async function startBot(parts: Parts, { prepare }: Pick<Doctoring, 'prepare'>): Promise<SlackBot> {
  const { env, log, live, store, queues, closers, metrics } = parts;
  // Loaded here so that a worker holds no Slack code, and below so that a bot holds no Kubernetes code.
  const [{ createSlackBot }, { renderRun }] = await Promise.all([
    import('../slack/slack-bot.ts'),
    import('../render/run-message.ts'),
  ]);
  const { meter } = metrics;
  const base = { state: store.state, queues, jobs, clock: systemClock, log };
  const deps: BotDeps = { ...base, config: live.current, meter, prepare, ticks: queues.ticks };
  const bot = createSlackBot({ ...slackSettings(env), apiUrl: env.SLACK_API_URL, root: env.SLACK_COMMAND }, deps);
  await bot.start();
  collectSlack(metrics, bot.connected);
  closers.add(bot.stop);
  const consumers = await createConsumers(store.queueConnection, { log });
  closers.add(() => consumers.close(DRAIN_MS));
  const publishing = {
    state: store.state,
    chat: bot.chat,
    render: (run: Run, around: Around) => renderRun(run, { ...around, now: systemClock.now(), uploads: true }),
    clock: systemClock,
    log,
  };
  const settling = { state: store.state, queues, clock: systemClock, log };
  await consumers.consume({ type: 'deadline' }, DEADLINES_AT_ONCE, async (run) => {
    await lookForLate(settling, run);
    return atDeadline(settling, run);
  });
  await consumers.consume({ type: 'render' }, RENDERS_AT_ONCE, (run) => publish(publishing, run));
  const { SLACK_COMMAND: root } = env;
  await startSchedules(parts, consumers, { ...base, config: live.current, meter, ticks: queues.ticks, root });
  startSweeping({ store, queues, log, closers, keepMs: keepRunsMs(env) });
  return bot;
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
