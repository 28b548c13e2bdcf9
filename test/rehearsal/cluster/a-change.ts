/** Moves of a change, through the API alone, so that a real cluster could be asked the same. */
import type { RehearsalCluster } from '../../../src/rehearsal/cluster/start.ts';
import { ask, until } from './support.ts';

export type Pod = {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly state: { readonly waiting?: { readonly reason: string } };
      readonly lastState: { readonly terminated?: { readonly exitCode: number; readonly message: string } };
    }[];
  };
};

const AGENTS = '/api/v1/namespaces/kube-system/pods';
const DAEMON_SET = '/apis/apps/v1/namespaces/kube-system/daemonsets/cilium';
const CONFIG = '/api/v1/namespaces/kube-system/configmaps/cilium-config';
const MERGE = { 'Content-Type': 'application/merge-patch+json' };
export const OWN = '/api/v1/namespaces/cilium-chatops/pods';

export async function podsAt(cluster: RehearsalCluster, path: string): Promise<readonly Pod[]> {
  return ((await ask(cluster, { path })).body as { items: readonly Pod[] }).items;
}

export function isReady(pod: Pod): boolean {
  const ready = pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  return ready === true && pod.metadata.deletionTimestamp === undefined;
}

export function agents(cluster: RehearsalCluster): Promise<readonly Pod[]> {
  return podsAt(cluster, `${AGENTS}?labelSelector=k8s-app%3Dcilium`);
}

export async function agentOn(cluster: RehearsalCluster, node: string): Promise<Pod | undefined> {
  return (await agents(cluster)).find((pod) => pod.spec.nodeName === node);
}

export async function setConfig(cluster: RehearsalCluster, data: Readonly<Record<string, string | null>>) {
  await ask(cluster, { method: 'PATCH', path: CONFIG, as: 'chatops', headers: MERGE, body: { data } });
}

export const NATIVE_CONFIG = {
  'routing-mode': 'native',
  'auto-direct-node-routes': 'true',
  'ipv4-native-routing-cidr': '10.0.0.0/16',
};

export async function deleteAgent(cluster: RehearsalCluster, node: string): Promise<Pod> {
  const pod = await agentOn(cluster, node);
  if (pod === undefined) throw new Error(`no agent runs on ${node}`);
  await ask(cluster, { method: 'DELETE', path: `${AGENTS}/${pod.metadata.name}`, as: 'chatops' });
  return pod;
}

/** Deletes the agent pod of a node and waits for its successor. */
export async function replaceAgent(cluster: RehearsalCluster, node: string): Promise<void> {
  const old = await deleteAgent(cluster, node);
  await until(`a new agent is Ready on ${node}`, async () => {
    const now = await agentOn(cluster, node);
    return now !== undefined && now.metadata.uid !== old.metadata.uid && isReady(now);
  });
}

export async function restartDaemonSet(cluster: RehearsalCluster, mark: string): Promise<void> {
  const annotations = { 'kubectl.kubernetes.io/restartedAt': mark };
  const body = { spec: { template: { metadata: { annotations } } } };
  await ask(cluster, { method: 'PATCH', path: DAEMON_SET, as: 'chatops', headers: MERGE, body });
}

export type DaemonSetStatus = {
  readonly metadata: { readonly generation: number };
  readonly status: Readonly<Record<string, number>>;
};

export async function daemonSet(cluster: RehearsalCluster): Promise<DaemonSetStatus> {
  return (await ask(cluster, { path: DAEMON_SET })).body as DaemonSetStatus;
}

export async function isRolledOut(cluster: RehearsalCluster): Promise<boolean> {
  const { metadata, status } = await daemonSet(cluster);
  return (
    status['observedGeneration'] === metadata.generation &&
    status['updatedNumberScheduled'] === 3 &&
    status['numberAvailable'] === 3
  );
}

/** A pod of the probe image on a node, running. @returns its address */
export async function startPod(
  cluster: RehearsalCluster,
  { name, node, targets }: { readonly name: string; readonly node: string; readonly targets?: string },
): Promise<string> {
  const env = targets === undefined ? [] : [{ name: 'PROBE_TARGETS', value: targets }];
  const containers = [{ name: 'probe', image: 'registry.k8s.io/e2e-test-images/agnhost:2.53', env }];
  const nodeSelector = { 'kubernetes.io/hostname': node };
  const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers, nodeSelector } };
  await ask(cluster, { method: 'POST', path: OWN, as: 'chatops', body });
  let address = '';
  await until(`${name} is Ready`, async () => {
    const pod = (await ask(cluster, { path: `${OWN}/${name}` })).body as Pod;
    address = pod.status.podIP ?? '';
    return isReady(pod);
  });
  return address;
}

export async function logOf(cluster: RehearsalCluster, pod: string, query = ''): Promise<string> {
  return (await ask(cluster, { path: `${OWN}/${pod}/log${query}`, as: 'chatops' })).text;
}
