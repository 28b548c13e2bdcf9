import pMap from 'p-map';
import { doctorReport, numberOf } from '../../jobs/doctoring/doctor-report.ts';
import { examineCluster } from '../../jobs/doctoring/examine-cluster.ts';
import { SECOND_MS } from '../core/clock.ts';
import { type CheckGroup, checkOf, checkOfError } from '../core/doctoring.ts';
import { toOpsError } from '../core/errors.ts';
import { ClusterName } from '../core/ids.ts';
import type { ChatopsConfig, ClusterConfig } from '../core/policy/chatops-config.ts';
import type { Log } from '../core/ports/ports.ts';
import type { Check } from '../core/run/check.ts';
import { createQueues } from '../queue/queues.ts';
import { renderReportText } from '../render/report-terminal.ts';
import { examineInstallation, helmCheck, permitsOf } from '../roles/self-checks.ts';
import { systemClock } from '../roles/system-clock.ts';
import { clusterSource, type Env, slackSettings } from '../settings/config.ts';
import { readChatopsConfig } from '../settings/config-file.ts';
import { embeddedCheck } from '../store/doctor-store.ts';
import { openState } from '../store/open-state.ts';
import { type RawEnv, readSettings } from './doctor-settings.ts';
import type { Terminal } from './run-here.ts';

const CLUSTER_MS = 25 * SECOND_MS;
const CLUSTERS_AT_ONCE = 4;
const SCHEMA_VERSION = 1;
const USAGE = 'cilium-chatops doctor [cluster] [--output json]';

type Here = { readonly env: Env; readonly config: ChatopsConfig; readonly log: Log; readonly signal: AbortSignal };

/**
 * `cilium-chatops doctor`: everything that there are settings for, in one process, whatever of it is missing or down.
 * Exit codes: 0 nothing failed, 1 something did, 2 wrongly asked.
 */
export async function doctorHere(
  words: readonly string[],
  raw: RawEnv,
  terminal: Terminal,
  log: Log,
): Promise<0 | 1 | 2> {
  const asked = understood(words);
  if (asked === undefined) {
    terminal.err(`usage: ${USAGE}`);
    return 2;
  }
  const asOf = systemClock.now().toISOString();
  const { env, group } = readSettings(raw);
  const { config, checks: configured } = await readConfig(env);
  const here = { env, config, log, signal: terminal.signal };
  const wanted = config.clusters.filter(({ name }) => asked.cluster === undefined || name === asked.cluster);
  if (asked.cluster !== undefined && wanted.length === 0) {
    terminal.err(`there is no cluster "${asked.cluster}": ${config.clusters.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  const own = await installation(here, [group, { title: 'Configuration', checks: configured }]);
  const looked = env.ROLE === 'bot' ? [] : wanted;
  const clusters = await pMap(looked, (each) => clusterGroup(here, each), { concurrency: CLUSTERS_AT_ONCE });
  const groups = [...own, ...clusters];
  if (asked.json)
    terminal.out(JSON.stringify({ schemaVersion: SCHEMA_VERSION, asOf, ok: failures(groups) === 0, groups }, null, 2));
  else
    terminal.out(
      pages(own, clusters, asOf)
        .map((page) => renderReportText(page, terminal))
        .join('\n\n'),
    );
  return failures(groups) === 0 ? 0 : 1;
}

function failures(groups: readonly CheckGroup[]): number {
  return groups.reduce((sum, { checks }) => sum + numberOf(checks, 'fail'), 0);
}

function pages(own: readonly CheckGroup[], clusters: readonly CheckGroup[], asOf: string) {
  return [
    doctorReport({ subject: 'this installation', groups: own, next: [], asOf }),
    ...clusters.map((group) =>
      doctorReport({ subject: group.title.replace(/^Cluster /, ''), groups: [group], next: [], asOf }),
    ),
  ];
}

type Asked = { readonly cluster: ClusterName | undefined; readonly json: boolean };

function understood(words: readonly string[]): Asked | undefined {
  const json = /^(--output|-o)[ =]json$/.test(
    words.filter((word) => word.startsWith('-') || word === 'json').join(' '),
  );
  const rest = json ? words.filter((word) => !word.startsWith('-') && word !== 'json') : words;
  const [name, ...more] = rest;
  if (more.length > 0 || name?.startsWith('-') === true) return undefined;
  const cluster = name === undefined ? undefined : ClusterName.safeParse(name);
  return cluster?.success === false ? undefined : { cluster: cluster?.data, json };
}

async function readConfig(env: Env): Promise<{ readonly config: ChatopsConfig; readonly checks: readonly Check[] }> {
  const asked = { id: 'config', title: 'chatops.yaml', why: 'which clusters there are, and who may do what' };
  try {
    const config = await readChatopsConfig(env);
    const names = config.clusters.map(({ name }) => name).join(', ');
    const rules = `${config.policy.rules.length} rules`;
    const file = env.CHATOPS_CONFIG;
    const evidence =
      file === undefined ? 'CHATOPS_CONFIG is not set: one cluster, no rule' : `${file}: ${names}; ${rules}`;
    const fix =
      'set CHATOPS_CONFIG to a file like deploy/chatops.example.yaml; until then nothing can be changed from Slack';
    const verdict = file === undefined ? ('warn' as const) : ('pass' as const);
    const more = file === undefined ? { fix } : {};
    return { config, checks: [checkOf(asked.id, asked.title, { verdict, evidence, why: asked.why, ...more })] };
  } catch (thrown) {
    // Which clusters were meant nobody knows now: none is looked at.
    const config: ChatopsConfig = { ...(await readChatopsConfig({ ...env, CHATOPS_CONFIG: undefined })), clusters: [] };
    return { config, checks: [checkOfError({ ...asked, verdict: 'fail' }, thrown)] };
  }
}

/** Slack by this process' own token where it has one, else by the word of the bots. */
async function installation(here: Here, first: readonly CheckGroup[]): Promise<readonly CheckGroup[]> {
  const { env, config } = here;
  // First and alone: what is timed must not wait for the rest.
  const stored = await storeGroups(here);
  const [slack, helm] = await Promise.all([
    slackGroups(here),
    env.ROLE === 'bot' ? undefined : helmCheck(env, config.policy.rules.length > 0),
  ]);
  const told = new Set(slack.map(({ title }) => title));
  const others = stored
    .filter(({ title }) => !told.has(title))
    // Beside what this process reads itself: what each running one works with.
    .map((group) =>
      group.title === 'Configuration' ? { ...group, title: 'Configuration of running processes' } : group,
    );
  return [...first, ...slack, ...others, ...(helm === undefined ? [] : [{ title: 'Worker', checks: [helm] }])];
}

async function slackGroups({ env, config, log }: Here): Promise<readonly CheckGroup[]> {
  const settings = settingsOf(env);
  if (settings === undefined || env.ROLE === 'worker') return [];
  const { examineSlackHere } = await import('../slack/doctor-slack.ts');
  const door = { botToken: settings.botToken, apiUrl: env.SLACK_API_URL, log };
  return examineSlackHere({ door, config, now: systemClock.now }, settings.transport);
}

function settingsOf(env: Env): ReturnType<typeof slackSettings> | undefined {
  try {
    return slackSettings(env);
  } catch {
    // Said among the settings.
    return undefined;
  }
}

/** An embedded store is not started to be looked at: that takes seconds and makes folders. */
async function storeGroups({ env, config, log }: Here): Promise<readonly CheckGroup[]> {
  if (env.STATE_URL === undefined) return [{ title: 'Store', checks: [embeddedCheck(env.DATA_DIR)] }];
  const asked = { id: 'store-reached', title: 'Reached', why: 'runs, votes and the queue live there' };
  try {
    const store = await openState({ url: env.STATE_URL, dataDir: env.DATA_DIR, log });
    try {
      const queues = await createQueues(store.queueConnection, { log });
      const groups = await examineInstallation({ config: () => config, store, queues });
      await queues.close();
      return groups;
    } finally {
      await store.close();
    }
  } catch (thrown) {
    return [{ title: 'Store', checks: [checkOfError({ ...asked, verdict: 'fail' }, thrown)] }];
  }
}

async function clusterGroup({ env, config, log, signal: cancel }: Here, cluster: ClusterConfig): Promise<CheckGroup> {
  const { name } = cluster;
  const { openCluster } = await import('../cluster/connect.ts');
  try {
    const opened = await openCluster({ name, ...clusterSource(cluster, env), clock: systemClock, log });
    try {
      const signal = AbortSignal.any([cancel, AbortSignal.timeout(CLUSTER_MS)]);
      const self = { connection: opened.signs, permits: permitsOf(config, name) };
      const probes = { namespace: env.PROBE_NAMESPACE, image: env.PROBE_IMAGE, bench: { image: env.BENCH_IMAGE } };
      return await examineCluster({ cluster: opened.port, clock: systemClock, log, cancel, signal, self, probes });
    } finally {
      await opened.close();
    }
  } catch (thrown) {
    const asked = { id: 'api-reached', title: 'API server', why: 'every job reads the cluster through it' };
    return { title: `Cluster ${name}`, checks: [checkOfError({ ...asked, verdict: 'fail' }, toOpsError(thrown))] };
  }
}
