import { configuredDatapath } from '../../src/cilium/facts/config-view.ts';
import { editedSince } from '../../src/cilium/facts/drift.ts';
import {
  ConfigMap,
  DaemonSet,
  Deployment,
  MetadataOnly,
  type Node,
  Pod,
  parseAll,
} from '../../src/cilium/facts/kube-objects.ts';
import { ownerOf, releaseOf } from '../../src/cilium/facts/ownership.ts';
import type { Installation, Workload } from '../../src/cilium/facts/status-data.ts';
import { versionOfImage } from '../../src/cilium/facts/versions.ts';
import { OpsError } from '../../src/core/errors.ts';
import { CONFIG_MAPS, DAEMON_SETS, DEPLOYMENTS, HELM_CHARTS, PODS, SECRETS } from '../../src/core/resources.ts';
import { collect, part, type Reading } from './reading.ts';
import { readDeployed } from './release.ts';

const AGENT_LABEL = 'k8s-app=cilium';
export const AGENT_CONTAINER = 'cilium-agent';

/** The DaemonSet of the agents, wherever it lives: namespace and name differ between distributions. */
export async function readDaemonSet(reading: Reading): Promise<DaemonSet | undefined> {
  const query = { labelSelector: AGENT_LABEL, as: 'objects' } as const;
  const found = await collect(reading, DAEMON_SETS, query, (page) => parseAll(DaemonSet, page));
  return found.find(hasAgent) ?? found[0];
}

function hasAgent(daemonSet: DaemonSet): boolean {
  return daemonSet.spec.template.spec.containers.some((container) => container.name === AGENT_CONTAINER);
}

/** What others read too; undefined when it could not be read. */
export type UnderWay = {
  readonly nodesRead: Promise<readonly Node[] | undefined>;
  readonly configRead: Promise<Readonly<Record<string, string>> | undefined>;
};

/** What surrounds the agents, each part on its own. */
export async function readInstallation(
  reading: Reading,
  daemonSet: DaemonSet,
  { nodesRead, configRead }: UnderWay,
): Promise<Installation> {
  const { namespace } = daemonSet.metadata;
  const [config, workloads, { release, rendered }, owner] = await Promise.all([
    configRead,
    part(reading, 'operator and relay', () => readWorkloads(reading, namespace)),
    readDeployed(reading, releaseOf(daemonSet)),
    nodesRead.then((nodes) => readOwner(reading, daemonSet, nodes ?? [])),
  ]);
  const image = daemonSet.spec.template.spec.containers.find((each) => each.name === AGENT_CONTAINER)?.image ?? '';
  const version = versionOfImage(image)?.text;
  const { metadata, status } = daemonSet;
  return {
    namespace,
    daemonSet: metadata.name,
    ...(metadata.creationTimestamp === undefined ? {} : { installedAt: metadata.creationTimestamp }),
    ...(version === undefined ? {} : { version }),
    desired: status.desiredNumberScheduled,
    ready: status.numberReady,
    updated: status.updatedNumberScheduled,
    observed: (status.observedGeneration ?? 0) >= (metadata.generation ?? 0),
    owner,
    ...(release === undefined ? {} : { release }),
    ...(rendered === undefined || config === undefined ? {} : { edited: editedSince(rendered, config) }),
    ...(config === undefined ? {} : { configured: configuredDatapath(config) }),
    settings: settingsOf(config ?? {}),
    ...workloads,
  };
}

/** The settings that the answer rests on: the rest of the ConfigMap is nobody's business here. */
const SETTINGS = [
  'routing-mode',
  'tunnel',
  'tunnel-protocol',
  'auto-direct-node-routes',
  'ipv4-native-routing-cidr',
  'native-routing-cidr',
  'enable-ipv6',
  'enable-bpf-masquerade',
  'enable-host-legacy-routing',
  'ipam',
  'cluster-pool-ipv4-cidr',
  'disable-endpoint-crd',
  'kube-proxy-replacement',
] as const;

function settingsOf(data: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(SETTINGS.flatMap((key) => (data[key] === undefined ? [] : [[key, data[key]]])));
}

export async function readConfig({ cluster, signal }: Reading, namespace: string) {
  const raw = await cluster.get(CONFIG_MAPS, { namespace, name: 'cilium-config' }, signal);
  const parsed = ConfigMap.safeParse(raw);
  if (!parsed.success)
    throw new OpsError('UnexpectedAnswer', 'cilium-config is not a ConfigMap', { cause: parsed.error });
  return parsed.data.data;
}

type Workloads = { readonly operator?: Workload; readonly relay?: Workload; readonly envoy?: Workload };

async function readWorkloads(reading: Reading, namespace: string): Promise<Workloads> {
  const [deployments, envoys, operatorPods] = await Promise.all([
    collect(reading, DEPLOYMENTS, { namespace, as: 'objects' }, (page) => parseAll(Deployment, page)),
    collect(reading, DAEMON_SETS, { namespace, labelSelector: 'k8s-app=cilium-envoy', as: 'objects' }, (page) =>
      parseAll(DaemonSet, page),
    ),
    collect(reading, PODS, { namespace, labelSelector: 'io.cilium/app=operator', as: 'objects' }, (page) =>
      parseAll(Pod, page),
    ),
  ]);
  const restarts = operatorPods
    .flatMap((pod) => pod.status.containerStatuses)
    .reduce((sum, each) => sum + each.restartCount, 0);
  const operator = deployments.find(({ metadata }) => metadata.labels['io.cilium/app'] === 'operator');
  const relay = deployments.find(({ metadata }) => metadata.labels['k8s-app'] === 'hubble-relay');
  const [envoy] = envoys;
  return {
    ...(operator && { operator: { ...toWorkload(operator), restarts } }),
    ...(relay && { relay: toWorkload(relay) }),
    ...(envoy && {
      envoy: {
        name: envoy.metadata.name,
        desired: envoy.status.desiredNumberScheduled,
        ready: envoy.status.numberReady,
      },
    }),
  };
}

function toWorkload({ metadata, spec, status }: Deployment): Workload {
  return { name: metadata.name, desired: spec.replicas, ready: status.readyReplicas };
}

async function readOwner(reading: Reading, daemonSet: DaemonSet, nodes: readonly Node[]) {
  const helmCharts = await part(reading, 'HelmChart objects', () => readHelmCharts(reading, nodes));
  const asked = releaseOf(daemonSet) === undefined;
  const classicCli = asked && (await part(reading, 'Secret of cilium-cli', () => hasClassicCli(reading))) === true;
  return ownerOf({ daemonSet, nodes, helmCharts, classicCli });
}

async function readHelmCharts(reading: Reading, nodes: readonly Node[]): Promise<readonly MetadataOnly[]> {
  try {
    return await collect(reading, HELM_CHARTS, { as: 'metadata' }, (page) => parseAll(MetadataOnly, page));
  } catch (thrown: unknown) {
    if (thrown instanceof OpsError && meansNoHelmCharts(thrown, nodes)) return [];
    throw thrown;
  }
}

/**
 * Most clusters do not serve this group. Whoever has no right to it is told 403 whether it is served or not (seen on
 * a real cluster): only where K3s or RKE2 runs does that leave anything open.
 */
function meansNoHelmCharts({ code }: OpsError, nodes: readonly Node[]): boolean {
  if (code === 'NotFound') return true;
  const rancher = nodes.some((node) => /\+(k3s|rke2)/.test(node.status.nodeInfo?.kubeletVersion ?? ''));
  return code === 'Forbidden' && nodes.length > 0 && !rancher;
}

async function hasClassicCli(reading: Reading): Promise<boolean> {
  const query = {
    namespace: 'kube-system',
    fieldSelector: 'metadata.name=cilium-cli-helm-values',
    as: 'metadata',
  } as const;
  return (await collect(reading, SECRETS, query, (page) => page)).length > 0;
}
