import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { enableNativeRouting } from '../../jobs/enable-native-routing.ts';
import { Benchmark } from '../../src/core/benchmark/benchmark.ts';
import { RunId, UserId } from '../../src/core/ids.ts';
import type { Artifact, ChangeContext, JobResult, PlanContext, Progress } from '../../src/core/job.ts';
import { Outcome } from '../../src/core/run/outcome.ts';
import { Plan } from '../../src/core/run/plan.ts';
import { EVERY } from '../support/every.ts';
import { silentLog, systemClock } from '../support/rehearsal-cluster.ts';
import { fastClock } from './fast-clock.ts';
import { finishPlanning, HELM, openSwitchWorld, type SwitchWorld } from './switch-world.ts';

const OWNER = 'run-aaaaaa';

// A whole change takes half a minute: its benchmarks alone are tested in bench-step.test.ts.
describe.skipIf(HELM === undefined || !EVERY)(
  'enable native-routing --bench, with the real helm on the rehearsal cluster (with CI=1)',
  () => {
    let world: SwitchWorld;
    const clock = fastClock(8);

    beforeEach(async () => {
      world = await openSwitchWorld({ speed: 20 }, clock);
    });
    afterEach(async () => world.close());

    function planning(): PlanContext {
      const probes = { write: world.write, owner: OWNER, namespace: 'cilium-chatops', image: 'probes' };
      const signal = AbortSignal.timeout(150_000);
      return { cluster: world.port, clock, log: silentLog, signal, helm: world.helm, probes };
    }

    async function planned(): Promise<Plan> {
      const found = (
        await finishPlanning(enableNativeRouting.plan({ bench: true }, { ...planning(), clock: systemClock }))
      ).planned;
      if (found.type !== 'plan') throw new Error(found.reason);
      return Plan.parse(found.plan);
    }

    async function apply(plan: Plan, more: Partial<ChangeContext> = {}, on?: (progress: Progress) => Promise<unknown>) {
      const running = enableNativeRouting.apply(plan, {
        ...planning(),
        run: RunId.parse(OWNER),
        attempt: 1,
        resumed: false,
        by: UserId.parse('U01DANA'),
        approvedBy: [],
        write: world.write,
        stopWanted: async () => false,
        ...more,
      });
      const pictures: Artifact[] = [];
      for (;;) {
        const next = await running.next();
        if (next.done === true) return { ...told(next.value), pictures };
        if (next.value.type === 'made') pictures.push(next.value.artifact);
        await on?.(next.value);
      }
    }

    function told({ outcome, data }: JobResult) {
      const parsed = Outcome.parse(outcome);
      return { type: parsed.type, report: 'report' in parsed ? parsed.report : undefined, data };
    }

    it('measures before and after on the same nodes, though the worker is lost meanwhile; comparison, control and picture at the end', async () => {
      const plan = await planned();
      expect(plan.effect.at(-1)).toContain(
        'Benchmark before and after, each: 4 pods on node1 and node2, about 2:48 min',
      );
      const lost = new AbortController();
      const first = apply(plan, { signal: lost.signal }, async (progress) => {
        if (progress.type === 'counted' && progress.step === 'after-bench-runs' && progress.done === 5)
          lost.abort(new Error('lost'));
      });
      await expect(first).rejects.toThrow();

      const steps: string[] = [];
      const { type, report, data, pictures } = await apply(plan, { attempt: 2, resumed: true }, async (progress) => {
        if (progress.type === 'step-started') steps.push(progress.step);
      });

      expect(type).toBe('succeeded');
      expect(steps.filter((step) => step.includes('bench'))).toEqual(['after-bench-pods', 'after-bench-runs']);
      const facts = report?.facts.join('\n') ?? '';
      expect(facts).toContain('pod to pod, 4 streams: 16.68 → 18.33 Gbit/s (+10 %, real, p = 0.041)');
      expect(facts).toContain('pod to pod, 1 stream: 9.71 → 10.06 Gbit/s (+4 %, within noise, p = 0.18)');
      expect(report?.sections.find(({ title }) => title === 'Throughput before and after')?.lines).toContain(
        'Different: routing: VXLAN, then native routing',
      );
      const { bench } = data as { readonly bench: { readonly before: unknown; readonly after: unknown } };
      expect(Benchmark.parse(bench.before).conditions['routing']).toBe('VXLAN');
      expect(Benchmark.parse(bench.after).conditions['routing']).toBe('native routing');
      expect(pictures.map(({ name }) => name)).toContain('throughput.png');
    }, 180_000);

    it('that made pods really slower is a warning with the way back as a button', async () => {
      await world.fault('benchmark', 'slower-native');

      const { type, report } = await apply(await planned());

      expect(type).toBe('succeeded');
      expect(report?.mark).toBe('warn');
      expect(report?.findings).toContainEqual({
        mark: 'warn',
        text: expect.stringMatching(/^Slower than before: pod to pod, 1 stream, 9\.71 → 6\.71 Gbit\/s \(−31 %, real/),
        next: { label: 'Roll back', command: 'rollback prod' },
      });
    }, 180_000);

    it('that cannot be measured holds nothing up, and the report says why', async () => {
      const plan = await planned();
      let killed = false;
      const { type, report, pictures } = await apply(plan, {}, async (progress) => {
        if (killed || progress.type !== 'step-started' || progress.step !== 'before-bench-pods') return;
        killed = true;
        await world.fault('benchmark', 'killed');
      });

      expect(type).toBe('succeeded');
      expect(report?.facts.join('\n')).toContain('Throughput cannot be compared');
      expect(pictures.map(({ name }) => name)).not.toContain('throughput.png');
    }, 180_000);
  },
);
