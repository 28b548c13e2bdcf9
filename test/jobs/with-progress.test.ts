import { describe, expect, it } from 'vitest';
import { type Tell, withProgress } from '../../jobs/reading/with-progress.ts';
import type { Progress } from '../../src/core/job.ts';

const counted = (done: number): Progress => ({ type: 'counted', step: 'agents', done, total: 9 });

async function drain<Value>(work: (tell: Tell) => Promise<Value>) {
  const told: Progress[] = [];
  const run = withProgress(work);
  for (;;) {
    const next = await run.next();
    if (next.done) return { told, value: next.value };
    told.push(next.value);
  }
}

describe('progress of parallel work', () => {
  it('yields what was told, in order, and then the result', async () => {
    const started: Progress = { type: 'step-started', step: 'agents', title: 'Ask' };

    const { told, value } = await drain(async (tell) => {
      tell(started);
      await Promise.resolve();
      tell(counted(1));
      return 7;
    });

    expect(told).toEqual([started, counted(1)]);
    expect(value).toBe(7);
  });

  it('keeps only the newest count while nobody listens', async () => {
    const { told } = await drain(async (tell) => {
      for (let done = 1; done <= 9; done++) tell(counted(done));
    });

    expect(told).toEqual([counted(9)]);
  });

  it('rejects as the work does, after what was told before', async () => {
    const run = withProgress(async (tell) => {
      tell(counted(1));
      throw new Error('cluster gone');
    });

    await expect(run.next()).resolves.toEqual({ done: false, value: counted(1) });
    await expect(run.next()).rejects.toThrow('cluster gone');
  });
});
