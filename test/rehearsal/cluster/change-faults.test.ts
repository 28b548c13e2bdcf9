import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isNative } from '../../../src/rehearsal/cluster/agent/agents.ts';
import { type RehearsalCluster, startRehearsalCluster } from '../../../src/rehearsal/cluster/start.ts';
import { agentOn, NATIVE_CONFIG, replaceAgent, setConfig } from './a-change.ts';
import { ask, control, setFault, until } from './support.ts';

const CONFIG = '/api/v1/namespaces/kube-system/configmaps/cilium-config';
const DAEMON_SET = '/apis/apps/v1/namespaces/kube-system/daemonsets/cilium';
const HELM_CHARTS = '/apis/helm.cattle.io/v1/helmcharts';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';
const LEGACY = '/api/v1/namespaces/legacy/pods';

describe('switches for changes', () => {
  let cluster: RehearsalCluster;
  beforeAll(async () => {
    cluster = await startRehearsalCluster({ speed: 40 });
  });
  afterAll(() => cluster.close());
  afterEach(() => control(cluster, '/reset', {}));

  it.each([
    { owner: 'argo-cd', mark: 'argocd.argoproj.io/tracking-id' },
    { owner: 'flux', mark: 'helm.toolkit.fluxcd.io/name' },
  ])('$owner marks the DaemonSet, and goes away again', async ({ owner, mark }) => {
    await setFault(cluster, 'owner', owner);
    expect((await ask(cluster, { path: DAEMON_SET })).text).toContain(mark);

    await setFault(cluster, 'owner', 'off');
    expect((await ask(cluster, { path: DAEMON_SET })).text).not.toContain(mark);
  });

  it('a HelmChart exists with its API group only', async () => {
    expect((await ask(cluster, { path: HELM_CHARTS })).status).toBe(404);

    await setFault(cluster, 'owner', 'helm-chart');

    const { body } = await ask(cluster, { path: HELM_CHARTS, as: 'chatops' });
    expect(body).toMatchObject({ items: [{ metadata: { name: 'cilium', namespace: 'kube-system' } }] });
  });

  it('a second field manager turns an apply of its keys into a conflict, unless forced', async () => {
    await setFault(cluster, 'owner', 'field-manager');
    const body = { apiVersion: 'v1', kind: 'ConfigMap', data: { 'routing-mode': 'native' } };
    const headers = { 'Content-Type': 'application/apply-patch+yaml' };
    const apply = (query: string) =>
      ask(cluster, { method: 'PATCH', path: `${CONFIG}?fieldManager=bot${query}`, headers, body });

    expect((await apply('')).body).toMatchObject({
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "network-operator" using v1: .data.routing-mode',
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.data.routing-mode' }] },
    });
    expect((await apply('&force=true')).status).toBe(200);
  });

  it('an agent that comes back in the old mode is Ready and wrong', async () => {
    await setFault(cluster, 'rollout', 'old-mode');
    await setConfig(cluster, NATIVE_CONFIG);

    await replaceAgent(cluster, 'node2');
    await replaceAgent(cluster, 'node3');

    const mode = async (node: string): Promise<string> => {
      const { agents } = (await control(cluster, '/agents')) as {
        agents: readonly { readonly node: string; readonly config: Readonly<Record<string, string>> }[];
      };
      const config = agents.find((agent) => agent.node === node)?.config ?? {};
      return isNative({ config }) ? 'native' : 'tunnel';
    };
    expect([await mode('node2'), await mode('node3')]).toEqual(['native', 'tunnel']);
    expect(await agentOn(cluster, 'node3')).toBeDefined();
  });

  it('an API that is gone resets connections and comes back when told to', async () => {
    await setFault(cluster, 'api', 'gone-60s');
    await expect(ask(cluster, { path: '/version' })).rejects.toThrow();

    await setFault(cluster, 'api', 'off');
    expect((await ask(cluster, { path: '/version' })).status).toBe(200);
  });

  it('an API that is gone for a while comes back by itself', { timeout: 30_000 }, async () => {
    await setFault(cluster, 'api', 'gone-5s');

    const answers = () =>
      ask(cluster, { path: '/version' }).then(
        () => true,
        () => false,
      );
    expect(await answers()).toBe(false);
    await until('it answers', answers, 20_000);
  });

  it('a Lease is compare-and-set', async () => {
    const metadata = { name: 'cilium-chatops', namespace: 'kube-system' };
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: { holderIdentity: 'a' } };
    const created = await ask(cluster, { method: 'POST', path: LEASES, as: 'chatops', body: lease });
    const { resourceVersion } = (created.body as { metadata: { resourceVersion: string } }).metadata;
    const take = (holderIdentity: string) =>
      ask(cluster, {
        method: 'PUT',
        path: `${LEASES}/cilium-chatops`,
        as: 'chatops',
        body: { ...lease, metadata: { ...metadata, resourceVersion }, spec: { holderIdentity } },
      });

    const both = await Promise.all([take('b'), take('c')]);

    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect((await ask(cluster, { method: 'POST', path: LEASES, as: 'chatops', body: lease })).status).toBe(409);
  });

  it('two budgets on one pod: eviction gives up with 500', async () => {
    const budget = {
      metadata: { name: 'another', namespace: 'legacy' },
      spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'legacy-web' } } },
    };
    await ask(cluster, {
      method: 'POST',
      path: '/apis/policy/v1/namespaces/legacy/poddisruptionbudgets',
      body: budget,
    });
    const { items } = (await ask(cluster, { path: `${LEGACY}?labelSelector=app%3Dlegacy-web` })).body as {
      items: readonly { readonly metadata: { readonly name: string } }[];
    };
    const name = items[0]?.metadata.name ?? '';

    const { status, body } = await ask(cluster, { method: 'POST', path: `${LEGACY}/${name}/eviction`, body: {} });

    expect(status).toBe(500);
    expect(body).toMatchObject({
      message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    });
  });

  it('a finished pod may always go', async () => {
    const object = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'finished', namespace: 'legacy', labels: { app: 'legacy-web' } },
      spec: { nodeName: 'node1', containers: [] },
      status: { phase: 'Succeeded' },
    };
    await control(cluster, '/objects', { object });
    await setFault(cluster, 'budget', 'blocks');

    const answer = await ask(cluster, { method: 'POST', path: `${LEGACY}/finished/eviction`, body: {} });

    expect(answer.body).toEqual({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
  });
});
