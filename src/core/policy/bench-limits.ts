import { z } from 'zod';

/** `benchmarks` of the policy: what a benchmark may take at most. */
export const BenchLimits = z
  .strictObject({
    secondsPerRun: z.number().int().min(1).max(300).default(30),
    runs: z.number().int().min(1).max(20).default(20),
    streams: z.number().int().min(1).max(128).default(16),
    /** Of `--all-pairs`. */
    nodes: z.number().int().min(2).max(100).default(20),
    minutes: z.number().int().min(1).max(240).default(60),
    udpMbit: z.number().int().min(1).max(1_000_000).default(1_000),
  })
  .readonly();
export type BenchLimits = z.infer<typeof BenchLimits>;
