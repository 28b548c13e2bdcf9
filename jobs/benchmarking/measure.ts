import pMap from 'p-map';
import type { BenchPath } from '../../src/cilium/iperf/iperf-pod.ts';
import type { NodePair } from '../../src/cilium/iperf/iperf-rounds.ts';
import {
  type BenchSettings,
  costWords,
  estimateSeconds,
  nodesOf,
  turnsOf,
} from '../../src/cilium/iperf/iperf-settings.ts';
import type { Benchmark, Series } from '../../src/core/benchmark/benchmark.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { ProbeContext } from '../probing/probe-pods.ts';
import { sweepProbes } from '../probing/sweep-probes.ts';
import type { Tell } from '../reading/with-progress.ts';
import { ensureServers, removeServers, type Servers } from './bench-pods.ts';
import { conditionsOf } from './conditions.ts';
import { refuseBusyNodes, refuseDuringChange } from './guard.ts';
import { takeSample } from './take-sample.ts';

/** Beyond what it should take: pulling the image, retries, a slow API server. */
const TTL_SLACK_SECONDS = 300;
/** A series whose first runs all failed will not get better. */
const HOPELESS_AFTER = 2;

export type BenchRequest = {
  readonly settings: BenchSettings;
  /** Where changes keep their Lease: the namespace of Cilium. */
  readonly namespace: string;
  /** Before the names of the steps, which are recorded: a change measures twice. */
  readonly prefix?: string;
  /** Whether its own change is what runs: then there is nothing to refuse. */
  readonly inChange?: boolean;
  /** A wish to stop that does not abort the signal; looked at between runs. */
  readonly isStopped?: () => Promise<boolean>;
};

/** One answer of iperf3 as it came. */
export type RawRun = Omit<Series, 'samples' | 'failures' | 'pathMtu'> & {
  readonly run: number;
  readonly stdout: string;
};

export type Measured = {
  readonly benchmark: Benchmark;
  readonly notes: readonly string[];
  readonly raw: readonly RawRun[];
};

/**
 * Measures the whole matrix and removes its pods, whatever happens. Runs are interleaved over paths and streams, so
 * that a slow minute of the cluster falls on all of them alike. Safe to repeat in a later attempt of the same run.
 * @throws OpsError Locked (a change or another benchmark), ProbeFailed (pods), Forbidden, NotFound
 */
export async function measure(context: ProbeContext, request: BenchRequest, tell: Tell): Promise<Measured> {
  const { settings, namespace, prefix = '' } = request;
  const nodes = nodesOf(settings);
  await sweepProbes(context);
  if (request.inChange !== true) await refuseDuringChange(context, namespace);
  await refuseBusyNodes(context, nodes, 'not there yet');
  const pods = `${prefix}bench-pods`;
  tell({
    type: 'step-started',
    step: pods,
    title: `Benchmark${whenWords(prefix)}: ${costWords(settings)}`.slice(0, 140),
  });
  try {
    const { servers, notes } = await startServers(context, settings);
    await refuseBusyNodes(context, nodes, 'there');
    tell({ type: 'step-ended', step: pods, result: notes.length === 0 ? 'ok' : 'warn' });
    const conditions = await conditionsOf(context, settings);
    const found = await runAll(context, request, { servers, tell });
    const asOf = context.clock.now().toISOString();
    const versions = found.versions.size === 0 ? {} : { iperf3: [...found.versions].sort().join(', ') };
    const benchmark: Benchmark = {
      schemaVersion: 1,
      cluster: context.cluster.name,
      asOf,
      conditions: { ...conditions, ...versions },
      series: found.series,
    };
    return { benchmark, notes, raw: found.raw };
  } finally {
    await removeServers(context);
  }
}

/** ` before` of `before-`: a change has two of each step. */
function whenWords(prefix: string): string {
  return prefix === '' ? '' : ` ${prefix.replace(/-$/, '')}`;
}

type Fleet = ReadonlyMap<BenchPath, Servers>;

/** Without the host network there is no baseline; everything else still says something. */
async function startServers(
  context: ProbeContext,
  settings: BenchSettings,
): Promise<{ readonly servers: Fleet; readonly notes: readonly string[] }> {
  const nodes = nodesOf(settings);
  const ttlSeconds = Math.ceil(estimateSeconds(settings) * 2 + TTL_SLACK_SECONDS);
  const servers = new Map<BenchPath, Servers>();
  servers.set('pod', await ensureServers(context, { path: 'pod', nodes, ttlSeconds }));
  if (!settings.baseline) return { servers, notes: [] };
  try {
    servers.set('host', await ensureServers(context, { path: 'host', nodes, ttlSeconds }));
    return { servers, notes: [] };
  } catch (thrown: unknown) {
    context.signal.throwIfAborted();
    if (!(thrown instanceof OpsError) || !['Forbidden', 'Rejected', 'ProbeFailed'].includes(thrown.code)) throw thrown;
    const instead = thrown.nextStep === undefined ? '' : `. What helps: ${thrown.nextStep}`;
    return { servers, notes: [`no baseline between the hosts: ${thrown.message}${instead}`] };
  }
}

type Work = { readonly servers: Fleet; readonly tell: Tell };

type Found = { readonly series: readonly Series[]; readonly raw: readonly RawRun[]; readonly versions: Set<string> };

async function runAll(context: ProbeContext, request: BenchRequest, { servers, tell }: Work): Promise<Found> {
  const { settings, prefix = '' } = request;
  const ledger = createLedger(settings);
  const step = `${prefix}bench-runs`;
  const total = turnsOf({ ...settings, baseline: servers.has('host') });
  let done = 0;
  tell({ type: 'step-started', step, title: `Measure${whenWords(prefix)}: ${total} turns of ${settings.seconds} s` });
  for (const round of settings.rounds) {
    for (let run = 1; run <= settings.runs; run += 1) {
      await mayGoOn(context, request);
      for (const { path, streams } of turnsOfRun(settings, servers)) {
        const reach = servers.get(path) ?? new Map();
        await pMap(
          round.filter((pair) => !ledger.isHopeless(pair, path, streams)),
          async (pair) => {
            const turn = { ...pair, path, streams, servers: reach };
            ledger.add(turn, run, await takeSample(context, settings, turn));
          },
        );
        done += 1;
        tell({ type: 'counted', step, done, total });
      }
    }
  }
  const found = ledger.found();
  const isWhole = found.series.every(({ failures }) => failures.length === 0);
  tell({ type: 'step-ended', step, result: isWhole ? 'ok' : 'warn' });
  return found;
}

async function mayGoOn(context: ProbeContext, { inChange, namespace, isStopped }: BenchRequest): Promise<void> {
  if (inChange !== true) await refuseDuringChange(context, namespace);
  if ((await isStopped?.()) === true) throw new OpsError('NotAllowed', 'somebody asked to stop');
}

function turnsOfRun({ streams }: BenchSettings, servers: Fleet) {
  return streams.flatMap((count) => [...servers.keys()].map((path) => ({ path, streams: count })));
}

type Taken = Awaited<ReturnType<typeof takeSample>>;

/** Collects answers by series. */
function createLedger({ protocol, reverse }: BenchSettings) {
  const all = new Map<string, Series>();
  const raw: RawRun[] = [];
  const versions = new Set<string>();
  const keyOf = ({ from, to }: NodePair, path: BenchPath, streams: number) => JSON.stringify([from, to, path, streams]);

  return {
    isHopeless: (pair: NodePair, path: BenchPath, streams: number): boolean => {
      const series = all.get(keyOf(pair, path, streams));
      return series !== undefined && series.samples.length === 0 && series.failures.length >= HOPELESS_AFTER;
    },
    add: (
      { from, to, path, streams }: NodePair & { readonly path: BenchPath; readonly streams: number },
      run: number,
      { answer, stdout }: Taken,
    ): void => {
      const key = keyOf({ from, to }, path, streams);
      const place = { path, from, to, streams, protocol, reverse };
      const series = all.get(key) ?? { ...place, samples: [], failures: [] };
      raw.push({ ...place, run, stdout });
      if (answer.state === 'failed') {
        all.set(key, { ...series, failures: [...series.failures, answer.why] });
        return;
      }
      versions.add(answer.version);
      const pathMtu = answer.pathMtu === undefined ? {} : { pathMtu: answer.pathMtu };
      all.set(key, { ...series, ...pathMtu, samples: [...series.samples, answer.sample] });
    },
    found: (): Found => ({ series: [...all.values()], raw, versions }),
  };
}
