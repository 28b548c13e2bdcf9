import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { enableNativeRouting } from '../../jobs/enable-native-routing.ts';
import { Benchmark } from '../../src/core/benchmark.ts';
import { RunId, UserId } from '../../src/core/ids.ts';
import type { Artifact, ChangeContext, JobResult, PlanContext, Progress } from '../../src/core/job.ts';
import { Outcome } from '../../src/core/outcome.ts';
import { Plan } from '../../src/core/plan.ts';
import { silentLog } from '../support/rehearsal-cluster.ts';
import { fastClock } from './fast-clock.ts';
import { finishPlanning, HELM, openSwitchWorld, type SwitchWorld } from './switch-world.ts';

const OWNER = 'run-aaaaaa';

describe.skipIf(HELM === undefined)(
  'enable native-routing --bench, with the real helm on the rehearsal cluster',
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
      const found = (await finishPlanning(enableNativeRouting.plan({ bench: true }, planning()))).planned;
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

    it('measures before and after on the same nodes, with comparison, control and picture at the end', async () => {
      const plan = await planned();
      expect(plan.effect.at(-1)).toContain(
        'Benchmark before and after, each: 4 pods on node1 and node2, about 2:48 min',
      );

      const { type, report, data, pictures } = await apply(plan);

      expect(type).toBe('succeeded');
      const facts = report?.facts.join('\n') ?? '';
      expect(facts).toContain('pod to pod, 4 streams: 16.68 → 18.33 Gbit/s (+10 %, real, p = 0.041)');
      expect(facts).toContain('pod to pod, 1 stream: 9.71 → 10.06 Gbit/s (+4 %, within noise, p = 0.18)');
      expect(report?.sections.find(({ title }) => title === 'Throughput before and after')?.lines).toContain(
        'Different: routing: VXLAN, then native routing',
      );
      const { bench } = data as { readonly bench: { readonly before: unknown; readonly after: unknown } };
      expect(Benchmark.parse(bench.before).conditions['routing']).toBe('VXLAN');
      expect(Benchmark.parse(bench.after).conditions['routing']).toBe('native routing');
      expect(pictures.map(({ name }) => name)).toEqual(['throughput.png']);
    }, 180_000);

    it('a benchmark that cannot run holds nothing up, and the report says why', async () => {
      const plan = await planned();
      let killed = false;
      const { type, report, pictures } = await apply(plan, {}, async (progress) => {
        if (killed || progress.type !== 'step-started' || progress.step !== 'before-bench-pods') return;
        killed = true;
        await world.fault('benchmark', 'killed');
      });

      expect(type).toBe('succeeded');
      expect(report?.facts.join('\n')).toContain('Throughput cannot be compared');
      expect(pictures).toEqual([]);
    }, 180_000);
  },
);
