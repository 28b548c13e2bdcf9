import { describe, expect, it } from 'vitest';
import { type Benched, benchFindings, benchWords } from '../../src/cilium/switch/switch-bench.ts';
import type { Benchmark, Series } from '../../src/core/benchmark/benchmark.ts';

function side(
  routing: string,
  pods: readonly number[],
  hosts: readonly number[] = [11.5, 11.4, 11.6, 11.5],
): Benchmark {
  const series = (path: Series['path'], rates: readonly number[]): Series => ({
    path,
    from: 'node1',
    to: 'node2',
    streams: 4,
    protocol: 'tcp',
    reverse: false,
    samples: rates.map((rate) => ({ bitsPerSecond: rate * 1e9 })),
    failures: [],
  });
  const all = [series('pod', pods), series('host', hosts)];
  return { schemaVersion: 1, cluster: 'prod', asOf: '2026-11-23T00:00:00Z', conditions: { routing }, series: all };
}

const FAST = [18.34, 16.87, 18.94, 18.32, 17.44, 18.66];
const STEADY = [10, 10.01, 10.02, 10.03, 10.04, 10.05];

function benched(after: readonly number[], hosts?: readonly number[]): Benched {
  return { before: side('VXLAN', FAST), after: side('native routing', after, hosts), notes: [] };
}

describe('a change that made pods slower', () => {
  it('is a warning with the control beside it, and the way back as a button', () => {
    const findings = benchFindings(benched(FAST.map((rate) => rate * 0.7)), 'prod');

    expect(findings).toEqual([
      {
        mark: 'warn',
        text: 'Slower than before: pod to pod, 4 streams, 18.33 → 12.83 Gbit/s (−30 %, real, p = 0.002); host to host ±0 % meanwhile',
        next: { label: 'Roll back', command: 'rollback prod' },
      },
    ]);
  });

  it.each([
    { when: 'by less than 5 %, however real', before: STEADY, after: STEADY.map((rate) => rate * 0.96) },
    { when: 'within noise', after: [18.3, 9, 18.9, 18.3, 17.4, 18.6] },
    { when: 'by too few runs to tell', after: [9, 9, 9] },
    { when: 'not at all', after: FAST },
  ])('$when is none', ({ before = FAST, after }) => {
    expect(
      benchFindings({ before: side('VXLAN', before), after: side('native routing', after), notes: [] }, 'prod'),
    ).toEqual([]);
  });

  it('only between the hosts is none either: the change did not touch them', () => {
    expect(benchFindings(benched(FAST, [5, 5.1, 5.2, 5.3]), 'prod')).toEqual([]);
  });
});

it('a side that is missing says why, and nothing is compared', () => {
  const before = side('VXLAN', FAST);

  expect(benchWords({ before, after: undefined, notes: ['after the change: node1: the node is full'] })).toBe(
    'Throughput cannot be compared: after the change: node1: the node is full',
  );
  expect(benchWords(undefined)).toBe('');
});
