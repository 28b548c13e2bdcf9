import { readFileSync } from 'node:fs';
import { Resvg } from '@resvg/resvg-js';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { chartSvg, drawChart } from '../../jobs/benchmarking/draw-chart.ts';
import { parseIperf } from '../../src/cilium/iperf/iperf-answer.ts';
import { benchChart, type Chart, comparisonChart } from '../../src/cilium/iperf/iperf-chart.ts';
import type { Benchmark, Series } from '../../src/core/benchmark/benchmark.ts';

const file = new URL('../cilium/fixtures/iperf/bench-clean.json', import.meta.url);
const clean = z
  .record(z.string(), z.record(z.string(), z.array(z.unknown())))
  .parse(JSON.parse(readFileSync(file, 'utf8')));

/** Recorded on a real cluster: six runs each. */
function recorded(mode: 'vxlan' | 'native', routing: string): Benchmark {
  const kinds = [
    { kind: 'p1', path: 'pod', streams: 1 },
    { kind: 'p4', path: 'pod', streams: 4 },
    { kind: 'host', path: 'host', streams: 1 },
  ] as const;
  const series = kinds.map(({ kind, path, streams }): Series => {
    const answers = (clean[mode]?.[kind] ?? []).map((output) => parseIperf(JSON.stringify(output), '', 0));
    const samples = answers.flatMap((answer) => (answer.state === 'measured' ? [answer.sample] : []));
    return { path, from: 'node1', to: 'node2', streams, protocol: 'tcp', reverse: false, samples, failures: [] };
  });
  return { schemaVersion: 1, cluster: 'prod', asOf: '2026-11-23T00:00:00Z', conditions: { routing }, series };
}

const vxlan = recorded('vxlan', 'VXLAN');
const native = recorded('native', 'native routing');

function given(chart: Chart | undefined): Chart {
  if (chart === undefined) throw new Error('there is no chart');
  return chart;
}

describe('chart of a benchmark', () => {
  it('draws every run, a bar to the median from an axis that begins at zero', () => {
    const svg = chartSvg(given(benchChart(vxlan)));

    expect(svg.match(/<circle/g) ?? svg.match(/A4\.5 4\.5/g)).toHaveLength(18);
    expect(svg).toMatch(/>0<\/text>/);
    expect(svg).toContain('>9.70<');
    expect(svg).toContain('>16.68<');
    expect(svg).toContain('Gbit/s');
  });

  it('is a PNG under 1 MiB with text in it, on an opaque ground', async () => {
    const chart = given(comparisonChart('prod: VXLAN and native routing', vxlan, native));

    const png = await drawChart(chart);

    expect([...png.slice(1, 4)]).toEqual([...Buffer.from('PNG')]);
    expect(png.byteLength).toBeLessThan(1_048_576);
    // The band of the title holds nothing but its letters: without a font it would be white.
    expect(darkPixelsOfTitle(png)).toBeGreaterThan(1_000);
  });

  it('tells all numbers without the picture', () => {
    const { altText } = given(comparisonChart('prod: before and after', vxlan, native));

    expect(altText).toContain('Pod to pod, VXLAN, 4 streams: median 16.68 Gbit/s of 6 runs');
    expect(altText).toContain('Pod to pod, native routing, 4 streams: median 18.33 Gbit/s of 6 runs');
    expect(altText.length).toBeLessThanOrEqual(1_000);
  });

  it('there is none where nothing was measured', () => {
    const nothing = { ...vxlan, series: vxlan.series.map((series) => ({ ...series, samples: [] })) };

    expect(benchChart(nothing)).toBeUndefined();
  });
});

/** The renderer is the only decoder at hand: it draws the picture into another one. */
function darkPixelsOfTitle(png: Uint8Array): number {
  const href = `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="1800" height="1080"><image width="1800" height="1080" href="${href}"/></svg>`;
  const { pixels, width } = new Resvg(svg).render();
  const title = pixels.subarray(0, width * 100 * 4);
  const count = (channel: number, test: (value: number) => boolean) =>
    Array.from({ length: title.length / 4 }, (_, at) => title[at * 4 + channel] ?? 0).filter(test).length;
  expect(count(3, (alpha) => alpha !== 255)).toBe(0);
  return count(0, (red) => red < 110);
}
