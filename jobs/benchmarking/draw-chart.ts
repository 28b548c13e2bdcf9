import { fileURLToPath } from 'node:url';
import { renderAsync } from '@resvg/resvg-js';
import { CustomChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Chart } from '../../src/cilium/iperf/iperf-chart.ts';
import { chartOption } from './chart-option.ts';

use([CustomChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

/** Small, so that its letters are large where Slack shows it 400 pixels wide. */
const WIDTH = 900;
const HEIGHT = 540;
/** Sharp on a phone's screen. */
const SCALE = 2;

/** resvg reads TTF only; without a font it draws no text, and says nothing. */
const FONTS = ['Inter_400Regular.ttf', 'Inter_600SemiBold.ttf'].map((name) =>
  fileURLToPath(new URL(`./fonts/${name}`, import.meta.url)),
);

/** What echarts is to draw, and how large. */
export type Drawing = { readonly option: EChartsCoreOption; readonly width: number; readonly height: number };

/** A PNG of 1,800 × 1,080 pixels on an opaque ground of its own, readable in light and dark. Takes 100 ms. */
export function drawChart(chart: Chart): Promise<Uint8Array> {
  return toPng(drawingOf(chart));
}

export function chartSvg(chart: Chart): string {
  return toSvg(drawingOf(chart));
}

function drawingOf(chart: Chart): Drawing {
  return { option: chartOption(chart), width: WIDTH, height: HEIGHT };
}

export async function toPng(drawing: Drawing): Promise<Uint8Array> {
  const image = await renderAsync(toSvg(drawing), {
    fitTo: { mode: 'zoom', value: SCALE },
    font: { fontFiles: FONTS, loadSystemFonts: false, defaultFontFamily: 'Inter' },
  });
  return new Uint8Array(image.asPng());
}

export function toSvg({ option, width, height }: Drawing): string {
  const drawing = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    drawing.setOption(option);
    return drawing.renderToSVGString();
  } finally {
    drawing.dispose();
  }
}
