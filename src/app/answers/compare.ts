import { gunzipSync } from 'node:zlib';
import { Benchmark, seriesWords } from '../../core/benchmark/benchmark.ts';
import {
  type BenchmarkComparison,
  compareBenchmarks,
  comparisonWords,
  verdictSentence,
} from '../../core/benchmark/benchmark-comparison.ts';
import type { BlobStore } from '../../core/ports/ports.ts';
import { type Reply, reply } from '../../core/replies/reply.ts';
import { isResultFile, RESULT_FILE_GZ } from '../../core/run/result-file.ts';
import type { Run } from '../../core/run/run.ts';
import type { Answer } from './answer.ts';
import { namedRun } from './named-run.ts';

/** A result of 1 MiB packed is never this large; a file that claims to be is not read. */
const MAX_RESULT_BYTES = 64 * 1_048_576;
const LINES = 30;

export const compare: Answer = {
  name: 'compare',
  words: [['compare']],
  summary: 'Two benchmarks: what changed, what is noise, and which conditions differ',
  usage: '<run> <run>',
  examples: ['compare run-7f3k2q run-8w2x9d'],
  risk: 'read',
  topic: 'measure',
  deadlineMs: 5_000,
  positionals: ['before', 'after'],
  flags: {},
  async answer(raw, context) {
    const [before, after] = [await namedRun(raw['before'], context), await namedRun(raw['after'], context)];
    if (!before.ok) return before.reply;
    if (!after.ok) return after.reply;
    const { blobs } = context.state;
    const [was, is] = [await benchmarkOf(blobs, before.run), await benchmarkOf(blobs, after.run)];
    if (was === undefined) return without(before.run);
    if (is === undefined) return without(after.run);
    return compared(compareBenchmarks(was, is), before.run.request.run, after.run.request.run);
  },
};

function without({ request, now }: Run): Reply {
  const why = now.state === 'ended' ? 'it measured nothing that is still kept' : 'it has not ended yet';
  const next = [{ label: 'Benchmarks', command: 'history --command iperf' }];
  return reply('warn', `${request.run} cannot be compared: ${why}`, { next });
}

/** A benchmark, or what a change measured after itself. */
async function benchmarkOf(blobs: BlobStore, run: Run): Promise<Benchmark | undefined> {
  const result = run.artifacts.find((artifact) => isResultFile(artifact.name));
  const bytes = result && (await blobs.get(result.key));
  if (result === undefined || bytes === undefined) return undefined;
  const data = asJson(bytes, result.name === RESULT_FILE_GZ);
  const found = [data, inside(inside(data, 'bench'), 'after')].map((each) => Benchmark.safeParse(each));
  return found.find(({ success }) => success)?.data;
}

/** Undefined for what is broken: a result that cannot be read is as good as none. */
function asJson(bytes: Uint8Array, isPacked: boolean): unknown {
  try {
    const plain = isPacked ? gunzipSync(bytes, { maxOutputLength: MAX_RESULT_BYTES }) : bytes;
    return JSON.parse(new TextDecoder().decode(plain));
  } catch {
    return undefined;
  }
}

function inside(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && key in value
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

function compared(comparison: BenchmarkComparison, before: string, after: string): Reply {
  const { pairs, alone, differences } = comparison;
  if (pairs.length === 0)
    return reply('warn', `${before} and ${after} measured nothing alike: other nodes, streams or directions`, {
      lines: alone.slice(0, LINES).map((text) => ({ text })),
    });
  const slower = pairs.filter(
    (pair) => pair.series.path === 'pod' && pair.verdict === 'real' && pair.changePercent < 0,
  );
  const places = [...new Set(pairs.map(({ series: { from, to } }) => `${from} → ${to}`))];
  const isOnePair = places.length === 1;
  const rows = pairs.map((pair) => {
    const { from, to } = pair.series;
    const runs = `n = ${pair.runs[0]} and ${pair.runs[1]}`;
    const where = isOnePair ? '' : `${from} → ${to}, `;
    return { text: `${where}${seriesWords(pair.series)}: ${comparisonWords(pair)}, ${runs}`.slice(0, 600) };
  });
  const unlike = differences.length === 0 ? 'Same conditions' : `Different conditions: ${differences.join('; ')}`;
  return reply(
    slower.length > 0 ? 'warn' : 'ok',
    `${before} → ${after}: ${verdictSentence(comparison)}`.slice(0, 600),
    {
      lines: [
        { text: `${isOnePair ? `${places[0] ?? ''} · ` : ''}${unlike}`.slice(0, 600) },
        ...rows.slice(0, LINES),
        ...(rows.length > LINES ? [{ text: `${rows.length - LINES} more series` }] : []),
        ...alone.slice(0, 4).map((place) => ({ text: `Measured once only: ${place}`.slice(0, 600) })),
      ],
      next: [
        { label: 'First result', command: `show ${before}` },
        { label: 'Second result', command: `show ${after}` },
      ],
    },
  );
}
