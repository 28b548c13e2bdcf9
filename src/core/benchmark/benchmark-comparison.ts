import { type Benchmark, median, ratesOf, rateWords, type Series, seriesWords, streamWords } from './benchmark.ts';
import { mannWhitneyP } from './mann-whitney.ts';

/** Below this many runs a side not even the clearest difference can be told from chance (p of 3 against 3 is 0.1). */
export const ENOUGH_RUNS = 4;
const REAL_BELOW = 0.05;

export type Comparison = {
  readonly before: number;
  readonly after: number;
  /** Of the medians. */
  readonly changePercent: number;
  readonly p: number;
  readonly verdict: 'real' | 'within noise' | 'too few to tell';
};

export function compareRates(before: readonly number[], after: readonly number[]): Comparison {
  const [was, is] = [median(before), median(after)];
  const p = mannWhitneyP(before, after);
  const isEnough = before.length >= ENOUGH_RUNS && after.length >= ENOUGH_RUNS;
  const told = p < REAL_BELOW ? ('real' as const) : ('within noise' as const);
  return {
    before: was,
    after: is,
    changePercent: (is / was - 1) * 100,
    p,
    verdict: isEnough ? told : 'too few to tell',
  };
}

export type SeriesComparison = Comparison & { readonly series: Series; readonly runs: readonly [number, number] };

export type BenchmarkComparison = {
  readonly pairs: readonly SeriesComparison[];
  /** Measured on one side only. */
  readonly alone: readonly string[];
  /** `routing: VXLAN, then native`. */
  readonly differences: readonly string[];
};

/** Like with like: the same nodes, path, streams and direction. */
export function compareBenchmarks(before: Benchmark, after: Benchmark): BenchmarkComparison {
  const later = new Map(after.series.map((series) => [keyOf(series), series]));
  const earlier = new Set(before.series.map(keyOf));
  const pairs = before.series.flatMap((series) => {
    const other = later.get(keyOf(series));
    if (other === undefined || series.samples.length === 0 || other.samples.length === 0) return [];
    const runs = [series.samples.length, other.samples.length] as const;
    return [{ series, runs, ...compareRates(ratesOf(series), ratesOf(other)) }];
  });
  const compared = new Set(pairs.map(({ series }) => keyOf(series)));
  const lonely = [...before.series, ...after.series.filter((series) => !earlier.has(keyOf(series)))];
  const alone = lonely.filter((series) => !compared.has(keyOf(series))).map(placeWords);
  return { pairs, alone, differences: differencesOf(before, after) };
}

function keyOf({ path, from, to, streams, protocol, reverse }: Series): string {
  return JSON.stringify([path, from, to, streams, protocol, reverse]);
}

export function placeWords(series: Series): string {
  return `${series.from} → ${series.to}, ${seriesWords(series)}`;
}

function differencesOf(before: Benchmark, after: Benchmark): readonly string[] {
  const names = [...new Set([...Object.keys(before.conditions), ...Object.keys(after.conditions)])];
  const unlike = names
    .map((name) => ({ name, was: before.conditions[name] ?? 'not known', is: after.conditions[name] ?? 'not known' }))
    .filter(({ was, is }) => was !== is)
    .map(({ name, was, is }) => `${name}: ${was}, then ${is}`);
  const cluster = before.cluster === after.cluster ? [] : [`cluster: ${before.cluster}, then ${after.cluster}`];
  return [...cluster, ...unlike];
}

/** `4 streams: 16.68 → 18.33 Gbit/s (+10 %, real, p = 0.041)`. */
export function comparisonWords({ before, after, changePercent, p, verdict }: Comparison): string {
  const told = verdict === 'too few to tell' ? verdict : `${verdict}, p = ${probability(p)}`;
  return `${fromTo(before, after)} (${percentWords(changePercent)}, ${told})`;
}

function fromTo(before: number, after: number): string {
  const [was = '', wasUnit] = rateWords(before).split(' ');
  const [is = '', isUnit] = rateWords(after).split(' ');
  return wasUnit === isUnit ? `${was} → ${is} ${isUnit ?? ''}` : `${was} ${wasUnit ?? ''} → ${is} ${isUnit ?? ''}`;
}

function probability(p: number): string {
  if (p < 0.001) return '< 0.001';
  return p < 0.1 ? p.toFixed(3) : p.toFixed(2);
}

export function percentWords(percent: number): string {
  const whole = Math.round(Math.abs(percent));
  if (whole === 0) return '±0 %';
  return `${percent < 0 ? '−' : '+'}${whole} %`;
}

const MAX_PAIRS_IN_WORDS = 3;

/**
 * The sentence about a comparison: what moved through the pod network, and how far the control drifted meanwhile.
 * Before and after cannot be interleaved, so the drift of the control is part of the answer.
 */
export function comparisonSentence({ pairs }: BenchmarkComparison): string {
  const pods = pairs.filter(({ series }) => series.path === 'pod');
  const hosts = pairs.filter(({ series }) => series.path === 'host');
  const parts = pods.length > MAX_PAIRS_IN_WORDS ? [manyWords(pods)] : pods.map(oneWords);
  const control = hosts.length > MAX_PAIRS_IN_WORDS ? [`control: ${manyWords(hosts)}`] : hosts.map(controlWords);
  return [...parts, ...control].join(' · ');
}

function oneWords(pair: SeriesComparison): string {
  return `${seriesWords(pair.series)}: ${comparisonWords(pair)}`;
}

function controlWords(pair: SeriesComparison): string {
  return `control, ${oneWords(pair)}`;
}

function manyWords(pairs: readonly SeriesComparison[]): string {
  const real = pairs.filter(({ verdict }) => verdict === 'real');
  const faster = real.filter(({ changePercent }) => changePercent > 0).length;
  const middle = percentWords(median(pairs.map(({ changePercent }) => changePercent)));
  return `${pairs.length} series, median change ${middle}; really faster ${faster}, really slower ${real.length - faster}`;
}

/** The verdicts alone, for a first line: rates, p and n stand below it. */
export function verdictSentence({ pairs }: BenchmarkComparison): string {
  const pods = pairs.filter(({ series }) => series.path === 'pod');
  const hosts = pairs.filter(({ series }) => series.path === 'host');
  const many = pods.length > MAX_PAIRS_IN_WORDS ? manyWords(pods) : pods.map(verdictWords).join(', ');
  return [...(pods.length === 0 ? [] : [`pod to pod ${many}`]), ...controlVerdict(hosts)].join(' · ');
}

function verdictWords({ series, changePercent, verdict }: SeriesComparison): string {
  return `${streamWords(series.streams)} ${percentWords(changePercent)} (${verdict})`;
}

/** What moved between the hosts moved for reasons that the pod network has nothing to do with. */
function controlVerdict(hosts: readonly SeriesComparison[]): readonly string[] {
  if (hosts.length === 0) return [];
  const real = hosts.filter(({ verdict }) => verdict === 'real');
  if (real.length > 0)
    return [`host to host moved too: ${real.slice(0, MAX_PAIRS_IN_WORDS).map(verdictWords).join(', ')}`];
  const isKnown = hosts.some(({ verdict }) => verdict === 'within noise');
  return [`host to host ${isKnown ? 'within noise' : 'too few to tell'}`];
}
