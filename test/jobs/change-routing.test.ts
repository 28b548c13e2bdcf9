import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { enableNativeRouting } from '../../jobs/enable-native-routing.ts';
import { rollback } from '../../jobs/rollback.ts';
import { RunId, UserId } from '../../src/core/ids.ts';
import type { ChangeContext, ChangeJob, JobResult, PlanContext, Progress } from '../../src/core/job.ts';
import { digestOf, Plan } from '../../src/core/run/plan.ts';
import { EVERY } from '../support/every.ts';
import { silentLog, systemClock } from '../support/rehearsal-cluster.ts';
import { fastClock } from './fast-clock.ts';
import { finishPlanning, HELM, openSwitchWorld, type SwitchWorld } from './switch-world.ts';

const SPEED = 20;

describe.skipIf(HELM === undefined)('switching the routing mode, with the real helm on the rehearsal cluster', () => {
  let world: SwitchWorld;
  // Slower than the cluster: the time for reading is limited, and a busy machine needs it.
  const clock = fastClock(8);

  beforeEach(async () => {
    world = await openSwitchWorld({ speed: SPEED }, clock);
  });
  afterEach(async () => world.close());

  function planning(owner = 'run-aaaaaa'): PlanContext {
    const image = 'registry.k8s.io/e2e-test-images/agnhost:2.53';
    const probes = { write: world.write, owner, namespace: 'cilium-chatops', image };
    return {
      cluster: world.port,
      clock,
      log: silentLog,
      signal: AbortSignal.timeout(240_000),
      helm: world.helm,
      probes,
    };
  }

  /** By the machine's own time: reading has a budget, which a busy machine would use up at a fast clock. */
  async function plan(job: ChangeJob, args: unknown = {}, context = planning()) {
    return (await finishPlanning(job.plan(args, { ...context, clock: systemClock }))).planned;
  }

  async function planOf(job: ChangeJob): Promise<Plan> {
    const planned = await plan(job);
    if (planned.type === 'plan') return Plan.parse(planned.plan);
    throw new Error(planned.reason);
  }

  async function apply(
    job: ChangeJob,
    approved: Plan,
    {
      id = 'run-aaaaaa',
      on = async () => undefined,
      ...more
    }: Partial<ChangeContext> & {
      readonly id?: string;
      readonly on?: (progress: Progress) => Promise<unknown>;
    } = {},
  ): Promise<JobResult['outcome']> {
    const running = job.apply(approved, {
      ...planning(id),
      run: RunId.parse(id),
      attempt: 1,
      resumed: false,
      by: UserId.parse('U01DANA'),
      approvedBy: [UserId.parse('U02LEE')],
      write: world.write,
      stopWanted: async () => false,
      ...more,
    });
    for (;;) {
      const next = await running.next();
      if (next.done === true) return next.value.outcome;
      await on(next.value);
    }
  }

  const started = (step: string) => (progress: Progress) => progress.type === 'step-started' && progress.step === step;

  it('is planned, applied and verified, undone by rollback, and each time there is nothing left to do', async () => {
    const first = await planOf(enableNativeRouting);

    expect(first.changes.map(({ key, to }) => `${key}=${to}`)).toEqual([
      'auto-direct-node-routes=true',
      'ipv4-native-routing-cidr=10.0.0.0/16',
      'routing-mode=native',
    ]);
    expect(first.effect[0]).toContain('3 agents restart in 2 batches');
    expect(digestOf(await planOf(enableNativeRouting))).toBe(digestOf(first));

    const pictures: string[] = [];
    const on = async (progress: Progress) =>
      progress.type === 'made' && pictures.push(`${progress.artifact.name}: ${progress.artifact.altText}`);
    expect(await apply(enableNativeRouting, first, { on })).toMatchObject({ type: 'succeeded' });
    expect(pictures).toEqual([expect.stringMatching(/^loss\.png: Heat map\. .*pairs? lost something/)]);
    expect(await plan(enableNativeRouting)).toMatchObject({
      type: 'refused',
      reason: expect.stringContaining('nothing to do'),
    });

    const back = await planOf(rollback);
    expect(back.undoes).toBe('run-aaaaaa');
    expect(await apply(rollback, back, { id: 'run-bbbbbb' })).toMatchObject({ type: 'succeeded' });
    expect(await plan(rollback)).toMatchObject({ type: 'refused', reason: expect.stringContaining('nothing to do') });
    const history = await world.helm.history({ namespace: 'kube-system', name: 'cilium' }, AbortSignal.timeout(10_000));
    expect(history.map(({ description }) => description).join('\n')).toContain('asked by U01DANA, approved by U02LEE');
  }, 240_000);

  it('goes back by itself when an agent comes back in the old mode', async () => {
    await world.fault('rollout', 'old-mode');

    const outcome = await apply(enableNativeRouting, await planOf(enableNativeRouting), {
      on: async (progress) => (started('back-upgrade')(progress) ? world.fault('rollout', 'off') : undefined),
    });

    expect(outcome).toMatchObject({ type: 'rolled-back', reason: expect.stringContaining('node3') });
  }, 180_000);

  it.skipIf(!EVERY)(
    'stops between two batches, and goes back (with CI=1)',
    async () => {
      let agents = false;
      const outcome = await apply(enableNativeRouting, await planOf(enableNativeRouting), {
        stopWanted: async () => agents,
        stoppedBecause: () => 'its own deadline of 12 h passed',
        on: async (progress) => {
          agents ||= started('agents')(progress);
        },
      });

      expect(outcome).toMatchObject({ type: 'rolled-back', reason: 'stopped: its own deadline of 12 h passed' });
    },
    180_000,
  );

  it('changes nothing when probes do not start', async () => {
    const approved = await planOf(enableNativeRouting);
    await world.fault('images', 'missing');

    expect(await apply(enableNativeRouting, approved)).toMatchObject({ type: 'failed', code: 'NotChanged' });
  }, 180_000);

  it('is refused with the values to commit where somebody else owns Cilium, and with what stands against it', async () => {
    await world.fault('owner', 'flux');
    expect(await plan(enableNativeRouting)).toMatchObject({
      reason: expect.stringContaining('owned by Flux'),
      report: { sections: [{ lines: expect.arrayContaining(['routingMode: "native"']) }, {}] },
    });

    await world.fault('owner', 'off');
    await world.fault('network', 'other-l2');
    expect(await plan(enableNativeRouting)).toMatchObject({
      type: 'refused',
      reason: expect.stringContaining('against it'),
    });

    await world.fault('network', 'off');
    const { probes: _, ...blind } = planning();
    expect(await plan(enableNativeRouting, {}, blind)).toMatchObject({ reason: expect.stringContaining('probe-pods') });
    const args = { accept: ['probe-pods'], reason: 'the lab has no registry' };
    expect(await plan(enableNativeRouting, args, blind)).toMatchObject({ type: 'plan' });
  }, 180_000);
});
