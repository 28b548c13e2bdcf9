import { z } from 'zod';
import { BENCH_IMAGE } from '../cilium/iperf/iperf-pod.ts';
import { PROBE_IMAGE } from '../cilium/probe/probe-script.ts';
import { DAY_MS } from '../core/clock.ts';
import { OpsError } from '../core/errors.ts';
import { ClusterName } from '../core/ids.ts';
import type { ChatopsConfig, ClusterConfig } from '../core/policy/chatops-config.ts';

/** Everything the environment may say. `.env.example` lists the same names (tested). Empty means unset. */
const port = z.coerce.number().int().min(0).max(65_535);

export const Env = z.object({
  SLACK_BOT_TOKEN: z.string().startsWith('xoxb-', 'must be a bot token (xoxb-…)').optional(),
  SLACK_APP_TOKEN: z.string().startsWith('xapp-', 'must be an app-level token (xapp-…)').optional(),
  SLACK_SIGNING_SECRET: z.string().min(8).optional(),
  SLACK_API_URL: z.url().optional(),
  SLACK_COMMAND: z
    .string()
    .regex(/^\/[a-z0-9_-]{1,31}$/, 'must look like /cilium')
    .default('/cilium'),
  SLACK_PORT: port.default(3000),
  STATE_URL: z.string().min(1).optional(),
  DATA_DIR: z.string().min(1).default('./.data'),
  KEEP_RUNS_DAYS: z.coerce.number().int().min(1).max(3_650).default(90),
  KUBECONFIG: z.string().min(1).optional(),
  CLUSTERS: z
    .string()
    .transform((names) => names.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()])))
    .pipe(z.array(ClusterName).min(1))
    .optional(),
  CHATOPS_CONFIG: z.string().min(1).optional(),
  ROLE: z.enum(['all', 'bot', 'worker']).default('all'),
  HTTP_PORT: port.default(8080),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  HELM_BIN: z.string().min(1).optional(),
  PROBE_IMAGE: z.string().min(1).default(PROBE_IMAGE),
  BENCH_IMAGE: z.string().min(1).default(BENCH_IMAGE),
  PROBE_NAMESPACE: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be a namespace')
    .default('cilium-chatops'),
  /** Set by Kubernetes in every pod. */
  KUBERNETES_SERVICE_HOST: z.string().optional(),
  /** From the downward API (status.podIP, status.hostIP): whether this pod is on the host network. */
  POD_IP: z.string().optional(),
  HOST_IP: z.string().optional(),
});
export type Env = z.infer<typeof Env> & {
  /** What helm may see of this process: where to look for the binary, and how to reach a cluster behind a proxy. */
  readonly helmEnv?: Readonly<Record<string, string | undefined>>;
};

/** @throws OpsError BadConfig naming every bad variable at once, never a value: values are secrets. */
export function readEnv(env: Readonly<Record<string, string | undefined>>): Env {
  // A secret made with `echo` ends in a line break, which no token does.
  const set = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value?.trim() ? [[name, value.trim()]] : [])),
  );
  const parsed = Env.safeParse(set);
  if (parsed.success) return { ...parsed.data, helmEnv: helmEnvOf(env) };
  const bad = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${withoutValue(issue)}`);
  throw new OpsError('BadConfig', `the environment is not usable: ${bad.join('; ')}`, {
    nextStep: 'compare with .env.example',
  });
}

function helmEnvOf(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string | undefined>> {
  const names = ['PATH', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}

function withoutValue(issue: z.core.$ZodIssue): string {
  return issue.message.replace(/, received .*$/, '');
}

export type SlackSettings = {
  readonly botToken: string;
  readonly transport:
    | { readonly type: 'socket'; readonly appToken: string }
    | { readonly type: 'http'; readonly signingSecret: string; readonly port: number };
};

/** @throws OpsError BadConfig when the bot role lacks a token */
export function slackSettings(env: Env): SlackSettings {
  const { SLACK_BOT_TOKEN: botToken, SLACK_APP_TOKEN: appToken, SLACK_SIGNING_SECRET: signingSecret } = env;
  if (botToken === undefined) throw missing('SLACK_BOT_TOKEN is not set');
  if (appToken !== undefined) return { botToken, transport: { type: 'socket', appToken } };
  if (signingSecret !== undefined)
    return { botToken, transport: { type: 'http', signingSecret, port: env.SLACK_PORT } };
  throw missing('neither SLACK_APP_TOKEN (Socket Mode) nor SLACK_SIGNING_SECRET (HTTP) is set');
}

function missing(what: string): OpsError {
  return new OpsError('BadConfig', what, {
    nextStep: 'copy .env.example to .env and fill it in, or try `npm run demo`, which needs no accounts',
  });
}

/** Where a cluster's credentials come from. */
export function clusterSource(cluster: ClusterConfig | undefined, env: Env) {
  return {
    ...(cluster?.context === undefined ? {} : { context: cluster.context }),
    ...(cluster?.inCluster === undefined ? {} : { inCluster: cluster.inCluster }),
    ...(env.KUBECONFIG === undefined ? {} : { kubeconfigPath: env.KUBECONFIG }),
  };
}

/**
 * The clusters that this worker serves. @throws OpsError BadConfig when CLUSTERS names one that is not configured:
 * its runs would wait for ever.
 */
export function servedClusters(env: Pick<Env, 'CLUSTERS'>, config: ChatopsConfig): readonly ClusterConfig[] {
  const known = config.clusters.map((cluster) => cluster.name);
  const strange = env.CLUSTERS?.filter((name) => !known.includes(name)) ?? [];
  if (strange.length === 0) return config.clusters.filter(({ name }) => env.CLUSTERS?.includes(name) ?? true);
  throw new OpsError('BadConfig', `CLUSTERS names ${strange.join(', ')}, which is not configured`, {
    nextStep: `the clusters are ${known.join(', ')}`,
  });
}

export function keepRunsMs(env: Env): number {
  return env.KEEP_RUNS_DAYS * DAY_MS;
}
