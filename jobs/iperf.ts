import { z } from 'zod';
import { clip, listed } from '../src/cilium/facts/text.ts';
import { iperfForm } from '../src/cilium/iperf/iperf-form.ts';
import { beyondLimits, beyondNodes } from '../src/cilium/iperf/iperf-limits.ts';
import { allFit, type BenchNode, type Chosen, namedPair, pickPair } from '../src/cilium/iperf/iperf-nodes.ts';
import { benchReport } from '../src/cilium/iperf/iperf-report.ts';
import { roundsOf } from '../src/cilium/iperf/iperf-rounds.ts';
import { type BenchSettings, BenchWords } from '../src/cilium/iperf/iperf-settings.ts';
import { MINUTE_MS } from '../src/core/clock.ts';
import { ClusterName } from '../src/core/ids.ts';
import { defineJob, type JobContext, type JobResult, type JobRun } from '../src/core/job.ts';
import { BenchLimits } from '../src/core/policy/bench-limits.ts';
import { ciliumNamespace } from './benchmarking/cilium-namespace.ts';
import { readBenchNodes } from './benchmarking/conditions.ts';
import { filesOf } from './benchmarking/files.ts';
import { type Measured, measure } from './benchmarking/measure.ts';
import { withProgress } from './reading/with-progress.ts';

const node = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'is the name of a node')
  .optional();

const Args = z
  .object({
    cluster: ClusterName.optional(),
    from: node,
    to: node,
    allPairs: z.boolean().optional(),
    reverse: z.boolean().optional(),
    udp: z.boolean().optional(),
    noBaseline: z.boolean().optional(),
    /** Not read here: a policy may ask for it. */
    reason: z.string().max(400).optional(),
    ...BenchWords,
  })
  .refine((args) => args.allPairs !== true || (args.from ?? args.to) === undefined, {
    path: ['allPairs'],
    message: 'leaves no choice of nodes: take away --from and --to',
  })
  .refine((args) => args.from === undefined || args.from !== args.to, {
    path: ['to'],
    message: 'cannot be the node that sends: name another',
  })
  .refine((args) => args.rate === undefined || args.udp === true, {
    path: ['rate'],
    message: 'belongs to --udp: TCP takes what it gets',
  });
type Args = z.infer<typeof Args>;

const RUNS = 5;
const SECONDS = 10;
/** One stream shows what one connection gets, four what a node can do. */
const STREAMS = [1, 4];
const UDP_MBIT = 500;

export const iperf = defineJob({
  name: 'iperf',
  words: [['iperf']],
  summary: 'Measure throughput between nodes, pod to pod beside host to host, with spread and chart',
  usage:
    '[cluster] [--from <node>] [--to <node>] [--all-pairs] [--streams n] [--duration 10s] [--runs 5] [--reverse] [--udp] [--rate <Mbit/s>] [--no-baseline] [--reason …]',
  examples: [
    'iperf prod',
    'iperf prod --from node1 --to node2 --runs 6',
    'iperf prod --all-pairs --duration 5s --streams 4',
    'iperf prod --udp --rate 500 --runs 4',
  ],
  risk: 'probe',
  deadlineMs: 4 * 60 * MINUTE_MS,
  positionals: ['cluster'],
  flags: {
    from: { type: 'string', help: 'the node that sends; picked without it' },
    to: { type: 'string', help: 'the node that receives; picked without it, in another zone if there is one' },
    'all-pairs': { type: 'boolean', help: 'every two nodes, in rounds in which no node appears twice' },
    streams: { type: 'string', help: 'parallel connections; 1 and 4 without it' },
    duration: { type: 'string', help: 'seconds per run, after one that is not counted' },
    runs: { type: 'string', help: 'runs of everything; fewer than 4 cannot be compared' },
    reverse: { type: 'boolean', help: 'the receiver sends' },
    udp: { type: 'boolean', help: 'UDP at a fixed rate: loss and jitter' },
    rate: { type: 'string', help: 'Mbit/s of --udp, all streams together' },
    'no-baseline': { type: 'boolean', help: 'pod to pod only; without it host to host is measured beside it' },
    reason: { type: 'string', help: 'why, where the policy asks for it' },
  },
  form: iperfForm({ runs: RUNS, seconds: SECONDS, streams: STREAMS, udpMbit: UDP_MBIT }),
  Args,
  // Which nodes is not known yet: what holds for any two of them.
  beyond: (args, { benchmarks }) => beyondLimits(settingsOf(args, [[{ from: 'one', to: 'another' }]]), benchmarks),
  run: (args, context) => benchmark(args, context),
});

async function* benchmark(args: Args, context: JobContext): JobRun {
  const { probes } = context;
  if (probes === undefined)
    return refused('this worker may not make pods', 'give it the rights of the deployment manifests');
  const chosen = choose(await readBenchNodes(context), args);
  if (!chosen.ok) return refused(chosen.why, chosen.nextStep);
  const limits = probes.bench?.limits ?? BenchLimits.parse({});
  const [from = '', to = ''] = chosen.nodes;
  const pair = settingsOf(args, [[{ from, to }]]);
  const tooMany = args.allPairs === true ? beyondNodes(chosen.nodes.length, pair, limits) : undefined;
  if (tooMany !== undefined)
    return refused(tooMany.problem, 'choose two with --from and --to, or raise `benchmarks.nodes` in chatops.yaml');
  const settings = args.allPairs === true ? { ...pair, rounds: roundsOf(chosen.nodes) } : pair;
  const beyond = beyondLimits(settings, limits);
  if (beyond !== undefined) return refused(beyond.problem, 'ask for less, or change `benchmarks` in chatops.yaml');
  const namespace = await ciliumNamespace(context);
  const measured = yield* withProgress((tell) => measure({ ...context, probes }, { settings, namespace }, tell));
  for (const artifact of await filesOf(measured, context.log)) yield { type: 'made', artifact };
  return resultOf(measured, { args, chosen: chosen.why });
}

function refused(reason: string, nextStep: string): JobResult {
  return { outcome: { type: 'refused', reason: clip(reason, 1_000), nextStep: clip(nextStep, 400) }, data: null };
}

function choose(nodes: readonly BenchNode[], { from, to, allPairs: all }: Args): Chosen {
  if (all === true) return allFit(nodes);
  return from !== undefined && to !== undefined ? namedPair(nodes, from, to) : pickPair(nodes, from, to);
}

function settingsOf(args: Args, rounds: BenchSettings['rounds']): BenchSettings {
  const isUdp = args.udp === true;
  const plain = isUdp ? [1] : STREAMS;
  return {
    rounds,
    streams: args.streams === undefined ? plain : [args.streams],
    seconds: args.duration ?? SECONDS,
    runs: args.runs ?? RUNS,
    protocol: isUdp ? 'udp' : 'tcp',
    udpMbit: args.rate ?? UDP_MBIT,
    reverse: args.reverse === true,
    baseline: args.noBaseline !== true,
  };
}

type Told = { readonly args: Args; readonly chosen: string };

function resultOf({ benchmark: data, notes }: Measured, { args, chosen }: Told): JobResult {
  const report = benchReport({ benchmark: data, notes, chosen, again: againOf(data.cluster, args, data.series) });
  if (data.series.some(({ samples }) => samples.length > 0)) return { outcome: { type: 'succeeded', report }, data };
  const why = [...new Set(data.series.flatMap(({ failures }) => failures))];
  const message = clip(`nothing could be measured on ${data.cluster}: ${listed(why)}`, 1_000);
  const nextStep = `verify ${data.cluster} says whether the nodes reach each other`;
  return { outcome: { type: 'failed', code: 'ProbeFailed', message, nextStep, report }, data };
}

/** The same nodes again, also where they were picked: two results of different pairs cannot be compared. */
function againOf(cluster: string, args: Args, [first]: Measured['benchmark']['series']): string {
  const where = args.allPairs === true ? '--all-pairs' : `--from ${first?.from ?? ''} --to ${first?.to ?? ''}`;
  const numbers = (['streams', 'duration', 'runs', 'rate'] as const).flatMap((flag) =>
    args[flag] === undefined ? [] : [`--${flag} ${args[flag]}`],
  );
  const switches = [
    ...(args.reverse === true ? ['--reverse'] : []),
    ...(args.udp === true ? ['--udp'] : []),
    ...(args.noBaseline === true ? ['--no-baseline'] : []),
  ];
  return ['iperf', cluster, where, ...numbers, ...switches].join(' ').slice(0, 200);
}
