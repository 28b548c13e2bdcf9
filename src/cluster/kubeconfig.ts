import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Cluster, KubeConfig, type User } from '@kubernetes/client-node';
import { OpsError } from '../core/errors.ts';

/** Where the credentials of one cluster come from. Without any: `~/.kube/config`, else the pod's own account. */
export type Source = {
  readonly context?: string;
  readonly inCluster?: boolean;
  /** One path, or several joined as in KUBECONFIG: the first file that has a name wins. */
  readonly kubeconfigPath?: string;
  /** Where a pod's own files are; `/` but in tests. */
  readonly podRoot?: string;
};

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * A KubeConfig that knows one context only and cannot be switched: client-node captures the server when a client is
 * made but reads the user at each request, so a shared one sends the token of one cluster to another.
 * @throws OpsError BadConfig
 */
export function loadKubeConfig(source: Source): KubeConfig {
  const { cluster, user } = source.inCluster === true ? fromPod(source) : fromFiles(source);
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromClusterAndUser(Object.freeze({ ...cluster }), Object.freeze({ ...user }));
  for (const list of [kubeConfig.clusters, kubeConfig.users, kubeConfig.contexts]) Object.freeze(list);
  Object.freeze(kubeConfig);
  return kubeConfig;
}

type Pair = { readonly cluster: Cluster; readonly user: User };

function fromPod({ podRoot = '' }: Source): Pair {
  if (!existsSync(`${podRoot}${SERVICE_ACCOUNT_TOKEN}`))
    throw new OpsError('BadConfig', 'the worker does not run in a pod with a service account token', {
      nextStep: 'give the cluster a `context` and a kubeconfig instead of `inCluster: true`',
    });
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromCluster(podRoot);
  return currentPair(kubeConfig, 'the service account of the pod');
}

/** A user without an entry in /etc/passwd, as containers have it, has none that Node could name. */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return '/';
  }
}

function fromFiles(source: Source): Pair {
  const home = join(homeFolder(), '.kube', 'config');
  if (source.kubeconfigPath === undefined && source.context === undefined && !existsSync(home)) {
    if (existsSync(`${source.podRoot ?? ''}${SERVICE_ACCOUNT_TOKEN}`)) return fromPod(source);
    throw new OpsError('BadConfig', `there is no kubeconfig: KUBECONFIG is not set, and there is no ${home}`, {
      nextStep: 'set KUBECONFIG to the kubeconfig of your cluster; inside a pod, give it a service account token',
    });
  }
  const paths = (source.kubeconfigPath ?? home).split(delimiter).filter((path) => path !== '');
  const kubeConfig = merged(paths);
  const context = source.context ?? kubeConfig.currentContext;
  const known = kubeConfig.contexts.map((each) => each.name);
  if (!known.includes(context))
    throw new OpsError('BadConfig', `there is no context "${context}" in ${paths.join(', ')}`, {
      nextStep: known.length === 0 ? 'add a context to the kubeconfig' : `use one of: ${known.join(', ')}`,
    });
  kubeConfig.setCurrentContext(context);
  return currentPair(kubeConfig, `context "${context}"`);
}

/** kubectl's rule: missing files are skipped, the first entry of a name wins (client-node's own merge throws). */
function merged(paths: readonly string[]): KubeConfig {
  const files = paths.filter((path) => existsSync(path)).map(readKubeConfig);
  if (files.length === 0)
    throw new OpsError('BadConfig', `there is no kubeconfig at ${paths.join(', ')}`, {
      nextStep: 'set KUBECONFIG to an existing file, or use `inCluster: true` inside a pod',
    });
  const all = new KubeConfig();
  all.loadFromOptions({
    clusters: firstOfName(files.map((each) => each.clusters)),
    users: firstOfName(files.map((each) => each.users)),
    contexts: firstOfName(files.map((each) => each.contexts)),
    currentContext: files.map((each) => each.currentContext).find((each) => each) ?? '',
  });
  return all;
}

function readKubeConfig(path: string): KubeConfig {
  const kubeConfig = new KubeConfig();
  try {
    kubeConfig.loadFromFile(path);
    return kubeConfig;
  } catch (thrown: unknown) {
    throw unreadable(path, thrown);
  }
}

function unreadable(path: string, cause: unknown): OpsError {
  return new OpsError('BadConfig', `the kubeconfig ${path} cannot be read`, {
    nextStep: `run \`kubectl config view --kubeconfig ${path}\` to see what is wrong with it`,
    cause,
  });
}

function firstOfName<T extends { readonly name: string }>(lists: readonly (readonly T[])[]): T[] {
  const byName = new Map<string, T>();
  for (const each of lists.flat()) if (!byName.has(each.name)) byName.set(each.name, each);
  return [...byName.values()];
}

function currentPair(kubeConfig: KubeConfig, what: string): Pair {
  const cluster = kubeConfig.getCurrentCluster();
  const user = kubeConfig.getCurrentUser();
  if (cluster === null || user === null)
    throw new OpsError('BadConfig', `${what} names a ${cluster === null ? 'cluster' : 'user'} that is not there`, {
      nextStep: 'check the context in the kubeconfig',
    });
  if (!URL.canParse(cluster.server))
    throw new OpsError('BadConfig', `${what} has no usable server address`, { nextStep: 'set `server:` to a URL' });
  if (cluster.server.startsWith('http:') && !cluster.skipTLSVerify)
    throw new OpsError('BadConfig', `${what} uses plain HTTP, which would send credentials in the clear`, {
      nextStep: 'use an https:// server, or set insecure-skip-tls-verify for a local test server',
    });
  return { cluster, user };
}
