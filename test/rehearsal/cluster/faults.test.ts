import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RehearsalCluster, startRehearsalCluster } from '../../../src/rehearsal/cluster/start.ts';
import { ask, control, setFault } from './support.ts';

type Board = {
  readonly switchboards: readonly [{ readonly switches: readonly { readonly id: string; readonly value: string }[] }];
};

const CONFIG = '/api/v1/namespaces/kube-system/configmaps/cilium-config';
const AGENT_ON_NODE3 = '/api/v1/namespaces/kube-system/pods/cilium-62bql';

describe('the switchboard', () => {
  let cluster: RehearsalCluster;
  beforeAll(async () => {
    cluster = await startRehearsalCluster();
  });
  afterAll(() => cluster.close());
  afterEach(() => control(cluster, '/reset', {}));

  const read = async (path: string, as = 'admin') => (await ask(cluster, { path, as })).body;

  it('serves a board with every switch off', async () => {
    const { switchboards } = (await control(cluster, '/faults')) as Board;

    expect(switchboards[0].switches.length).toBeGreaterThan(5);
    expect(switchboards[0].switches.every((entry) => entry.value === 'off')).toBe(true);
  });

  it('refuses switches and values that do not exist', async () => {
    expect(await setFault(cluster, 'gravity', 'off')).toMatchObject({ ok: false, error: 'there is no switch gravity' });
    expect(await setFault(cluster, 'api', 'sideways')).toMatchObject({
      ok: false,
      error: 'api has no option sideways',
    });
  });

  it.each([
    { value: 'errors', status: 500 },
    { value: 'overloaded', status: 429 },
  ])('the API $value answers $status, and works again afterwards', async ({ value, status }) => {
    await setFault(cluster, 'api', value);
    const broken = await ask(cluster, { path: '/api/v1/nodes' });
    await setFault(cluster, 'api', 'off');
    const mended = await ask(cluster, { path: '/api/v1/nodes' });

    expect([broken.status, mended.status]).toEqual([status, 200]);
  });

  it('an unreachable API resets connections', async () => {
    await setFault(cluster, 'api', 'unreachable');

    await expect(ask(cluster, { path: '/api/v1/nodes' })).rejects.toThrow(/socket hang up|ECONNRESET/);
  });

  it('a slow API answers later', async () => {
    await setFault(cluster, 'api', 'slow');
    const started = Date.now();
    const reply = await ask(cluster, { path: '/version' });

    expect(reply.status).toBe(200);
    expect(Date.now() - started).toBeGreaterThan(1_900);
  });

  it('a crashing agent shows in pod, DaemonSet and node, and heals', async () => {
    const before = await read(AGENT_ON_NODE3);
    await setFault(cluster, 'agent', 'crashing');

    expect(await read(AGENT_ON_NODE3)).toMatchObject({
      status: { containerStatuses: [{ ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } } }] },
    });
    expect(await read('/apis/apps/v1/namespaces/kube-system/daemonsets/cilium')).toMatchObject({
      status: { numberReady: 2 },
    });
    expect(await read('/api/v1/nodes/node3')).toMatchObject({
      spec: { taints: [{ key: 'node.cilium.io/agent-not-ready' }] },
    });
    const log = await ask(cluster, { path: `${AGENT_ON_NODE3}/log?container=cilium-agent&previous=true` });
    expect(log.text).toContain('level=fatal');

    await setFault(cluster, 'agent', 'off');
    expect(((await read(AGENT_ON_NODE3)) as { status: unknown }).status).toEqual(
      (before as { status: unknown }).status,
    );
    expect(await read('/apis/apps/v1/namespaces/kube-system/daemonsets/cilium')).toMatchObject({
      status: { numberReady: 3 },
    });
  });

  it('a node that is not ready looks as recorded: conditions Unknown, three taints', async () => {
    await setFault(cluster, 'node', 'not-ready');

    const node = (await read('/api/v1/nodes/node3')) as {
      spec: { taints: { key: string; effect: string }[] };
      status: { conditions: { type: string; status: string }[] };
    };

    expect(node.spec.taints.map(({ key, effect }) => `${key}:${effect}`)).toEqual([
      'node.kubernetes.io/unreachable:NoSchedule',
      'node.kubernetes.io/unreachable:NoExecute',
      'node.cilium.io/agent-not-ready:NoSchedule',
    ]);
    expect(Object.fromEntries(node.status.conditions.map(({ type, status }) => [type, status]))).toEqual({
      NetworkUnavailable: 'False',
      MemoryPressure: 'Unknown',
      DiskPressure: 'Unknown',
      PIDPressure: 'Unknown',
      Ready: 'Unknown',
    });
  });

  it.each([
    { value: 'no-secrets', path: '/api/v1/namespaces/kube-system/secrets' },
    { value: 'none', path: '/api/v1/pods' },
  ])('access $value takes the right away from the bot, not from others', async ({ value, path }) => {
    const before = await ask(cluster, { path, as: 'chatops' });
    await setFault(cluster, 'access', value);
    const after = await ask(cluster, { path, as: 'chatops' });
    const admin = await ask(cluster, { path });

    expect([before.status, after.status, admin.status]).toEqual([200, 403, 200]);
  });

  it('without Cilium its objects, its DaemonSet and its API group are gone, and come back', async () => {
    await setFault(cluster, 'cilium', 'absent');
    const gone = await Promise.all([
      ask(cluster, { path: CONFIG }),
      ask(cluster, { path: '/apis/cilium.io/v2/ciliumnodes' }),
      ask(cluster, { path: '/apis/cilium.io' }),
    ]);
    expect(gone.map(({ status, contentType }) => `${status} ${contentType}`)).toEqual([
      '404 application/json',
      '404 text/plain; charset=utf-8',
      '404 text/plain; charset=utf-8',
    ]);

    await setFault(cluster, 'cilium', 'off');
    expect((await ask(cluster, { path: '/apis/cilium.io/v2/ciliumnodes' })).status).toBe(200);
    expect(await read(CONFIG)).toMatchObject({ data: { 'routing-mode': 'tunnel' } });
  });

  it('a change that was not rolled out is in the ConfigMap alone', async () => {
    await setFault(cluster, 'cilium', 'not-rolled-out');

    expect(await read(CONFIG)).toMatchObject({ data: { 'routing-mode': 'native', 'auto-direct-node-routes': 'true' } });
  });

  it('expires continue tokens, with a way to go on', async () => {
    const first = (await read('/api/v1/pods?limit=5')) as { metadata: { continue: string } };
    await setFault(cluster, 'continue-tokens', 'expired');

    const refused = await ask(cluster, { path: `/api/v1/pods?limit=5&continue=${first.metadata.continue}` });
    const { metadata, reason } = refused.body as { metadata: { continue: string }; reason: string };
    const rest = (await read(`/api/v1/pods?continue=${metadata.continue}`)) as { items: unknown[] };

    expect([refused.status, reason]).toEqual([410, 'Expired']);
    expect(rest.items).toHaveLength(13);
  });
});
