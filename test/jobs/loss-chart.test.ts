import { describe, expect, it } from 'vitest';
import { toPng, toSvg } from '../../jobs/benchmarking/draw-chart.ts';
import { lossDrawing } from '../../jobs/changing/loss-option.ts';
import type { PairLoss } from '../../src/cilium/probe/probe-loss.ts';
import { type LossChart, lossChart } from '../../src/cilium/probe/probe-loss-chart.ts';

const TITLE = 'prod: loss between nodes, VXLAN to native routing';
const PLANNED = { min: 12, max: 30 } as const;

function pair(from: string, to: string, seconds: number): PairLoss {
  const gap = { longestGapMs: seconds * 1_000, longestFromMs: undefined, openGapMs: 0 };
  return { from, to, asked: 60, lost: Math.ceil(seconds), ...gap, masqueraded: 0, seenAs: [] };
}

/** As seen on a real cluster of three nodes, two of which were restarted at once. */
const SEEN = [
  pair('node1', 'node2', 16.4),
  pair('node2', 'node1', 15.4),
  pair('node1', 'node3', 7.9),
  pair('node3', 'node1', 8.9),
  pair('node2', 'node3', 0),
  pair('node3', 'node2', 0),
];

function charted(losses: readonly PairLoss[], estimateS = PLANNED as { min: number; max: number }): LossChart {
  const chart = lossChart({ title: TITLE, losses, estimateS });
  if (chart === undefined) throw new Error('there is no chart');
  return chart;
}

/** `count` nodes in a ring, each of which asks four others; the loss grows with the number of the node that asks. */
function ring(count: number): readonly PairLoss[] {
  return Array.from({ length: count }, (_, at) =>
    [1, 2, 5, 11].map((step) => pair(`node${at + 1}`, `node${((at + step) % count) + 1}`, at / 10)),
  ).flat();
}

describe('losses as a picture', () => {
  it('has a cell for every pair and says what was planned', () => {
    const chart = charted(SEEN);

    expect(chart.nodes).toEqual(['node1', 'node2', 'node3']);
    expect(chart.cells).toHaveLength(6);
    expect(chart.cells).toContainEqual({ from: 0, to: 1, seconds: 16.4 });
    expect(chart.subtitle).toBe('4 of 6 pairs lost something · the plan said 12–30 s');
    expect(chart.altText).toContain('Longest loss of node1 to node2 16.4 s, node2 to node1 15.4 s');
  });

  it('there is none when nothing was lost, or nobody asked', () => {
    const quiet = SEEN.map(({ from, to }) => pair(from, to, 0));

    expect(lossChart({ title: TITLE, losses: quiet, estimateS: PLANNED })).toBeUndefined();
    expect(lossChart({ title: TITLE, losses: [], estimateS: PLANNED })).toBeUndefined();
  });

  it('of many nodes it shows the twenty worst, and every pair on the scale', () => {
    const chart = charted(ring(60));

    expect(chart.nodes).toHaveLength(20);
    expect(chart.nodes).toContain('node60');
    expect(chart.nodes).not.toContain('node30');
    expect(chart.pairs).toMatchObject({ words: 'Every pair', seconds: { length: 240 } });
    expect(chart.subtitle).toContain('the 20 worst of 60 nodes as a matrix');
    expect(chart.altText.length).toBeLessThanOrEqual(1_000);
  });

  it('of 5,000 nodes the scale shows one pair in twenty, the longest among them', () => {
    const { pairs } = charted(ring(5_000));

    expect(pairs.seconds.length).toBeLessThanOrEqual(1_000);
    expect(pairs.seconds[0]).toBe(499.9);
    expect(pairs.words).toBe('Every 20th pair, by length');
  });
});

describe('the picture of losses', () => {
  it('writes seconds into the cells and marks what the plan had said', () => {
    const svg = toSvg(lossDrawing(charted(SEEN)));

    for (const text of ['16.4', '15.4', '7.9', '8.9', 'the plan: 12–30 s', 'Every pair'])
      expect(svg).toContain(`>${text}</text>`);
    expect(svg.match(/>node[123]<\/text>/g)).toHaveLength(6);
    expect(svg).not.toContain('longer than the plan');
  });

  it('says which pairs took longer than that, in words too', () => {
    const svg = toSvg(lossDrawing(charted([...SEEN, pair('node1', 'node4', 30.1)])));

    expect(svg).toContain('orange: longer than the plan had said');
  });

  it('is drawn where the plan had expected no loss at all', () => {
    expect(toSvg(lossDrawing(charted(SEEN, { min: 0, max: 0 })))).not.toContain('the plan:');
  });

  it('is a PNG under 1 MiB with twenty nodes of long names', async () => {
    const long = ring(60).map((each) => ({
      ...each,
      from: `${each.from}.eu-west-1.compute.internal`,
      to: `${each.to}.eu-west-1.compute.internal`,
    }));

    const png = await toPng(lossDrawing(charted(long)));

    expect([...png.slice(1, 4)]).toEqual([...Buffer.from('PNG')]);
    expect(png.byteLength).toBeLessThan(1_048_576);
  });
});
