import { type Benchmark, seriesWords } from '../../core/benchmark/benchmark.ts';
import {
  compareBenchmarks,
  comparisonSentence,
  comparisonWords,
  percentWords,
} from '../../core/benchmark/benchmark-comparison.ts';
import type { Finding, Section } from '../../core/run/report.ts';
import { clip } from '../facts/text.ts';

/** Throughput around a switch. A side that could not be measured says why. */
export type Benched = {
  readonly before: Benchmark | undefined;
  readonly after: Benchmark | undefined;
  readonly notes: readonly string[];
};

/** A loss that is real and larger than this is worth a question. */
const REGRESSION_PERCENT = 5;

function comparisonOf({ before, after }: Benched) {
  return before === undefined || after === undefined ? undefined : compareBenchmarks(before, after);
}

/** One line; empty when nothing was asked for. */
export function benchWords(bench: Benched | undefined): string {
  if (bench === undefined) return '';
  const comparison = comparisonOf(bench);
  if (comparison !== undefined && comparison.pairs.length > 0) return clip(comparisonSentence(comparison), 400);
  return clip(`Throughput cannot be compared: ${bench.notes.join('; ') || 'nothing alike was measured'}`, 400);
}

/** Really slower through the pod network, while the control between the hosts is told beside it. */
export function benchFindings(bench: Benched | undefined, cluster: string): Finding[] {
  const pairs = (bench && comparisonOf(bench)?.pairs) ?? [];
  const slower = pairs.filter(
    ({ series, verdict, changePercent }) =>
      series.path === 'pod' && verdict === 'real' && changePercent <= -REGRESSION_PERCENT,
  );
  const control = pairs.find(({ series }) => series.path === 'host');
  const drift = control === undefined ? '' : `; host to host ${percentWords(control.changePercent)} meanwhile`;
  return slower.map((pair, at) => ({
    mark: 'warn',
    text: clip(`Slower than before: ${seriesWords(pair.series)}, ${comparisonWords(pair)}${drift}`, 600),
    // One way back, however much of it is slower.
    ...(at === 0 ? { next: { label: 'Roll back', command: `rollback ${cluster}` } } : {}),
  }));
}

export function benchSection(bench: Benched | undefined): Section[] {
  if (bench === undefined) return [];
  const comparison = comparisonOf(bench);
  const rows = comparison?.pairs.map((pair) => `${seriesWords(pair.series)}: ${comparisonWords(pair)}`) ?? [];
  const unlike = comparison?.differences.map((each) => `Different: ${each}`) ?? [];
  const lines = [...rows, ...unlike, ...bench.notes].map((line) => clip(line, 800));
  return [{ title: 'Throughput before and after', lines: lines.slice(0, 100) }];
}
