import { median } from '../core/benchmark.ts';
import type { Check } from '../core/check.ts';
import { checkOf, graded, medianWords } from '../core/doctoring.ts';

/** Between typing and the acknowledgement lie a few round trips and a write; Slack waits 3 s in all. */
const SLOW_MS = { warn: 50, fail: 300 };

/** How long `work` takes, in ms. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

export function latencyCheck(id: string, title: string, tookMs: readonly number[]): Check {
  const evidence = `median of ${tookMs.length}: ${medianWords(tookMs)}, slowest ${medianWords([Math.max(...tookMs)])}`;
  const why = 'every command is recorded before it is acknowledged, within the 3 s that Slack waits';
  const fix = 'bring the store nearer to bot and worker, or onto a faster disk';
  const verdict = graded(median(tookMs), SLOW_MS);
  return checkOf(id, title, { verdict, evidence, why, ...(verdict === 'pass' ? {} : { fix }) });
}
