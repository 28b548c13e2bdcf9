import {
  type Benchmark,
  median,
  ratesOf,
  rateWords,
  type Series,
  streamWords,
} from '../../core/benchmark/benchmark.ts';
import { clip } from '../facts/text.ts';

/** What a chart shows, before anybody draws it. Values are bits per second, and every one of them is drawn. */
export type Chart = {
  readonly title: string;
  readonly subtitle: string;
  readonly categories: readonly string[];
  /** One value list per category; empty where nothing was measured. */
  readonly groups: readonly { readonly name: string; readonly values: readonly (readonly number[])[] }[];
  readonly altText: string;
};

/** Categories that a picture can carry side by side. */
const MAX_CATEGORIES = 16;

/** Pod to pod beside host to host. Undefined when there is nothing to draw. */
export function benchChart(benchmark: Benchmark): Chart | undefined {
  const { cluster, conditions, series } = benchmark;
  const routing = conditions['routing'];
  return chartOf(`${cluster}: throughput between nodes${routing === undefined ? '' : `, ${routing}`}`, series, [
    { name: 'Pod to pod', from: series.filter(({ path }) => path === 'pod') },
    { name: 'Host to host', from: series.filter(({ path }) => path === 'host') },
  ]);
}

/** Before beside after, of the pod network, and of the control. */
export function comparisonChart(title: string, before: Benchmark, after: Benchmark): Chart | undefined {
  const of = (all: readonly Series[], path: Series['path']) => all.filter((each) => each.path === path);
  const was = before.conditions['routing'] ?? 'before';
  const is = after.conditions['routing'] ?? 'after';
  const names: readonly [string, string] = was === is ? ['before', 'after'] : [was, is];
  return chartOf(
    title,
    [...before.series, ...after.series],
    [
      { name: `Pod to pod, ${names[0]}`, from: of(before.series, 'pod') },
      { name: `Pod to pod, ${names[1]}`, from: of(after.series, 'pod') },
      { name: `Host to host, ${names[0]}`, from: of(before.series, 'host') },
      { name: `Host to host, ${names[1]}`, from: of(after.series, 'host') },
    ],
  );
}

type Group = { readonly name: string; readonly from: readonly Series[] };

function chartOf(title: string, all: readonly Series[], wanted: readonly Group[]): Chart | undefined {
  const pairs = new Set(all.map(pairOf));
  const nameOf = (series: Series): string =>
    pairs.size === 1 ? streamWords(series.streams) : `${pairOf(series)}\n${streamWords(series.streams)}`;
  const names = [...new Set([...all].sort((left, right) => left.streams - right.streams).map(nameOf))];
  const categories = names.slice(0, MAX_CATEGORIES);
  const groups = wanted
    .map(({ name, from }) => ({
      name,
      values: categories.map((category) => from.filter((each) => nameOf(each) === category).flatMap(ratesOf)),
    }))
    .filter(({ values }) => values.some((each) => each.length > 0));
  if (groups.length === 0) return undefined;
  const only = pairs.size === 1 ? `${[...pairs][0] ?? ''} · ` : '';
  const left = names.length - categories.length;
  const cut = left > 0 ? ` · ${left} more in the table` : '';
  const subtitle = `${only}every dot is a run, the bar is the median, the line the range${cut}`;
  return { title: clip(title, 140), subtitle, categories, groups, altText: altTextOf(title, categories, groups) };
}

function pairOf({ from, to }: Series): string {
  return `${from} → ${to}`;
}

function altTextOf(title: string, categories: readonly string[], groups: Chart['groups']): string {
  const told = categories.flatMap((category, index) =>
    groups.flatMap(({ name, values }) => {
      const rates = values[index] ?? [];
      return rates.length === 0
        ? []
        : [`${name}, ${category}: median ${rateWords(median(rates))} of ${rates.length} runs`];
    }),
  );
  return clip(`Bar chart. ${title}. ${told.join('. ')}`, 1_000);
}
