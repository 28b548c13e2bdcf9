import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Benchmark, median, rateWords, type Series } from '../../src/core/benchmark/benchmark.ts';
import {
  compareBenchmarks,
  compareRates,
  comparisonSentence,
  comparisonWords,
  verdictSentence,
} from '../../src/core/benchmark/benchmark-comparison.ts';
import { mannWhitneyP } from '../../src/core/benchmark/mann-whitney.ts';

const VXLAN = { one: [9.49, 9.14, 9.11, 9.95, 9.92, 10.05], four: [16.07, 16.21, 14.46, 17.14, 17.69, 17.95] };
const NATIVE = { one: [9.93, 9.36, 10.26, 10.19, 9.9, 10.34], four: [18.34, 16.87, 18.94, 18.32, 17.44, 18.66] };

describe('exact Mann-Whitney', () => {
  it.each([
    { when: 'recorded, one stream', left: VXLAN.one, right: NATIVE.one, want: 0.18 },
    { when: 'recorded, four streams', left: VXLAN.four, right: NATIVE.four, want: 0.041 },
    { when: 'three against three, quite apart', left: [1, 2, 3], right: [4, 5, 6], want: 0.1 },
    { when: 'four against four, quite apart', left: [1, 2, 3, 4], right: [5, 6, 7, 8], want: 2 / 70 },
    { when: 'the same on both sides', left: [5, 5, 5], right: [5, 5, 5], want: 1 },
    { when: 'ties that count', left: [1, 1, 2, 2], right: [2, 3, 3, 3], want: 6 / 70 },
    { when: 'nothing on one side', left: [], right: [1], want: 1 },
  ])('$when', ({ left, right, want }) => expect(mannWhitneyP(left, right)).toBeCloseTo(want, 2));

  it('is what enumerating every way of dealing gives, ties or not', () => {
    const side = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(side, side, (left, right) => {
        expect(mannWhitneyP(left, right)).toBeCloseTo(byEnumeration(left, right), 10);
        expect(mannWhitneyP(right, left)).toBeCloseTo(mannWhitneyP(left, right), 10);
      }),
    );
  });
});

/** U from its definition: pairs won, half for ties. */
function byEnumeration(left: readonly number[], right: readonly number[]): number {
  const all = [...left, ...right];
  const distance = (chosen: readonly number[]): number => {
    const mine = chosen.map((index) => all[index] ?? 0);
    const others = all.filter((_, index) => !chosen.includes(index));
    const u = mine.flatMap((a) => others.map((b) => (Math.sign(a - b) + 1) / 2)).reduce((x, y) => x + y, 0);
    return Math.abs(u - (mine.length * others.length) / 2);
  };
  const observed = distance(left.map((_, index) => index));
  const every = choices(all.length, left.length).map(distance);
  return every.filter((each) => each >= observed - 1e-9).length / every.length;
}

function choices(of: number, size: number, from = 0): number[][] {
  if (size === 0) return [[]];
  return Array.from({ length: of - from }, (_, index) => from + index).flatMap((first) =>
    choices(of, size - 1, first + 1).map((rest) => [first, ...rest]),
  );
}

describe('comparing rates', () => {
  it('one stream is within noise, four streams are really faster: the recorded cluster', () => {
    const gbit = (values: readonly number[]) => values.map((value) => value * 1e9);

    const one = compareRates(gbit(VXLAN.one), gbit(NATIVE.one));
    const four = compareRates(gbit(VXLAN.four), gbit(NATIVE.four));

    expect(one.verdict).toBe('within noise');
    expect(four.verdict).toBe('real');
    expect(comparisonWords(four)).toBe('16.68 → 18.33 Gbit/s (+10 %, real, p = 0.041)');
  });

  it('fewer than four runs a side are too few, however far apart', () => {
    expect(compareRates([1, 1, 1], [9, 9, 9, 9, 9]).verdict).toBe('too few to tell');
    expect(compareRates([1, 1.1, 1.2, 1.3], [9, 9.1, 9.2, 9.3]).verdict).toBe('real');
  });

  it.each([
    { values: [3, 1, 2], want: 2 },
    { values: [4, 1, 2, 3], want: 2.5 },
    { values: [7], want: 7 },
  ])('the median of $values is $want', ({ values, want }) => expect(median(values)).toBe(want));

  it.each([
    { rate: 9.705e9, want: '9.71 Gbit/s' },
    { rate: 412e6, want: '412 Mbit/s' },
    { rate: 1.25e6, want: '1.3 Mbit/s' },
    { rate: Number.NaN, want: 'nothing measured' },
  ])('$rate reads $want', ({ rate, want }) => expect(rateWords(rate)).toBe(want));
});

function series(more: Partial<Series>, rates: readonly number[]): Series {
  const samples = rates.map((rate) => ({ bitsPerSecond: rate * 1e9 }));
  const plain = { path: 'pod', from: 'node1', to: 'node2', streams: 1, protocol: 'tcp', reverse: false } as const;
  return { ...plain, samples, failures: [], ...more };
}

function benchmark(routing: string, all: readonly Series[], more: Partial<Benchmark> = {}): Benchmark {
  const conditions = { routing, kernel: '6.18' };
  return { schemaVersion: 1, cluster: 'prod', asOf: '2026-11-23T00:00:00Z', conditions, series: all, ...more };
}

describe('comparing benchmarks', () => {
  const before = benchmark('VXLAN', [
    series({}, VXLAN.one),
    series({ streams: 4 }, VXLAN.four),
    series({ path: 'host' }, [12, 11, 11.5, 11.8]),
  ]);
  const after = benchmark('native', [
    series({}, NATIVE.one),
    series({ streams: 4 }, NATIVE.four),
    series({ path: 'host' }, [11.9, 11.1, 11.6, 11.7]),
    series({ to: 'node3' }, [9]),
  ]);

  it('compares like with like, names what stands alone and every condition that differs', () => {
    const compared = compareBenchmarks(before, after);

    expect(compared.pairs.map(({ verdict }) => verdict)).toEqual(['within noise', 'real', 'within noise']);
    expect(compared.alone).toEqual(['node1 → node3, pod to pod, 1 stream']);
    expect(compared.differences).toEqual(['routing: VXLAN, then native']);
  });

  it('says it in one sentence with the control', () => {
    expect(comparisonSentence(compareBenchmarks(before, after))).toBe(
      'pod to pod, 1 stream: 9.71 → 10.06 Gbit/s (+4 %, within noise, p = 0.18)' +
        ' · pod to pod, 4 streams: 16.68 → 18.33 Gbit/s (+10 %, real, p = 0.041)' +
        ' · control, host to host, 1 stream: 11.65 → 11.65 Gbit/s (±0 %, within noise, p = 1.00)',
    );
  });

  it('its first line has the verdicts, and says when the control moved too', () => {
    const moved = { ...after, series: [...after.series.slice(0, 2), series({ path: 'host' }, [9, 9.1, 9.2, 9.3])] };
    const few = { ...after, series: [series({}, NATIVE.one), series({ path: 'host' }, [11, 12])] };
    const pods = 'pod to pod 1 stream +4 % (within noise), 4 streams +10 % (real)';

    expect(verdictSentence(compareBenchmarks(before, after))).toBe(`${pods} · host to host within noise`);
    expect(verdictSentence(compareBenchmarks(before, moved))).toBe(
      `${pods} · host to host moved too: 1 stream −21 % (real)`,
    );
    expect(verdictSentence(compareBenchmarks(before, few))).toBe(
      'pod to pod 1 stream +4 % (within noise) · host to host too few to tell',
    );
  });

  it('a series without a single sample is not compared', () => {
    const nothing = benchmark('native', [series({}, []), series({ streams: 4 }, NATIVE.four)]);

    const compared = compareBenchmarks(before, nothing);

    expect(compared.pairs).toHaveLength(1);
    expect(compared.alone).toContain('node1 → node2, pod to pod, 1 stream');
  });

  it('another cluster is a difference too', () => {
    const elsewhere = benchmark('VXLAN', before.series, { cluster: 'dev' });

    expect(compareBenchmarks(before, elsewhere).differences).toEqual(['cluster: prod, then dev']);
  });
});
