import type { CustomSeriesOption } from 'echarts/charts';
import type { EChartsCoreOption } from 'echarts/core';
import type { Chart } from '../../src/cilium/iperf/iperf-chart.ts';
import { median } from '../../src/core/benchmark/benchmark.ts';

type RenderItem = NonNullable<CustomSeriesOption['renderItem']>;
type Pen = Parameters<RenderItem>[1];
type Shape = { readonly type: string; readonly [key: string]: unknown };

export const INK = '#1d2530';
export const FAINT = '#5b6672';
export const LINES = '#e3e7ec';
export const GROUND = '#ffffff';
/** Apart in brightness too: readable without colours. */
const TWO = ['#2f6fde', '#a3adba'] as const;
const FOUR = ['#e0912f', '#2f6fde', '#efd3ab', '#b3c9f0'] as const;
const BAND_SHARE = 0.72;
const MAX_BAR = 110;
const DOT_RADIUS = 4.5;

/** Bars from zero to the median, a line from the slowest to the fastest run, and every run as a dot. */
export function chartOption({ title, subtitle, categories, groups }: Chart): EChartsCoreOption {
  const colours = groups.length <= 2 ? TWO : FOUR;
  const unit = unitOf(groups.flatMap(({ values }) => values.flat()));
  return {
    animation: false,
    backgroundColor: GROUND,
    textStyle: { fontFamily: 'Inter', color: INK },
    title: {
      text: title,
      subtext: subtitle,
      left: 24,
      top: 18,
      textStyle: { fontFamily: 'Inter', fontWeight: 600, fontSize: 22, color: INK },
      subtextStyle: { fontFamily: 'Inter', fontSize: 14, color: FAINT },
    },
    legend: { right: 24, top: 84, itemWidth: 16, itemHeight: 12, textStyle: { fontSize: 14, color: INK } },
    grid: { left: 84, right: 32, top: 128, bottom: categories.some((name) => name.includes('\n')) ? 78 : 54 },
    xAxis: {
      type: 'category',
      data: [...categories],
      axisTick: { show: false },
      axisLine: { lineStyle: { color: FAINT } },
      axisLabel: { fontSize: categories.length > 8 ? 11 : 15, color: INK, interval: 0, lineHeight: 18 },
    },
    yAxis: {
      type: 'value',
      min: 0,
      name: unit.name,
      nameTextStyle: { fontSize: 14, color: FAINT, align: 'right' },
      axisLabel: { fontSize: 14, color: FAINT },
      splitLine: { lineStyle: { color: LINES } },
    },
    series: groups.map((group, index) => ({
      type: 'custom',
      name: group.name,
      color: colours[index % colours.length] ?? INK,
      itemStyle: { color: colours[index % colours.length] ?? INK },
      clip: false,
      // The axis finds its end by the second dimension: the fastest run.
      data: group.values.map((values, category) => [category, Math.max(0, ...values) / unit.size]),
      renderItem: renderGroup(
        { index, of: groups.length, colour: colours[index % colours.length] ?? INK },
        group.values.map((values) => values.map((value) => value / unit.size)),
      ),
    })),
  };
}

function unitOf(values: readonly number[]): { readonly name: string; readonly size: number } {
  return Math.max(0, ...values) >= 1e9 ? { name: 'Gbit/s', size: 1e9 } : { name: 'Mbit/s', size: 1e6 };
}

type Place = { readonly index: number; readonly of: number; readonly colour: string };

function renderGroup(place: Place, all: readonly (readonly number[])[]): RenderItem {
  return (_params, api) => {
    const category = Number(api.value(0));
    const values = all[category] ?? [];
    if (values.length === 0) return { type: 'group', children: [] };
    return { type: 'group', children: shapesOf(place, values, { api, category }) } as ReturnType<RenderItem>;
  };
}

type Canvas = { readonly api: Pen; readonly category: number };

function shapesOf({ index, of, colour }: Place, values: readonly number[], { api, category }: Canvas): Shape[] {
  const size = api.size?.([1, 0]);
  const band = (Array.isArray(size) ? (size[0] ?? 0) : (size ?? 0)) * BAND_SHARE;
  const width = Math.min(MAX_BAR, band / of);
  const [centre = 0] = api.coord([category, 0]);
  const middle = centre + (index - (of - 1) / 2) * width;
  const y = (value: number): number => api.coord([category, value])[1] ?? 0;
  const half = width * 0.42;
  const top = y(median(values));
  const [slowest, fastest] = [y(Math.min(...values)), y(Math.max(...values))];
  return [
    {
      type: 'rect',
      shape: { x: middle - half, y: top, width: half * 2, height: y(0) - top, r: [3, 3, 0, 0] },
      style: { fill: colour },
    },
    line(middle, slowest, middle, fastest),
    line(middle - half / 3, slowest, middle + half / 3, slowest),
    line(middle - half / 3, fastest, middle + half / 3, fastest),
    ...values.map((value, run) => dot(middle + spread(run, values.length) * half, y(value), colour)),
    {
      type: 'text',
      style: {
        text: median(values).toFixed(2),
        x: middle,
        y: Math.min(fastest, top) - 12,
        align: 'center',
        verticalAlign: 'bottom',
        fill: INK,
        fontFamily: 'Inter',
        fontWeight: 600,
        fontSize: width < 46 ? 11 : 16,
      },
    },
  ];
}

/** Runs side by side in the order they were taken, so that dots of equal rate do not hide each other. */
function spread(run: number, of: number): number {
  return of === 1 ? 0 : (run / (of - 1) - 0.5) * 1.2;
}

function line(x1: number, y1: number, x2: number, y2: number): Shape {
  return { type: 'line', shape: { x1, y1, x2, y2 }, style: { stroke: INK, lineWidth: 1.5 } };
}

function dot(cx: number, cy: number, colour: string): Shape {
  return {
    type: 'circle',
    shape: { cx, cy, r: DOT_RADIUS },
    style: { fill: GROUND, stroke: INK, lineWidth: 1.5, shadowColor: colour },
  };
}
