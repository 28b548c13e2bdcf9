import { describe, expect, it } from 'vitest';
import type { PairProbes } from '../../src/cilium/probe/probe-loss.ts';
import { after, deadPairs, marksOf } from '../../src/cilium/probe/probe-marks.ts';

/** `.` an answer, `x` none: one a second from `startMs` on. */
function pair(from: string, to: string, answers: string, startMs = 0): PairProbes {
  const probes = [...answers].map((each, index) => ({
    atMs: startMs + index * 1_000,
    target: to,
    client: each === 'x' ? undefined : '10.0.1.7',
  }));
  return { from, to, clientAddress: '10.0.1.7', probes };
}

const BOTH = new Set(['node1', 'node2']);

describe('marks in the logs of probes', () => {
  it('let only what came later count, by the clock of the log itself', () => {
    const early = pair('node1', 'node2', 'xxx', 5_000_000);
    const marks = marksOf([early]);

    const [later] = after(marks, [pair('node1', 'node2', 'xxx..', 5_000_000)]);

    expect(later?.probes.map(({ atMs }) => atMs)).toEqual([5_003_000, 5_004_000]);
  });

  it.each([
    { when: 'both switched and silent since', answers: `..${'x'.repeat(31)}`, nodes: BOTH, want: 1 },
    { when: 'silent, not yet long enough', answers: `..${'x'.repeat(20)}`, nodes: BOTH, want: 0 },
    { when: 'silent before, and heard again', answers: `..${'x'.repeat(31)}.`, nodes: BOTH, want: 0 },
    { when: 'one of them is not switched', answers: `..${'x'.repeat(31)}`, nodes: new Set(['node1']), want: 0 },
  ])('tell dead pairs: $when', ({ answers, nodes, want }) => {
    const marks = marksOf([pair('node1', 'node2', '..')]);

    expect(deadPairs([pair('node1', 'node2', answers)], marks, nodes, 30_000)).toHaveLength(want);
  });

  it('do not count silence from before both were switched', () => {
    const marks = marksOf([pair('node1', 'node2', 'x'.repeat(40))]);

    expect(deadPairs([pair('node1', 'node2', 'x'.repeat(50))], marks, BOTH, 30_000)).toHaveLength(0);
  });
});
