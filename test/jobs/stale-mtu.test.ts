import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { status } from '../../jobs/status.ts';
import { KEPT_STATE } from '../../src/cilium/switch/way-back.ts';
import { CONFIG_MAPS, DAEMON_SETS, PODS, type Resource } from '../../src/core/resources.ts';
import { systemClock } from '../support/rehearsal-cluster.ts';
import { finish, openRestartWorld, planIn, type RestartWorld } from './restart-world.ts';

const IMAGE = 'quay.io/cilium/cilium:v1.16.5';
const AGENTS = 'k8s-app=cilium';
const NATIVE = {
  'routing-mode': 'native',
  'auto-direct-node-routes': 'true',
  'ipv4-native-routing-cidr': '10.0.0.0/16',
};

const Body = z.looseObject({ metadata: z.looseObject({ name: z.string(), uid: z.string() }) });

function withOldImage(object: unknown, apiVersion: string, kind: string): object {
  const text = JSON.stringify(object).replaceAll(/"image":"[^"]*\/cilium:[^"]*"/g, `"image":"${IMAGE}"`);
  return { ...(JSON.parse(text) as object), apiVersion, kind };
}

/** The recorded cluster as if it had agents of 1.16, and had just switched. */
describe('pods with a stale route MTU, on the rehearsal cluster', () => {
  let world: RestartWorld;

  beforeAll(async () => {
    world = await openRestartWorld();
    const at = new Date().toISOString();
    const config = z
      .looseObject({ data: z.record(z.string(), z.string()) })
      .parse(await read(CONFIG_MAPS, 'cilium-config'));
    const data = { ...config.data, ...NATIVE };
    await world.put({ ...config, apiVersion: 'v1', kind: 'ConfigMap', data });
    await world.put(withOldImage(await read(DAEMON_SETS, 'cilium'), 'apps/v1', 'DaemonSet'));
    await vi.waitUntil(haveSwitched, { timeout: 60_000, interval: 200 });
    const once = { run: 'run-aaaaaa', at, until: new Date().toISOString(), from: 'tunnel', to: 'native' };
    await world.put({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'kube-system', name: KEPT_STATE },
      data: { switches: JSON.stringify([once]) },
    });
  }, 90_000);
  afterAll(async () => world.close());

  async function read(resource: Resource, name: string): Promise<unknown> {
    return world.port.get(resource, { namespace: 'kube-system', name }, AbortSignal.timeout(10_000));
  }

  async function pods(namespace: string, labelSelector?: string) {
    const found: z.infer<typeof Body>[] = [];
    const query = { namespace, as: 'objects', ...(labelSelector === undefined ? {} : { labelSelector }) } as const;
    for await (const page of world.port.list(PODS, query, AbortSignal.timeout(10_000)))
      found.push(...z.array(Body).parse(page));
    return found;
  }

  /** Three ready agents of the old version that run the new mode. */
  async function haveSwitched(): Promise<boolean> {
    const agents = await pods('kube-system', AGENTS);
    const ready = agents.filter((pod) =>
      /"type":"Ready","status":"True"|"status":"True","type":"Ready"/.test(JSON.stringify(pod)),
    );
    return ready.filter((pod) => JSON.stringify(pod).includes(IMAGE)).length === 3;
  }

  it('are counted by status, which has the button', async () => {
    // Its time for reading is limited: by a clock that runs fast it would be over at once.
    const { outcome } = await finish(status.run({}, world.context({ clock: systemClock })));

    expect(outcome).toMatchObject({ type: 'succeeded' });
    const findings = outcome.type === 'succeeded' ? outcome.report.findings : [];
    expect(findings).toContainEqual({
      mark: 'warn',
      text: expect.stringMatching(/^6 running pods keep the route MTU of the other routing mode, 50 bytes below/),
      next: { label: expect.any(String), command: 'restart unmanaged prod --stale-mtu' },
    });
  }, 60_000);

  it('are left alone by a restart that did not ask for them', async () => {
    expect(planIn(await world.plan()).title).toBe('restart 4 unmanaged pods of 2 owners');
  }, 60_000);

  it('are restarted where that was asked for, and are not there afterwards', async () => {
    const before = await pods('bench', 'app=web');
    const selfPath = { network: 'pod', store: 'in-cluster', storeHost: 'redis.chatops.svc:6379' } as const;
    const plan = planIn(await world.plan({ staleMtu: true }, { selfPath }));

    const { outcome } = await world.apply(plan);

    expect(plan.title).toBe('restart 4 unmanaged pods and 3 with a stale MTU of 3 owners');
    expect(plan.effect.join()).toContain('Deployment bench/web 3 (1 at a time)');
    expect(plan.checks).toContainEqual(expect.objectContaining({ id: 'stale-mtu', verdict: 'pass' }));
    expect(plan.checks).toContainEqual(
      expect.objectContaining({
        verdict: 'warn',
        evidence: 'this worker and its store redis.chatops.svc:6379 may be among the pods',
      }),
    );
    expect(outcome).toMatchObject({ type: 'succeeded', report: { headline: expect.stringContaining('7 of 7 pods') } });
    const after = (await pods('bench', 'app=web')).map(({ metadata }) => metadata.uid);
    expect(after).toHaveLength(3);
    expect(after.filter((uid) => before.some(({ metadata }) => metadata.uid === uid))).toEqual([]);
    // Bare ones stay: nobody would recreate them.
    expect(await world.plan({ staleMtu: true })).toMatchObject({
      type: 'refused',
      report: { headline: 'prod: 4 pods unmanaged or with a stale MTU, none to restart' },
    });
  }, 90_000);
});
