import { lossOf, type PairProbes } from './probe-loss.ts';
import { PROBE_INTERVAL_MS } from './probe-script.ts';

/**
 * How far the log of each probed pair had come at some moment. Times in these logs are those of the nodes: compared
 * with each other within a pair only, never with the clock of the worker, so skewed clocks cannot turn old answers into
 * new ones.
 */
export type Marks = ReadonlyMap<string, number>;

export function marksOf(pairs: readonly PairProbes[]): Marks {
  return new Map(pairs.map((pair) => [keyOf(pair), Math.max(0, ...pair.probes.map(({ atMs }) => atMs))]));
}

/** What came after the marks. A pair without a mark is new and counts from its beginning. */
export function after(marks: Marks, pairs: readonly PairProbes[]): readonly PairProbes[] {
  return pairs.map((pair) => {
    const mark = marks.get(keyOf(pair)) ?? 0;
    return { ...pair, probes: pair.probes.filter(({ atMs }) => atMs > mark) };
  });
}

/** Pairs of `nodes` whose questions have all been lost for `forMs`, since the marks. */
export function deadPairs(
  pairs: readonly PairProbes[],
  marks: Marks,
  nodes: ReadonlySet<string>,
  forMs: number,
): readonly PairProbes[] {
  return after(marks, pairs).filter((pair) => {
    if (!nodes.has(pair.from) || !nodes.has(pair.to) || !marks.has(keyOf(pair))) return false;
    return lossOf(pair).openGapMs >= Math.max(forMs, PROBE_INTERVAL_MS);
  });
}

function keyOf({ from, to }: Pick<PairProbes, 'from' | 'to'>): string {
  return `${from} ${to}`;
}
