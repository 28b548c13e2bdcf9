import { z } from 'zod';
import { listed } from '../../src/cilium/facts/text.ts';
import { comparisonChart } from '../../src/cilium/iperf/iperf-chart.ts';
import { beyondLimits } from '../../src/cilium/iperf/iperf-limits.ts';
import { pickPair } from '../../src/cilium/iperf/iperf-nodes.ts';
import type { NodePair } from '../../src/cilium/iperf/iperf-rounds.ts';
import { changeSettings } from '../../src/cilium/iperf/iperf-settings.ts';
import type { Benched } from '../../src/cilium/switch/switch-bench.ts';
import { KEPT_STATE } from '../../src/cilium/switch/way-back.ts';
import { Benchmark } from '../../src/core/benchmark/benchmark.ts';
import { OpsError, toOpsError } from '../../src/core/errors.ts';
import type { Artifact, PlanContext, Planned } from '../../src/core/job.ts';
import { BenchLimits } from '../../src/core/policy/bench-limits.ts';
import { CONFIG_MAPS } from '../../src/core/resources.ts';
import { readBenchNodes } from '../benchmarking/conditions.ts';
import { measure } from '../benchmarking/measure.ts';
import { withProgress } from '../reading/with-progress.ts';
import { isOver } from './patience.ts';
import type { Step, Switching } from './switching.ts';

type Pair = { readonly type: 'pair'; readonly pair: NodePair } | Extract<Planned, { readonly type: 'refused' }>;

/** The two nodes of the benchmark, chosen while it is planned, so that approvers see which. */
export async function benchPair(context: PlanContext): Promise<Pair> {
  const { probes } = context;
  const nextStep = 'ask without --bench';
  if (probes === undefined) return { type: 'refused', reason: 'this worker may not make benchmark pods', nextStep };
  const chosen = pickPair(await readBenchNodes(context), undefined, undefined);
  if (!chosen.ok) return { type: 'refused', reason: chosen.why, nextStep };
  const [from = '', to = ''] = chosen.nodes;
  const beyond = beyondLimits(changeSettings({ from, to }), probes.bench?.limits ?? BenchLimits.parse({}));
  if (beyond !== undefined) return { type: 'refused', reason: beyond.problem, nextStep };
  return { type: 'pair', pair: { from, to } };
}

type Side = { readonly benchmark: Benchmark | undefined; readonly note: string | undefined };

/**
 * Throughput before anything is changed, kept beside the state of the switch for an attempt that may follow. A later
 * attempt never measures it again: the cluster is not what it was.
 */
export async function* benchBefore(switching: Switching): Step<void> {
  const { context, work, seen } = switching;
  if (work.bench === undefined) return;
  if (context.resumed) {
    seen.throughput = await readBefore(switching);
    return;
  }
  const { benchmark } = yield* benchSide(switching, work.bench, 'before');
  seen.throughput = benchmark;
  if (benchmark !== undefined) await keepBefore(switching, benchmark);
}

/** The same after the proof, with the comparison as a picture. Undefined where nobody asked for it. */
export async function* benchAfter(switching: Switching): Step<Benched | undefined> {
  const { context, work, seen } = switching;
  if (work.bench === undefined) return undefined;
  const { benchmark: after, note } = yield* benchSide(switching, work.bench, 'after');
  const before = seen.throughput;
  const missing = before === undefined ? ['nothing was measured before the change'] : [];
  if (before !== undefined && after !== undefined) {
    const picture = await chartOf(switching, before, after);
    if (picture !== undefined) yield { type: 'made', artifact: picture };
  }
  context.log.info({ measured: after !== undefined }, 'throughput after the change');
  return { before, after, notes: [...missing, ...(note === undefined ? [] : [note])] };
}

/** A benchmark that fails is a line in the report, never a reason to stop or to go back. */
async function* benchSide({ context }: Switching, pair: NodePair, side: 'before' | 'after'): Step<Side> {
  const { probes } = context;
  if (probes === undefined) return { benchmark: undefined, note: 'this worker may not make benchmark pods' };
  const request = {
    settings: changeSettings(pair),
    namespace: '',
    prefix: `${side}-`,
    inChange: true,
    isStopped: context.stopWanted,
  };
  try {
    const measured = yield* withProgress((tell) => measure({ ...context, probes }, request, tell));
    const { benchmark, notes } = measured;
    if (benchmark.series.some(({ samples }) => samples.length > 0)) return { benchmark, note: notes[0] };
    const why = [...new Set(benchmark.series.flatMap(({ failures }) => failures))];
    return { benchmark: undefined, note: `${side} the change nothing could be measured: ${listed(why)}` };
  } catch (thrown: unknown) {
    context.signal.throwIfAborted();
    if (isOver(thrown) || !(thrown instanceof OpsError)) throw thrown;
    context.log.warn({ err: thrown, side }, 'throughput could not be measured');
    return { benchmark: undefined, note: `${side} the change: ${toOpsError(thrown).message}` };
  }
}

const Kept = z.object({ run: z.string(), before: Benchmark });
const StateMap = z.object({ data: z.record(z.string(), z.string()).default({}) });

async function keepBefore({ context, work }: Switching, before: Benchmark): Promise<void> {
  const { write, signal, run, log } = context;
  const { namespace } = work.release;
  const labels = { 'app.kubernetes.io/managed-by': 'cilium-chatops' };
  const data = { throughput: JSON.stringify({ run, before }) };
  const metadata = { namespace, name: KEPT_STATE, labels };
  try {
    await write.mergePatch(CONFIG_MAPS, { namespace, name: KEPT_STATE }, { metadata: { labels }, data }, signal);
  } catch (thrown: unknown) {
    if (isOver(thrown) || !(thrown instanceof OpsError)) throw thrown;
    if (thrown.code === 'NotFound')
      await write.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }, signal);
    else log.warn({ err: thrown }, 'throughput before the change is not kept for a later attempt');
  }
}

async function readBefore({ context, work }: Switching): Promise<Benchmark | undefined> {
  const { cluster, signal, run, log } = context;
  try {
    const ref = { namespace: work.release.namespace, name: KEPT_STATE };
    const map = StateMap.parse(await cluster.get(CONFIG_MAPS, ref, signal));
    const kept = Kept.parse(JSON.parse(map.data['throughput'] ?? ''));
    return kept.run === run ? kept.before : undefined;
  } catch (thrown: unknown) {
    signal.throwIfAborted();
    log.info({ err: thrown }, 'no throughput of an earlier attempt');
    return undefined;
  }
}

async function chartOf({ context }: Switching, before: Benchmark, after: Benchmark): Promise<Artifact | undefined> {
  const chart = comparisonChart(`${before.cluster}: throughput before and after the change`, before, after);
  if (chart === undefined) return undefined;
  try {
    const { drawChart } = await import('../benchmarking/draw-chart.ts');
    const { title, altText } = chart;
    return { name: 'throughput.png', title, mimetype: 'image/png', bytes: await drawChart(chart), altText };
  } catch (thrown: unknown) {
    context.log.error({ err: thrown }, 'the chart could not be drawn');
    return undefined;
  }
}
