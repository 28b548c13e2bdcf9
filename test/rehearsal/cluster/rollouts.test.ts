import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RehearsalCluster, startRehearsalCluster } from '../../../src/rehearsal/cluster/start.ts';
import {
  agentOn,
  agents,
  daemonSet,
  deleteAgent,
  isReady,
  isRolledOut,
  NATIVE_CONFIG,
  type Pod,
  podsAt,
  replaceAgent,
  restartDaemonSet,
  setConfig,
} from './a-change.ts';
import { ask, control, setFault, until } from './support.ts';

const LEGACY = '/api/v1/namespaces/legacy/pods';

describe('workloads over time', () => {
  let cluster: RehearsalCluster;
  beforeAll(async () => {
    cluster = await startRehearsalCluster({ speed: 40 });
  });
  afterAll(() => cluster.close());
  afterEach(() => control(cluster, '/reset', {}));

  const waitingReason = (pod: Pod | undefined): string | undefined =>
    pod?.status.containerStatuses?.[0]?.state.waiting?.reason;

  it('a deleted agent comes back on the same node under a new name', async () => {
    const old = await agentOn(cluster, 'node2');

    await replaceAgent(cluster, 'node2');

    expect((await agentOn(cluster, 'node2'))?.metadata.name).not.toBe(old?.metadata.name);
    expect(await agents(cluster)).toHaveLength(3);
    await until('the DaemonSet counts three', async () => (await daemonSet(cluster)).status['numberReady'] === 3);
  });

  it('a restarted DaemonSet replaces every agent, never more than maxUnavailable at a time', async () => {
    const before = new Set((await agents(cluster)).map((pod) => pod.metadata.uid));
    let fewest = 3;

    await restartDaemonSet(cluster, 'once');
    await until('it is rolled out', async () => {
      fewest = Math.min(fewest, (await agents(cluster)).filter(isReady).length);
      return isRolledOut(cluster);
    });

    expect((await agents(cluster)).filter((pod) => before.has(pod.metadata.uid))).toEqual([]);
    expect(fewest).toBe(1);
  });

  it('an agent without a native routing CIDR crashes, says why only in its log, and needs its pod replaced', async () => {
    await setConfig(cluster, { 'routing-mode': 'native' });
    await deleteAgent(cluster, 'node1');
    const crashing = async () => waitingReason(await agentOn(cluster, 'node1')) === 'CrashLoopBackOff';
    await until('the agent crash-loops', crashing);

    const pod = await agentOn(cluster, 'node1');
    const name = pod?.metadata.name ?? '';
    const log = `/api/v1/namespaces/kube-system/pods/${name}/log?container=cilium-agent&previous=true`;
    const terminated = pod?.status.containerStatuses?.[0]?.lastState.terminated;
    expect((await ask(cluster, { path: log, as: 'chatops' })).text).toMatch(
      /level=fatal msg="invalid daemon configuration: native routing cidr must be configured/,
    );
    expect(terminated?.exitCode).toBe(255);
    expect(terminated?.message).not.toContain('level=fatal');
    const node = (await ask(cluster, { path: '/api/v1/nodes/node1' })).body;
    expect(node).toMatchObject({ spec: { taints: [{ key: 'node.cilium.io/agent-not-ready', effect: 'NoSchedule' }] } });

    await setConfig(cluster, NATIVE_CONFIG);
    const restarts = pod?.status.containerStatuses?.[0]?.restartCount ?? 0;
    await until('it restarted once more and still crashes', async () => {
      const now = await agentOn(cluster, 'node1');
      return (now?.status.containerStatuses?.[0]?.restartCount ?? 0) > restarts && (await crashing());
    });
    await replaceAgent(cluster, 'node1');
    await until('the taint is gone', async () => {
      const healed = (await ask(cluster, { path: '/api/v1/nodes/node1' })).body as { spec: { taints?: unknown[] } };
      return healed.spec.taints === undefined;
    });
  });

  it.each([
    { fault: 'pending', want: (pod: Pod | undefined) => pod?.status.phase === 'Pending' },
    { fault: 'crash', want: (pod: Pod | undefined) => waitingReason(pod) === 'CrashLoopBackOff' },
    { fault: 'frozen-kubelet', want: (pod: Pod | undefined) => pod?.metadata.deletionTimestamp !== undefined },
  ])('a replaced agent on the last node that is $fault, until the switch is off', async ({ fault, want }) => {
    await setFault(cluster, 'rollout', fault);
    const old = await deleteAgent(cluster, 'node3');

    await until('the fault shows', async () => want(await agentOn(cluster, 'node3')));
    await setFault(cluster, 'rollout', 'off');

    if (fault === 'crash') await deleteAgent(cluster, 'node3');
    await until('a new agent is Ready', async () => {
      const now = await agentOn(cluster, 'node3');
      return now !== undefined && now.metadata.uid !== old.metadata.uid && isReady(now);
    });
  });

  it('pods of a restarted Deployment are managed by Cilium; a bare pod does not come back', async () => {
    const path = '/apis/apps/v1/namespaces/legacy/deployments/legacy-web';
    const headers = { 'Content-Type': 'application/strategic-merge-patch+json' };
    const body = { spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } } } };

    await ask(cluster, { method: 'PATCH', path, headers, body });
    await ask(cluster, { method: 'DELETE', path: `${LEGACY}/legacy-bare` });

    await until('the Deployment is rolled out', async () => {
      const { status } = (await ask(cluster, { path })).body as { status: Readonly<Record<string, number>> };
      return status['updatedReplicas'] === 3 && status['replicas'] === 3 && status['availableReplicas'] === 3;
    });
    const pods = (await podsAt(cluster, LEGACY)).filter((pod) => pod.metadata.deletionTimestamp === undefined);
    const endpoints = await podsAt(cluster, '/apis/cilium.io/v2/namespaces/legacy/ciliumendpoints');
    await until(
      'the bare pod is gone',
      async () => (await ask(cluster, { path: `${LEGACY}/legacy-bare` })).status === 404,
    );
    const web = pods.map((pod) => pod.metadata.name).filter((name) => name.startsWith('legacy-web'));
    expect(endpoints.map((endpoint) => endpoint.metadata.name)).toEqual(expect.arrayContaining(web));
  });

  describe('eviction', () => {
    const evict = async (name: string) => {
      const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'legacy' } };
      return ask(cluster, { method: 'POST', path: `${LEGACY}/${name}/eviction`, as: 'chatops', body });
    };
    const webPods = async () =>
      (await podsAt(cluster, `${LEGACY}?labelSelector=app%3Dlegacy-web`)).map((pod) => pod.metadata.name);

    it('takes one pod, then waits for the budget', async () => {
      const [first = '', second = ''] = await webPods();

      expect((await evict(first)).status).toBe(201);
      const refused = await evict(second);

      expect(refused.status).toBe(429);
      expect(refused.body).toMatchObject({
        message: "Cannot evict pod as it would violate the pod's disruption budget.",
        details: { causes: [{ reason: 'DisruptionBudget' }] },
      });
      await until('the second may go as well', async () => (await evict(second)).status === 201);
    });

    it('is refused for good by a budget that allows none', async () => {
      await setFault(cluster, 'budget', 'blocks');
      const [first = ''] = await webPods();

      expect((await evict(first)).body).toMatchObject({
        code: 429,
        details: { causes: [{ message: 'The disruption budget legacy-web needs 3 healthy pods and has 3 currently' }] },
      });
    });
  });

  it('keeps a probe pod waiting when its image cannot be pulled', async () => {
    await setFault(cluster, 'images', 'missing');
    const path = '/api/v1/namespaces/cilium-chatops/pods';
    const containers = [{ name: 'probe', image: 'registry.k8s.io/e2e-test-images/agnhost:2.53' }];
    await ask(cluster, { method: 'POST', path, body: { metadata: { name: 'p' }, spec: { containers } } });

    await until('it backs off', async () => {
      const pod = (await ask(cluster, { path: `${path}/p` })).body as Pod;
      return waitingReason(pod) === 'ImagePullBackOff';
    });
  });
});

describe('synthesised workloads', () => {
  let cluster: RehearsalCluster;
  beforeAll(async () => {
    cluster = await startRehearsalCluster({ speed: 40, nodes: 6, pods: 90 });
  });
  afterAll(() => cluster.close());

  const PODS = '/api/v1/namespaces/team-0000/pods';

  it('roll and replace their pods like recorded ones', async () => {
    const path = '/apis/apps/v1/namespaces/team-0000/deployments/web-00';
    const headers = { 'Content-Type': 'application/strategic-merge-patch+json' };
    const body = { spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } } } };
    const mine = async () => podsAt(cluster, `${PODS}?labelSelector=app%3Dweb-00`);
    const before = new Set((await mine()).map((pod) => pod.metadata.name));

    await ask(cluster, { method: 'PATCH', path, headers, body });

    await until('every pod is new and Ready', async () => {
      const now = await mine();
      return now.length === before.size && now.every((pod) => isReady(pod) && !before.has(pod.metadata.name));
    });
  });

  it('get a new pod for an evicted one', async () => {
    const mine = async () => podsAt(cluster, `${PODS}?labelSelector=app%3Dweb-01`);
    const [first, ...others] = await mine();
    const name = first?.metadata.name ?? '';
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'team-0000' } };

    await ask(cluster, { method: 'POST', path: `${PODS}/${name}/eviction`, body: eviction });

    await until('there are as many as before', async () => {
      const now = await mine();
      const ready = now.filter(isReady).map((pod) => pod.metadata.name);
      return !ready.includes(name) && ready.length === others.length + 1;
    });
  });
});
