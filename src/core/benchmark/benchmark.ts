import { z } from 'zod';

/** What a benchmark leaves behind: kept as the run's result, compared with others, drawn. All rates are bits per second. */
export const Sample = z
  .object({
    bitsPerSecond: z.number(),
    /** TCP only. */
    retransmits: z.number().optional(),
    /** UDP only. */
    lostPercent: z.number().optional(),
    jitterMs: z.number().optional(),
    /** Of one core, of the iperf3 process at each end. */
    cpuSender: z.number().optional(),
    cpuReceiver: z.number().optional(),
  })
  .readonly();
export type Sample = z.infer<typeof Sample>;

export const Series = z
  .object({
    /** pod: through the pod network. host: between the nodes themselves, the control. */
    path: z.enum(['pod', 'host']),
    from: z.string(),
    to: z.string(),
    streams: z.number().int(),
    protocol: z.enum(['tcp', 'udp']),
    /** The server sends. */
    reverse: z.boolean(),
    /** Path MTU as the sender's socket saw it. */
    pathMtu: z.number().optional(),
    samples: z.array(Sample).readonly(),
    /** Why runs have no sample. */
    failures: z.array(z.string()).readonly(),
  })
  .readonly();
export type Series = z.infer<typeof Series>;

export const Benchmark = z
  .object({
    schemaVersion: z.literal(1),
    cluster: z.string(),
    asOf: z.string(),
    /** What numbers depend on, in words: routing mode, encryption, kernel, versions, seconds per run. */
    conditions: z.record(z.string(), z.string()).readonly(),
    series: z.array(Series).readonly(),
  })
  .readonly();
export type Benchmark = z.infer<typeof Benchmark>;

export function ratesOf({ samples }: Pick<Series, 'samples'>): readonly number[] {
  return samples.map(({ bitsPerSecond }) => bitsPerSecond);
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const half = sorted.length / 2;
  const upper = sorted[Math.floor(half)] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? Number.NaN)) / 2;
}

/** `pod to pod, 4 streams`. */
export function seriesWords({ path, streams, protocol, reverse }: Omit<Series, 'samples' | 'failures'>): string {
  const ends = path === 'pod' ? 'pod to pod' : 'host to host';
  const how = `${protocol === 'udp' ? ', UDP' : ''}${reverse ? ', reverse' : ''}`;
  return `${ends}, ${streamWords(streams)}${how}`;
}

export function streamWords(streams: number): string {
  return streams === 1 ? '1 stream' : `${streams} streams`;
}

/** `9.71 Gbit/s`, `412 Mbit/s`. */
export function rateWords(bitsPerSecond: number): string {
  if (Number.isNaN(bitsPerSecond)) return 'nothing measured';
  if (bitsPerSecond >= 1e9) return `${(bitsPerSecond / 1e9).toFixed(2)} Gbit/s`;
  return `${(bitsPerSecond / 1e6).toFixed(bitsPerSecond < 1e7 ? 1 : 0)} Mbit/s`;
}
