import { gzipSync } from 'node:zlib';
import { benchChart } from '../../src/cilium/iperf/iperf-chart.ts';
import type { Artifact } from '../../src/core/job.ts';
import type { Log } from '../../src/core/ports/ports.ts';
import type { Measured } from './measure.ts';

const MAX_BYTES = 1_048_576;

/** The chart and the answers of iperf3 as they came. A picture that cannot be drawn is no reason to lose the numbers. */
export async function filesOf({ benchmark, raw }: Pick<Measured, 'benchmark' | 'raw'>, log: Log): Promise<Artifact[]> {
  const files: Artifact[] = [];
  const chart = benchChart(benchmark);
  if (chart !== undefined) {
    try {
      // Loaded here: nobody but a worker at the end of a benchmark needs the renderer.
      const { drawChart } = await import('./draw-chart.ts');
      const bytes = await drawChart(chart);
      files.push({ name: 'iperf.png', title: chart.title, mimetype: 'image/png', bytes, altText: chart.altText });
    } catch (thrown: unknown) {
      log.error({ err: thrown }, 'the chart could not be drawn');
    }
  }
  const json = rawFile(raw);
  if (json !== undefined) files.push(json);
  else log.warn({ runs: raw.length }, 'raw answers are too large to be kept');
  return files;
}

function rawFile(raw: Measured['raw']): Artifact | undefined {
  const runs = raw.map(({ stdout, ...place }) => ({ ...place, answer: parsed(stdout) }));
  const bytes = new TextEncoder().encode(JSON.stringify(runs));
  const title = 'iperf3’s own answers (JSON)';
  if (bytes.byteLength <= MAX_BYTES) return { name: 'iperf3.json', title, mimetype: 'application/json', bytes };
  const small = new Uint8Array(gzipSync(bytes));
  if (small.byteLength > MAX_BYTES) return undefined;
  return { name: 'iperf3.json.gz', title: `${title}, gzip`, mimetype: 'application/gzip', bytes: small };
}

/** What is no JSON is kept as text. */
function parsed(stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    return stdout;
  }
}
