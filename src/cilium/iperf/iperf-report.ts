import {
  type Benchmark,
  median,
  ratesOf,
  rateWords,
  type Series,
  seriesWords,
  streamWords,
} from '../../core/benchmark/benchmark.ts';
import type { Finding, Report, Section, Table } from '../../core/run/report.ts';
import { clip, listed } from '../facts/text.ts';

export type BenchEnd = {
  readonly benchmark: Benchmark;
  readonly notes: readonly string[];
  /** Why these nodes. */
  readonly chosen: string;
  /** The command that measures the same again. */
  readonly again: string;
};

/** The host-to-host series of the same pair, streams and direction. */
export function controlOf(series: Series, all: readonly Series[]): Series | undefined {
  return all.find(
    (each) =>
      each.path === 'host' &&
      each.from === series.from &&
      each.to === series.to &&
      each.streams === series.streams &&
      each.samples.length > 0,
  );
}

/** Rate of the pods in percent of the wire: what host to host reached on the same two nodes. */
function wirePercent(series: Series, all: readonly Series[]): number | undefined {
  const control = controlOf(series, all);
  if (control === undefined || series.path === 'host' || series.samples.length === 0) return undefined;
  return (median(ratesOf(series)) / median(ratesOf(control))) * 100;
}

export function benchReport(end: BenchEnd): Report {
  const { benchmark, again } = end;
  const findings = findingsOf(end);
  return {
    mark: findings.length === 0 ? 'ok' : 'warn',
    headline: clip(headlineOf(benchmark), 150),
    facts: factsOf(end),
    findings,
    table: tableOf(benchmark.series),
    sections: sectionsOf(benchmark),
    next: [
      { label: 'Measure again', command: again },
      { label: 'Earlier benchmarks', command: `history ${benchmark.cluster} --command iperf` },
    ],
    asOf: benchmark.asOf,
  };
}

/** The middle of all pairs: with one pair, its median. */
function middle(all: readonly Series[], streams: number): { readonly rate: number; readonly wire: number | undefined } {
  const pods = all.filter((each) => each.path === 'pod' && each.streams === streams && each.samples.length > 0);
  const wires = pods.flatMap((each) => wirePercent(each, all) ?? []);
  return {
    rate: median(pods.map((each) => median(ratesOf(each)))),
    wire: wires.length === 0 ? undefined : median(wires),
  };
}

function headlineOf({ cluster, series, conditions }: Benchmark): string {
  const pairs = pairsOf(series);
  const where = pairs.length === 1 ? (pairs[0] ?? '') : `median of ${pairs.length} pairs`;
  const rates = streamsOf(series).map((streams) => {
    const { rate, wire } = middle(series, streams);
    const of = wire === undefined ? '' : `, ${Math.round(wire)} % of host to host`;
    return `${streamWords(streams)} ${rateWords(rate)}${of}`;
  });
  const routing = conditions['routing'] === undefined ? '' : ` on ${conditions['routing']}`;
  return `${cluster}${routing}: ${rates.join(' · ')} (${where})`;
}

function factsOf({ benchmark, chosen }: BenchEnd): string[] {
  const { series, conditions } = benchmark;
  const pairs = pairsOf(series);
  const mtus = [...new Set(series.filter(({ path }) => path === 'pod').flatMap(({ pathMtu }) => pathMtu ?? []))];
  const runs = Math.max(...series.map(({ samples, failures }) => samples.length + failures.length), 0);
  const mtu = mtus.length === 0 ? [] : [`path MTU ${mtus.sort((a, b) => a - b).join(' and ')}`];
  const known = Object.entries(conditions).map(([name, value]) => (value.includes(name) ? value : `${name} ${value}`));
  return [
    clip(`${listed(pairs, 2)} (${chosen}) · ${runs} ${runs === 1 ? 'run' : 'runs'} each, interleaved`, 400),
    clip([...known, ...mtu].join(' · '), 400),
  ];
}

function findingsOf({ benchmark, notes }: BenchEnd): Finding[] {
  const failed = benchmark.series.filter(({ failures }) => failures.length > 0);
  const broken = failed.map(({ failures, samples, ...place }) => ({
    mark: samples.length === 0 ? ('fail' as const) : ('warn' as const),
    text: clip(
      `${place.from} → ${place.to}, ${seriesWords(place)}: ${failures.length} of ${failures.length + samples.length} runs failed: ${listed([...new Set(failures)], 2)}`,
      600,
    ),
  }));
  const remarks = notes.map((text) => ({ mark: 'warn' as const, text: clip(text, 600) }));
  const few = benchmark.series.some(({ samples }) => samples.length > 0 && samples.length < 4);
  const tooFew = few
    ? [{ mark: 'warn' as const, text: 'Fewer than 4 runs: no comparison can tell a real difference from noise' }]
    : [];
  return [...broken, ...remarks, ...tooFew].slice(0, 8);
}

const MAX_ROWS = 24;

function tableOf(all: readonly Series[]): Table {
  const many = pairsOf(all).length > 1;
  const rows = [...all].sort(byPlace).map((each) => rowOf(each, all, many));
  return {
    columns: ['Measured', 'Median', 'Range', 'Of the wire', all[0]?.protocol === 'udp' ? 'Lost' : 'Retransmits', 'CPU'],
    rows: rows.slice(0, MAX_ROWS),
  };
}

function byPlace(left: Series, right: Series): number {
  return (
    left.streams - right.streams ||
    right.path.localeCompare(left.path) ||
    `${left.from} ${left.to}`.localeCompare(`${right.from} ${right.to}`, 'en', { numeric: true })
  );
}

function rowOf(series: Series, all: readonly Series[], many: boolean): string[] {
  const { samples } = series;
  const name = many ? `${series.from} → ${series.to}, ${seriesWords(series)}` : seriesWords(series);
  if (samples.length === 0) return [name, 'failed', '', '', '', ''];
  const rates = ratesOf(series);
  const wire = wirePercent(series, all);
  const number = (values: readonly (number | undefined)[]) => median(values.flatMap((value) => value ?? []));
  const lost =
    series.protocol === 'udp'
      ? `${number(samples.map(({ lostPercent }) => lostPercent)).toFixed(2)} %`
      : String(Math.round(number(samples.map(({ retransmits }) => retransmits ?? 0))));
  return [
    name,
    rateWords(median(rates)),
    rangeWords(rates),
    wire === undefined ? 'control' : `${Math.round(wire)} %`,
    lost,
    cpuWords(number(samples.map(({ cpuSender }) => cpuSender)), number(samples.map(({ cpuReceiver }) => cpuReceiver))),
  ];
}

/** `9.11–10.05`, in the unit of the median beside it. */
function rangeWords(rates: readonly number[]): string {
  const unit = rateWords(median(rates)).endsWith('Gbit/s') ? 1e9 : 1e6;
  return [Math.min(...rates), Math.max(...rates)].map((rate) => (rate / unit).toFixed(2)).join('–');
}

/** Of one core, as iperf3 counts it: sender, then receiver. */
function cpuWords(sender: number, receiver: number): string {
  if (Number.isNaN(sender) || Number.isNaN(receiver)) return 'not told';
  return `${Math.round(sender)} % → ${Math.round(receiver)} %`;
}

function sectionsOf({ series }: Benchmark): Section[] {
  const many = pairsOf(series).length > 1;
  const every: Section = {
    title: 'Every run',
    lines: [...series]
      .sort(byPlace)
      .slice(0, 100)
      .map((each) => {
        const rates = ratesOf(each).map((rate) => (rate / 1e9).toFixed(2));
        const where = many ? `${each.from} → ${each.to}, ` : '';
        return clip(`${where}${seriesWords(each)}: ${rates.join(' · ') || 'none'} Gbit/s`, 800);
      }),
  };
  const left = series.length - MAX_ROWS;
  return left > 0 ? [{ ...every, title: `Every run (${left} series are not in the table above)` }] : [every];
}

function pairsOf(all: readonly Series[]): readonly string[] {
  return [...new Set(all.map(({ from, to }) => `${from} → ${to}`))];
}

function streamsOf(all: readonly Series[]): readonly number[] {
  return [...new Set(all.map(({ streams }) => streams))].sort((left, right) => left - right);
}
