import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { benchAfter, benchBefore } from '../../jobs/changing/bench-step.ts';
import type { Step, Switching } from '../../jobs/changing/switching.ts';
import { benchWords } from '../../src/cilium/switch/switch-bench.ts';
import { RunId, UserId } from '../../src/core/ids.ts';
import type { ChangeContext } from '../../src/core/job.ts';
import { silentLog } from '../support/rehearsal-cluster.ts';
import { fastClock } from './fast-clock.ts';
import { openSwitchWorld, type SwitchWorld } from './switch-world.ts';

let world: SwitchWorld;
beforeAll(async () => {
  world = await openSwitchWorld({ speed: 40 }, fastClock(40));
});
afterAll(async () => world.close());

/** One attempt at the change of `run`, as far as its benchmarks look at it. */
function attempt(run: string, more: Partial<ChangeContext> = {}): Switching {
  const signal = AbortSignal.timeout(60_000);
  const probes = { write: world.write, owner: run, namespace: 'cilium-chatops', image: 'probes' };
  const context: ChangeContext = {
    cluster: world.port,
    clock: fastClock(40),
    log: silentLog,
    signal,
    helm: world.helm,
    probes,
    run: RunId.parse(run),
    attempt: 1,
    resumed: false,
    by: UserId.parse('U01DANA'),
    approvedBy: [],
    write: world.write,
    stopWanted: async () => false,
    ...more,
  };
  // The rest of a plan is of no interest to a benchmark.
  const work = {
    bench: { from: 'node1', to: 'node2' },
    release: { namespace: 'kube-system' },
  } as unknown as Switching['work'];
  return {
    context,
    work,
    cluster: 'prod',
    startedMs: 0,
    seen: { touched: false, proven: [], revision: undefined, sinceMs: undefined },
  };
}

/** What it ended with, and what it measured on the way. */
async function ended<End>(step: Step<End>): Promise<{ readonly end: End; readonly measured: number }> {
  let measured = 0;
  for (;;) {
    const next = await step.next();
    if (next.done === true) return { end: next.value, measured };
    if (next.value.type === 'counted') measured += 1;
  }
}

const TURNS = 24;

describe('a worker that is lost between the benchmarks of a change', () => {
  it('has left what it measured before: the next one compares with that, and does not measure a changed cluster again', async () => {
    const first = attempt('run-7f3k2q');
    expect(await ended(benchBefore(first))).toMatchObject({ measured: TURNS });

    const second = attempt('run-7f3k2q', { attempt: 2, resumed: true });
    expect(await ended(benchBefore(second))).toMatchObject({ measured: 0 });
    const { end, measured } = await ended(benchAfter(second));

    expect(measured).toBe(TURNS);
    expect(end?.before).toEqual(first.seen.throughput);
    expect(end?.notes).toEqual([]);
    expect(benchWords(end)).toMatch(/pod to pod, 1 stream: 9.71 → 9.71 Gbit\/s/);
  }, 60_000);

  it('in the middle of measuring before the change leaves nothing: what the cluster was is not known any more', async () => {
    const stop = new AbortController();
    const lost = attempt('run-8w2x9d', { signal: stop.signal });
    const measuring = benchBefore(lost);
    await expect(async () => {
      for await (const progress of measuring) if (progress.type === 'counted') stop.abort(new Error('lost'));
    }).rejects.toThrow();

    const next = attempt('run-8w2x9d', { attempt: 2, resumed: true });
    await ended(benchBefore(next));
    const { end } = await ended(benchAfter(next));

    expect(end?.before).toBeUndefined();
    expect(benchWords(end)).toBe('Throughput cannot be compared: nothing was measured before the change');
  }, 60_000);

  it('before anything was changed is followed by one that measures all of it anew', async () => {
    const again = attempt('run-8w2x9d', { attempt: 2, resumed: false });

    expect(await ended(benchBefore(again))).toMatchObject({ measured: TURNS });
    expect(again.seen.throughput?.series.map(({ samples }) => samples.length)).toEqual([6, 6, 6, 6]);
  }, 60_000);
});

it('what another change measured before itself is not taken for this one’s', async () => {
  await ended(benchBefore(attempt('run-7f3k2q')));
  const other = attempt('run-9zzzzz', { attempt: 2, resumed: true });

  await ended(benchBefore(other));

  expect(other.seen.throughput).toBeUndefined();
}, 60_000);

it('clients that are killed cost the comparison and nothing else, and the report says why', async () => {
  const change = attempt('run-aaaaaa');
  await ended(benchBefore(change));
  await world.fault('benchmark', 'killed');
  try {
    const { end } = await ended(benchAfter(change));

    expect(benchWords(end)).toBe(
      'Throughput cannot be compared: after the change nothing could be measured: iperf3 was killed (exit code 137)',
    );
  } finally {
    await world.fault('benchmark', 'off');
  }
}, 60_000);
