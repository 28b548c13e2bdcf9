import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { restartUnmanaged } from '../../jobs/restart-unmanaged.ts';
import { RestartWork } from '../../src/cilium/restart/restart-work.ts';
import type { Progress } from '../../src/core/job.ts';
import type { ClusterPort } from '../../src/core/ports/ports.ts';
import { CILIUM_ENDPOINTS, DISRUPTION_BUDGETS, PODS, STATEFUL_SETS } from '../../src/core/resources.ts';
import { digestOf } from '../../src/core/run/plan.ts';
import { finish, openRestartWorld, planIn, type RestartWorld, watchedWrite } from './restart-world.ts';

const SLOW = 60_000;
const WEB = 'Deployment legacy/legacy-web';
const DB = 'StatefulSet legacy/legacy-db';
/** As `policy/v1` is on Kubernetes 1.20. */
const NOT_SERVED = { ...DISRUPTION_BUDGETS, version: 'v9' };
const STATEFUL_SET = { apiVersion: 'apps/v1', kind: 'StatefulSet' };

/** With a budget of `minAvailable` over the pods with this label. */
function aBudget(name: string, minAvailable: number, app = 'legacy-web') {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { namespace: 'legacy', name },
    spec: { minAvailable, selector: { matchLabels: { app } } },
  };
}

describe('restart unmanaged, on the rehearsal cluster', () => {
  let world: RestartWorld;
  beforeEach(async () => {
    world = await openRestartWorld();
  });
  afterEach(async () => world.close());

  /** What takes minutes takes seconds, once it has come so far. */
  function inHasteOnce(isSo: (counted: Extract<Progress, { type: 'counted' }>) => boolean | undefined) {
    return (progress: Progress): void => {
      if (progress.type === 'counted' && isSo(progress) === true) world.clock.runAt(100);
    };
  }

  async function names(): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const page of world.port.list(PODS, { namespace: 'legacy', as: 'metadata' }, AbortSignal.timeout(5_000)))
      for (const pod of page as { metadata: { name: string } }[]) found.push(pod.metadata.name);
    return found;
  }

  async function violations(): Promise<readonly unknown[]> {
    const answer = (await (await fetch(`${world.rehearsal.controlUrl}/violations`)).json()) as {
      violations: unknown[];
    };
    return answer.violations;
  }

  it('plans by owner, counts first, and says what it leaves alone', async () => {
    const planned = await world.plan();
    const plan = planIn(planned);

    expect(plan.title).toBe('restart 4 unmanaged pods of 2 owners');
    expect(plan.effect[0]).toContain(`${WEB} 3 (within budget legacy/legacy-web), ${DB} 1`);
    expect(plan.effect[1]).toContain(`down as a whole meanwhile: ${DB}`);
    expect(plan.effect[2]).toContain('1 bare pod');
    const [list] = planned.type === 'plan' ? planned.artifacts : [];
    const text = new TextDecoder().decode(list?.bytes);
    expect(text).toMatch(
      /- legacy\/legacy-db-0 {2}node1 10\.244\.1\.3 {2}started before Cilium; address from another CNI/,
    );
    expect(text).toMatch(/legacy\/legacy-bare {2}bare pod {2}bare pod: nobody would recreate it/);
  });

  it('reads the budgets of a server that knows them as v1beta1 only', async () => {
    const asked: string[] = [];
    const list: ClusterPort['list'] = (resource, query, signal) => {
      if (resource.plural !== 'poddisruptionbudgets') return world.port.list(resource, query, signal);
      asked.push(resource.version);
      return world.port.list(resource.version === 'v1' ? NOT_SERVED : DISRUPTION_BUDGETS, query, signal);
    };

    const plan = planIn(await world.plan({}, { cluster: { ...world.port, list } }));

    expect(asked).toEqual(['v1', 'v1beta1']);
    expect(plan.effect[0]).toContain('within budget legacy/legacy-web');
  });

  it('makes the same plan again while the world is the same', async () => {
    const [first, second] = [planIn(await world.plan()), planIn(await world.plan())];

    expect(digestOf(second)).toBe(digestOf(first));
  });

  it('makes another plan once a budget is another', async () => {
    const before = planIn(await world.plan());
    await world.put(aBudget('legacy-web', 1));

    expect(digestOf(planIn(await world.plan()))).not.toBe(digestOf(before));
  });

  it(
    'restarts them within their budget, and ends with the same question',
    async () => {
      const plan = planIn(await world.plan());

      const { outcome, progress } = await world.apply(plan);

      expect(outcome).toMatchObject({
        type: 'succeeded',
        report: { headline: expect.stringContaining('4 of 4 pods') },
      });
      expect(progress).toContainEqual(expect.objectContaining({ type: 'step-started', title: WEB }));
      expect(progress).toContainEqual(expect.objectContaining({ type: 'counted', done: 3, total: 3 }));
      expect(await violations()).toEqual([]);
      const endpoints: unknown[] = [];
      for await (const page of world.port.list(
        CILIUM_ENDPOINTS,
        { namespace: 'legacy', as: 'metadata' },
        AbortSignal.timeout(5_000),
      ))
        endpoints.push(...page);
      expect(endpoints).toHaveLength(4);
      expect(await names()).toContain('legacy-bare');
      expect(await world.plan()).toMatchObject({
        type: 'refused',
        report: { sections: [{ title: 'Still unmanaged (1)' }, {}] },
      });
    },
    SLOW,
  );

  it(
    'deletes a bare pod only when that was asked for',
    async () => {
      const plan = planIn(await world.plan({ includeBare: true }));

      const { outcome } = await world.apply(plan);

      expect(plan.effect[0]).toContain('bare pod legacy/legacy-bare 1 (deleted for good)');
      expect(outcome.type).toBe('succeeded');
      expect(await names()).not.toContain('legacy-bare');
    },
    SLOW,
  );

  it(
    'leaves out, by name, what a budget never lets go',
    async () => {
      await world.fault('budget', 'blocks');
      await expect.poll(async () => planIn(await world.plan()).effect.join()).not.toContain(WEB);

      const plan = planIn(await world.plan());

      const check = plan.checks.find(({ id }) => id === 'disruption-budgets');
      expect(check).toMatchObject({ verdict: 'warn' });
      expect(check?.evidence).toContain('PodDisruptionBudget legacy/legacy-web needs 3 healthy pods and has 3');
      expect(RestartWork.parse(plan.work).owners).toHaveLength(1);
    },
    SLOW,
  );

  it(
    'does not wait for ever for a budget that blocks, and names it',
    async () => {
      const plan = planIn(await world.plan());
      await world.fault('budget', 'blocks');

      const { outcome, progress } = await world.apply(
        plan,
        {},
        inHasteOnce(({ detail }) => detail?.startsWith('waits: ')),
      );

      expect(progress).toContainEqual(
        expect.objectContaining({ detail: expect.stringMatching(/^waits: PodDisruptionBudget legacy\/legacy-web/) }),
      );
      expect(outcome).toMatchObject({
        type: 'failed',
        message: expect.stringMatching(
          /^1 of 4 pods restarted; Deployment legacy\/legacy-web: PodDisruptionBudget legacy\/legacy-web says no/,
        ),
      });
    },
    SLOW,
  );

  it(
    'names a successor that does not come up, and restarts the others meanwhile',
    async () => {
      const plan = planIn(await world.plan());
      const { spec, ...rest } = z
        .looseObject({ spec: z.looseObject({ template: z.looseObject({ spec: z.looseObject({}) }) }) })
        .parse(
          await world.port.get(STATEFUL_SETS, { namespace: 'legacy', name: 'legacy-db' }, AbortSignal.timeout(5_000)),
        );
      const template = { ...spec.template, spec: { ...spec.template.spec, nodeSelector: { disk: 'none-has-it' } } };
      await world.put({ ...rest, ...STATEFUL_SET, spec: { ...spec, template, updateStrategy: { type: 'OnDelete' } } });

      const { outcome } = await world.apply(
        plan,
        {},
        inHasteOnce(({ done, total }) => done === 3 && total === 3),
      );

      expect(outcome).toMatchObject({
        type: 'failed',
        message: `3 of 4 pods restarted; ${DB}: successors did not come back within 5 min: legacy-db-0 (not ready, no CiliumEndpoint)`,
        report: {
          findings: [{ mark: 'fail', text: expect.stringContaining('legacy-db-0') }],
          table: {
            rows: [
              [WEB, '3/3', expect.any(String)],
              [DB, '0/1', expect.any(String)],
            ],
          },
        },
      });
    },
    SLOW,
  );

  it(
    'reports a pod that two budgets select, and restarts the others',
    async () => {
      const plan = planIn(await world.plan());
      await world.put(aBudget('second', 1));

      const { outcome } = await world.apply(plan);

      expect(outcome).toMatchObject({
        type: 'failed',
        message: expect.stringContaining('more than one PodDisruptionBudget'),
      });
      expect(planIn(await world.plan({ includeBare: true })).effect.join()).not.toContain(WEB);
    },
    SLOW,
  );

  it(
    'goes on after a crash, and evicts no successor',
    async () => {
      const plan = planIn(await world.plan());
      const before = await names();
      const crash = new AbortController();
      const first = watchedWrite(world.write, () => {
        if (first.evicted.length === 2) crash.abort(new Error('killed'));
      });
      await expect(world.apply(plan, { write: first, signal: crash.signal })).rejects.toThrow('killed');
      const second = watchedWrite(world.write, () => undefined);

      const { outcome } = await world.apply(plan, { write: second, attempt: 2, resumed: true });

      expect(outcome.type).toBe('succeeded');
      const evicted = [...first.evicted, ...second.evicted];
      expect(evicted.every((name) => before.includes(name))).toBe(true);
      expect(new Set(evicted).size).toBe(4);
    },
    SLOW,
  );

  it(
    'does nothing when everything was done before',
    async () => {
      const plan = planIn(await world.plan());
      await world.apply(plan);
      const again = watchedWrite(world.write, () => undefined);

      const { outcome } = await world.apply(plan, { write: again, attempt: 2, resumed: true });

      expect(outcome.type).toBe('succeeded');
      expect(again.evicted).toEqual([]);
    },
    SLOW,
  );

  it(
    'evicts nothing more once it is cancelled, and waits for what is on its way',
    async () => {
      const plan = planIn(await world.plan());
      const watched = watchedWrite(world.write, () => undefined);

      const { outcome } = await finish(
        restartUnmanaged.apply(
          plan,
          world.context({ write: watched, stopWanted: async () => watched.evicted.length > 0 }),
        ),
      );

      expect(outcome).toMatchObject({ type: 'cancelled', reason: expect.stringMatching(/^2 of 4 pods restarted/) });
      expect(watched.evicted).toHaveLength(2);
    },
    SLOW,
  );

  it('says that nobody can tell when CiliumEndpoints are switched off, or Cilium is not there', async () => {
    await world.fault('cilium', 'absent');

    expect(await world.plan()).toMatchObject({
      type: 'refused',
      reason: expect.stringContaining('Cilium is not installed'),
    });
  });
});
