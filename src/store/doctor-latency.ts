import { median } from '../core/benchmark/benchmark.ts';
import { checkOf, graded, medianWords } from '../core/doctoring.ts';
import type { Check } from '../core/run/check.ts';

/** Between typing and the acknowledgement lie a few round trips and a write; Slack waits 3 s in all. */
const SLOW_MS = { warn: 50, fail: 300 };

/**
 * How long each of `times` goes takes, in ms. One that failed counts for as long as it took to fail: a busy machine
 * misses an answer now and then. @throws what the first goes threw, when two in a row did at the beginning
 */
export async function timedEach(times: number, work: () => Promise<unknown>): Promise<readonly number[]> {
  const tookMs: number[] = [];
  let answered = 0;
  for (let gone = 0; gone < times; gone += 1) {
    const began = performance.now();
    try {
      await work();
      answered += 1;
    } catch (thrown) {
      if (answered === 0 && gone > 0) throw thrown;
    }
    tookMs.push(performance.now() - began);
  }
  return tookMs;
}

export function latencyCheck(id: string, title: string, tookMs: readonly number[]): Check {
  const evidence = `median of ${tookMs.length}: ${medianWords(tookMs)}, slowest ${medianWords([Math.max(...tookMs)])}`;
  const why = 'every command is recorded before it is acknowledged, within the 3 s that Slack waits';
  const fix = 'bring the store nearer to bot and worker, or onto a faster disk';
  const verdict = graded(median(tookMs), SLOW_MS);
  return checkOf(id, title, { verdict, evidence, why, ...(verdict === 'pass' ? {} : { fix }) });
}
