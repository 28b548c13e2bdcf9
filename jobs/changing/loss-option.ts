import type { CustomSeriesOption } from 'echarts/charts';
import type { EChartsCoreOption } from 'echarts/core';
import type { LossChart } from '../../src/cilium/probe/probe-loss-chart.ts';
import { FAINT, GROUND, INK, LINES } from '../benchmarking/chart-option.ts';
import type { Drawing } from '../benchmarking/draw-chart.ts';

type RenderItem = NonNullable<CustomSeriesOption['renderItem']>;
type Rgb = readonly [number, number, number];

const WIDTH = 900;
/** Of the scale with every pair on it, from the top; the matrix begins below. */
const SCALE = { top: 118, height: 54 };
const MATRIX_TOP = 262;
const ROW = { min: 24, max: 62, all: 480 } as const;
const RIGHT = 40;
const LONGEST_LABEL = 18;

/** Light to dark in one colour as far as the plan had said; beyond that another one, apart in brightness from its end. */
const PALE: Rgb = [225, 235, 252];
const DEEP: Rgb = [33, 88, 190];
const BEYOND = '#f2a33a';
const NOTHING = '#f3f5f8';
const PLANNED = '#dde8fb';

/** A scale of seconds with a dot for every pair and the plan's estimate behind it, and a matrix of the nodes below. */
export function lossDrawing(chart: LossChart): Drawing {
  const names = labelsOf(chart.nodes);
  const row = Math.max(ROW.min, Math.min(ROW.max, ROW.all / names.length));
  const isSlanted = names.length > 8 || names.some((name) => name.length > 10);
  const top = MATRIX_TOP + (isSlanted ? 58 : 0);
  const left = 52 + 9 * Math.max(...names.map((name) => name.length));
  const height = Math.round(top + row * names.length + 28);
  return { width: WIDTH, height, option: optionOf(chart, { names, row, isSlanted, top, left }) };
}

type Layout = {
  readonly names: readonly string[];
  readonly row: number;
  readonly isSlanted: boolean;
  readonly top: number;
  readonly left: number;
};

function optionOf(chart: LossChart, layout: Layout): EChartsCoreOption {
  const { names, row, isSlanted, top, left } = layout;
  const endS = Math.max(1, chart.estimate.max, ...chart.pairs.seconds);
  const isBeyond = chart.pairs.seconds.some((seconds) => seconds > chart.estimate.max);
  const beyond = isBeyond ? '; orange: longer than the plan had said' : '';
  const fontSize = names.length > 12 ? 12 : 15;
  const axis = { data: [...names], axisTick: { show: false }, axisLine: { show: false } };
  return {
    animation: false,
    backgroundColor: GROUND,
    textStyle: { fontFamily: 'Inter', color: INK },
    title: [
      heading(chart.title, { top: 18, fontSize: 22, subtext: chart.subtitle }),
      heading(chart.pairs.words, { top: 84, fontSize: 15 }),
      heading(`Longest loss in seconds: row asks, column answers${beyond}`, { top: 206, fontSize: 15 }),
    ],
    grid: [
      { left: 32, right: RIGHT, top: SCALE.top, height: SCALE.height },
      { left, right: RIGHT, top, height: row * names.length },
    ],
    xAxis: [
      {
        type: 'value',
        min: 0,
        max: Math.ceil(endS * 1.04),
        axisLabel: { fontSize: 13, color: FAINT, formatter: '{value} s', showMaxLabel: false },
        splitLine: { lineStyle: { color: LINES } },
      },
      {
        type: 'category',
        gridIndex: 1,
        position: 'top',
        ...axis,
        axisLabel: { fontSize, color: INK, interval: 0, rotate: isSlanted ? 45 : 0 },
      },
    ],
    yAxis: [
      { type: 'value', min: 0, max: 1, show: false },
      { type: 'category', gridIndex: 1, inverse: true, ...axis, axisLabel: { fontSize, color: INK, interval: 0 } },
    ],
    series: [estimateBand(chart), everyPair(chart), matrix(chart, fontSize)],
  };
}

function heading(text: string, { subtext, ...place }: { top: number; fontSize: number; subtext?: string }) {
  const { top, fontSize } = place;
  return {
    text,
    left: 24,
    top,
    textStyle: { fontFamily: 'Inter', fontWeight: 600, fontSize, color: INK },
    ...(subtext === undefined ? {} : { subtext, subtextStyle: { fontFamily: 'Inter', fontSize: 14, color: FAINT } }),
  };
}

/** Up to the first dot where that tells them apart, and the end of what is too long: numbers stand at the end. */
function labelsOf(nodes: readonly string[]): readonly string[] {
  const firsts = nodes.map((node) => node.split('.')[0] ?? node);
  const names = new Set(firsts).size === nodes.length ? firsts : nodes;
  return names.map((name) => (name.length <= LONGEST_LABEL ? name : `…${name.slice(1 - LONGEST_LABEL)}`));
}

/** What the plan had said: a band where every dot should lie, or to the left of. */
function estimateBand({ estimate }: LossChart): CustomSeriesOption {
  const renderItem: RenderItem = (_params, api) => {
    const [x = 0, y = 0] = api.coord([estimate.min, 1]);
    const [right = 0, bottom = 0] = api.coord([estimate.max, 0]);
    const text = `the plan: ${estimate.words}`;
    return {
      type: 'group',
      children: [
        { type: 'rect', shape: { x, y, width: right - x, height: bottom - y }, style: { fill: PLANNED } },
        {
          type: 'line',
          shape: { x1: right, y1: y - 6, x2: right, y2: bottom },
          style: { stroke: INK, lineWidth: 1.5 },
        },
        {
          type: 'text',
          style: { text, x: right, y: y - 10, align: 'right', verticalAlign: 'bottom', fill: INK, fontSize: 13 },
        },
      ],
    };
  };
  return { type: 'custom', data: estimate.max > 0 ? [[estimate.min, 0]] : [], renderItem, clip: false, silent: true };
}

function everyPair({ pairs: { seconds: all }, estimate }: LossChart): CustomSeriesOption {
  const renderItem: RenderItem = ({ dataIndex }, api) => {
    const [cx = 0, cy = 0] = api.coord([api.value(0), api.value(1)]);
    const fill = Number(api.value(0)) > estimate.max ? BEYOND : `rgb(${DEEP.join(',')})`;
    const radius = all.length > 60 ? 3 : 5;
    const style = { fill, opacity: all.length > 60 ? 0.6 : 0.9, stroke: GROUND, lineWidth: 0.75 };
    return { type: 'circle', shape: { cx, cy, r: radius }, style, z2: dataIndex };
  };
  // The same place for the same pair each time: dots of equal loss lie beside each other, not on each other.
  return { type: 'custom', data: all.map((seconds, at) => [seconds, 0.14 + 0.72 * ((at * 0.618) % 1)]), renderItem };
}

function matrix({ nodes, cells, estimate }: LossChart, fontSize: number): CustomSeriesOption {
  const asked = new Map(cells.map((cell) => [`${cell.from} ${cell.to}`, cell.seconds]));
  const places = nodes.flatMap((_, from) => nodes.map((__, to) => ({ from, to, seconds: asked.get(`${from} ${to}`) })));
  const renderItem: RenderItem = ({ dataIndex }, api) => {
    const place = places[dataIndex];
    if (place === undefined) return { type: 'group', children: [] };
    const [x = 0, y = 0] = api.coord([place.to, place.from]);
    const size = api.size?.([1, 1]) ?? 0;
    const [width = 0, height = 0] = Array.isArray(size) ? size : [size, size];
    const shape = { x: x - width / 2 + 1, y: y - height / 2 + 1, width: width - 2, height: height - 2, r: 3 };
    if (place.seconds === undefined) return { type: 'rect', shape, style: emptyStyle(place) };
    const { fill, ink } = coloursOf(place.seconds, estimate.max);
    const text = place.seconds === 0 ? '0' : place.seconds.toFixed(1);
    const label = {
      text,
      x,
      y,
      align: 'center',
      verticalAlign: 'middle',
      fill: ink,
      fontSize,
      fontWeight: 600,
    } as const;
    return {
      type: 'group',
      children: [
        { type: 'rect', shape, style: { fill } },
        { type: 'text', style: { ...label, fontFamily: 'Inter' } },
      ],
    };
  };
  const data = places.map(({ from, to }) => [to, from]);
  return { type: 'custom', xAxisIndex: 1, yAxisIndex: 1, data, renderItem, silent: true };
}

/** A node with itself is no pair; two that did not ask each other are left open. */
function emptyStyle({ from, to }: { readonly from: number; readonly to: number }) {
  return from === to ? { fill: LINES } : { fill: GROUND, stroke: LINES, lineWidth: 1 };
}

function coloursOf(seconds: number, plannedS: number): { readonly fill: string; readonly ink: string } {
  if (seconds === 0) return { fill: NOTHING, ink: FAINT };
  if (seconds > plannedS) return { fill: BEYOND, ink: INK };
  const share = seconds / plannedS;
  const mixed = PALE.map((from, channel) => Math.round(from + (DEEP[channel] ?? from) * share - from * share));
  return { fill: `rgb(${mixed.join(',')})`, ink: share > 0.6 ? GROUND : INK };
}
