import { describe, expect, it } from 'vitest';
import { execute } from '../../src/app/execute/execute.ts';
import type { ExecuteDeps } from '../../src/app/execute/executing.ts';
import { record } from '../../src/app/record.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { RunId } from '../../src/core/ids.ts';
import type { Job, JobRun } from '../../src/core/job.ts';
import type { Log, Processed } from '../../src/core/ports/ports.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import { fakeCluster } from '../support/fake-cluster.ts';
import { accepted, aJob, aWorld, eventsOf, fine, lee, replied, runOf, type World } from './world.ts';

type Started = { readonly world: World; readonly id: RunId; readonly deps: ExecuteDeps };

async function aRequest(job: Job = aJob()): Promise<Started> {
  const world = aWorld({ jobs: [job] });
  const id = await accepted(world, 'status');
  return { world, id, deps: { ...world, openCluster: async () => fakeCluster(), worker: 'host/1' } };
}

const never = new AbortController().signal;

async function outcomeOf({ world, id }: Started): Promise<unknown> {
  const { now } = await runOf(world, id);
  return now.state === 'ended' ? now.outcome : now.state;
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

/** A job that waits until it is told to stop, or released. */
function aWaitingJob(more: { readonly deaf?: boolean; readonly deadlineMs?: number } = {}) {
  let began = (): void => undefined;
  let release = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    began = resolve;
  });
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const seen = { cleanedUp: false };
  async function* run(_: unknown, { signal }: { readonly signal: AbortSignal }): JobRun {
    yield { type: 'step-started', step: 'wait', title: 'Wait for it' };
    try {
      began();
      await (more.deaf ? released : Promise.race([rejectOn(signal), released]));
      yield { type: 'step-ended', step: 'wait', result: 'ok' };
    } finally {
      seen.cleanedUp = true;
    }
    return { outcome: fine, data: null };
  }
  return { job: aJob({ run, ...(more.deadlineMs ? { deadlineMs: more.deadlineMs } : {}) }), begun, release, seen };
}

describe('an attempt', () => {
  it('goes from request to end, with the result kept beside the events', async () => {
    const started = await aRequest();

    expect(await execute(started.deps, started.id, never)).toEqual({ type: 'done' });

    expect(await eventsOf(started.world, started.id)).toEqual(['requested', 'started', 'artifact', 'ended']);
    expect(await outcomeOf(started)).toEqual(fine);
    const bytes = await started.world.state.blobs.get(`${started.id}/result.json`);
    expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual({ answer: 42 });
  });

  it('has its run, cluster, command and number in every line about it, the lines of the job too', async () => {
    async function* run(_: unknown, { log }: { readonly log: Log }): JobRun {
      yield* [];
      log.info({ pods: 3 }, 'looking');
      throw new Error('the job broke');
    }
    const { deps, id, world } = await aRequest(aJob({ run }));
    const before = world.log.lines.length;

    await execute(deps, id, never);

    const said = world.log.lines.slice(before);
    expect(said.map(({ message }) => message)).toEqual(['looking', 'job did not finish']);
    for (const line of said)
      expect(line).toMatchObject({ fields: { run: id, cluster: 'prod', command: 'status', attempt: 1 } });
    expect(said[0]).toMatchObject({ fields: { pods: 3 } });
  });

  it('does nothing to a run that has ended', async () => {
    const { deps, id, world } = await aRequest();
    await execute(deps, id, never);
    const before = await eventsOf(world, id);

    expect(await execute(deps, id, never)).toEqual({ type: 'done' });

    expect(await eventsOf(world, id)).toEqual(before);
  });

  it('does nothing to a run that was removed', async () => {
    const { deps, world } = await aRequest();
    const id = await accepted(world, 'status');
    await world.state.runs.prune(new Date('2030-01-01'), 100);

    expect(await execute(deps, id, never)).toEqual({ type: 'done' });
  });

  it('keeps artifacts under the run, and says so', async () => {
    const bytes = new TextEncoder().encode('a\n-b');
    async function* run(): JobRun {
      yield { type: 'made', artifact: { name: 'x.diff', title: 'Difference', mimetype: 'text/plain', bytes } };
      return { outcome: fine, data: undefined };
    }
    const { deps, id, world } = await aRequest(aJob({ run }));

    await execute(deps, id, never);

    const { artifacts } = await runOf(world, id);
    expect(artifacts.map(({ name, sizeBytes, key }) => ({ name, sizeBytes, key }))).toEqual([
      { name: 'x.diff', sizeBytes: 4, key: `${id}/x.diff` },
      { name: 'result.json', sizeBytes: 4, key: `${id}/result.json` },
    ]);
    expect(await world.state.blobs.get(`${id}/x.diff`)).toEqual(bytes);
  });

  it('packs a result that would not fit', async () => {
    const data = { nodes: Array.from({ length: 60_000 }, (_, at) => ({ name: `node-${at}`, mode: 'tunnel' })) };
    async function* run(): JobRun {
      yield* [];
      return { outcome: fine, data };
    }
    const { deps, id, world } = await aRequest(aJob({ run }));

    await execute(deps, id, never);

    const [artifact] = (await runOf(world, id)).artifacts;
    expect(artifact?.name).toBe('result.json.gz');
    expect(artifact?.sizeBytes).toBeLessThan(1_048_576);
  });
});

describe('progress', () => {
  type Counting = { readonly last?: number; readonly ends?: boolean };

  async function countsOf(
    total: number,
    everyMs: number,
    { last = total, ends = true }: Counting = {},
  ): Promise<readonly number[]> {
    let world: World | undefined;
    async function* run(): JobRun {
      yield { type: 'step-started', step: 'ask', title: 'Ask' };
      for (let done = 1; done <= last; done += 1) {
        world?.clock.advance(everyMs);
        yield { type: 'counted', step: 'ask', done, total };
      }
      if (ends) yield { type: 'step-ended', step: 'ask', result: 'ok' };
      return { outcome: fine, data: null };
    }
    const started = await aRequest(aJob({ run }));
    world = started.world;
    await execute(started.deps, started.id, never);
    const events = await started.world.state.runs.read(started.id, 0);
    return events.flatMap((event) => (event.type === 'counted' ? [event.done] : []));
  }

  it('is written at most every 500 ms, and always at the end', async () => {
    expect(await countsOf(10, 100)).toEqual([1, 6, 10]);
    expect(await countsOf(10, 100, { ends: false })).toEqual([1, 6, 10]);
  });

  it('is written each time when it comes slowly', async () => {
    expect(await countsOf(4, 500)).toEqual([1, 2, 3, 4]);
  });

  it('does not flood: 5,000 agents in a second are three events', async () => {
    expect(await countsOf(5_000, 0.2)).toHaveLength(3);
  });

  it('says how far a step came that ends before its count does', async () => {
    expect(await countsOf(100, 10, { last: 42 })).toEqual([1, 42]);
  });

  it('goes on when the thread cannot be told', async () => {
    const started = await aRequest();
    started.world.queues.break(new OpsError('QueueUnavailable', 'down'));

    await execute(started.deps, started.id, never);

    expect(await outcomeOf(started)).toEqual(fine);
  });
});

describe('a job that fails', () => {
  const failing = (thrown: unknown): Job =>
    aJob({
      async *run() {
        yield { type: 'step-started', step: 'a', title: 'A' };
        throw thrown;
      },
    });

  it('with a reason ends the run with it', async () => {
    const error = new OpsError('Forbidden', 'may not list pods', { nextStep: 'apply the ClusterRole' });
    const started = await aRequest(failing(error));

    expect(await execute(started.deps, started.id, never)).toEqual({ type: 'done' });

    expect(await outcomeOf(started)).toEqual({
      type: 'failed',
      code: 'Forbidden',
      message: 'may not list pods',
      nextStep: 'apply the ClusterRole',
    });
    expect((await runOf(started.world, started.id)).steps[0]?.state).toBe('interrupted');
  });

  it.each([new TypeError('secret detail'), 'secret detail', new Error('secret detail')])(
    'in a way nobody foresaw says nothing of itself',
    async (thrown) => {
      const started = await aRequest(failing(thrown));

      await execute(started.deps, started.id, never);

      expect(await outcomeOf(started)).toMatchObject({ type: 'failed', code: 'Bug' });
      expect(JSON.stringify(await outcomeOf(started))).not.toContain('secret');
    },
  );

  it('because the cluster cannot be opened ends the run as well', async () => {
    const started = await aRequest();
    const error = new OpsError('ClusterUnreachable', 'prod does not answer');

    await execute({ ...started.deps, openCluster: () => Promise.reject(error) }, started.id, never);

    expect(await outcomeOf(started)).toMatchObject({ type: 'failed', code: 'ClusterUnreachable' });
  });

  it('with a report that nobody could read back ends as failed, not as an unreadable run', async () => {
    const job = aJob({
      async *run() {
        yield* [];
        if (fine.type !== 'succeeded') throw new Error('unreachable');
        return { outcome: { ...fine, report: { ...fine.report, headline: 'x'.repeat(1_000) } }, data: null };
      },
    });
    const started = await aRequest(job);

    await execute(started.deps, started.id, never);

    expect(await outcomeOf(started)).toMatchObject({ type: 'failed', code: 'Bug' });
  });

  it('because the store is away is tried again as a whole', async () => {
    const started = await aRequest(failing(new OpsError('StoreUnavailable', 'down')));

    await expect(execute(started.deps, started.id, never)).rejects.toMatchObject({ code: 'StoreUnavailable' });

    expect(await outcomeOf(started)).toBe('running');
  });

  it('that this worker does not know says who is older', async () => {
    const started = await aRequest();

    await execute({ ...started.deps, jobs: [] }, started.id, never);

    expect(await outcomeOf(started)).toMatchObject({
      type: 'failed',
      message: 'this worker does not know the command "status"',
    });
  });
});

describe('a lost worker', () => {
  it('is replaced, and the run tells of it', async () => {
    const started = await aRequest();
    await lose(started, 1);

    await execute({ ...started.deps, worker: 'host/2' }, started.id, never);

    const run = await runOf(started.world, started.id);
    expect(run).toMatchObject({ attempt: 2, losses: [{ attempt: 1, worker: 'lost/1' }], now: { state: 'ended' } });
  });

  it('is not replaced for ever: after three the run is given up', async () => {
    const started = await aRequest();
    for (const attempt of [1, 2, 3]) await lose(started, attempt);

    await execute(started.deps, started.id, never);

    expect(await outcomeOf(started)).toMatchObject({
      type: 'failed',
      message: '3 workers were lost while they ran it',
    });
  });

  it('that handed back was not lost: any number of restarts does not fail a run', async () => {
    const started = await aRequest();
    for (const attempt of [1, 2, 3, 4]) {
      await lose(started, attempt);
      await add(started, { type: 'handed-back', at: at(started), attempt, why: 'the worker was shut down' });
    }

    await execute(started.deps, started.id, never);

    expect(await outcomeOf(started)).toEqual(fine);
  });

  it('that comes back writes nothing more: its attempt was replaced', async () => {
    const waiting = aWaitingJob();
    const started = await aRequest(waiting.job);
    const first = execute(started.deps, started.id, never);
    await waiting.begun;
    await lose(started, 2);
    const before = await eventsOf(started.world, started.id);

    waiting.release();

    expect(await first).toEqual({ type: 'done' });
    expect(await eventsOf(started.world, started.id)).toEqual(before);
    expect(waiting.seen.cleanedUp).toBe(true);
  });

  it('and another begin at the same moment: one of them works, the other lets go', async () => {
    const started = await aRequest();

    const both = await Promise.all([1, 2].map(() => execute(started.deps, started.id, never)));

    expect(both).toEqual([{ type: 'done' }, { type: 'done' }]);
    const events = await eventsOf(started.world, started.id);
    expect(events.filter((type) => type === 'ended')).toHaveLength(1);
  });
});

describe('a run that is stopped', () => {
  async function stopped(
    reason: unknown,
  ): Promise<Started & { readonly processed: Processed; readonly cleanedUp: boolean }> {
    const waiting = aWaitingJob();
    const started = await aRequest(waiting.job);
    const abort = new AbortController();
    const working = execute(started.deps, started.id, abort.signal);
    await waiting.begun;
    if (reason && typeof reason === 'object' && 'type' in reason && reason.type === 'person')
      await replied(started.world, `cancel ${started.id}`, { by: lee });
    abort.abort(reason);
    return { ...started, processed: await working, cleanedUp: waiting.seen.cleanedUp };
  }

  it('before it began never begins', async () => {
    const started = await aRequest();
    await replied(started.world, `cancel ${started.id}`, { by: lee });

    await execute(started.deps, started.id, never);

    expect(await eventsOf(started.world, started.id)).toEqual(['requested', 'cancel-requested', 'ended']);
    expect(await outcomeOf(started)).toEqual({ type: 'cancelled', by: lee });
  });

  it('and whose canceller died half-way is ended by the worker', async () => {
    const started = await aRequest();
    await add(started, { type: 'cancel-requested', at: at(started), by: lee });

    await execute(started.deps, started.id, never);

    expect(await outcomeOf(started)).toEqual({ type: 'cancelled', by: lee });
  });

  it('by a person while it runs ends as cancelled by that person', async () => {
    const started = await stopped({ type: 'person' });

    expect(started.processed).toEqual({ type: 'done' });
    expect(started.cleanedUp).toBe(true);
    expect(started.world.queues.cancelled).toEqual([started.id]);
    expect(await outcomeOf(started)).toEqual({ type: 'cancelled', by: lee });
  });

  it('by a person stops at its next event when the message to the worker was missed', async () => {
    const waiting = aWaitingJob();
    const started = await aRequest(waiting.job);
    const working = execute(started.deps, started.id, never);
    await waiting.begun;
    await replied(started.world, `cancel ${started.id}`, { by: lee });

    waiting.release();

    await working;
    expect(waiting.seen.cleanedUp).toBe(true);
    expect(await outcomeOf(started)).toEqual({ type: 'cancelled', by: lee });
  });

  it('by a shutdown is handed back to the queue', async () => {
    const started = await stopped({ type: 'shutdown' });

    expect(started.processed).toEqual({ type: 'returned' });
    const run = await runOf(started.world, started.id);
    expect(run.now.state).toBe('queued');
    expect(run.losses).toMatchObject([{ attempt: 1, why: 'the worker was shut down' }]);
  });

  it.each([{ type: 'lock-lost' }, new Error('anything else'), undefined])(
    'because its lock was lost (%s) writes nothing',
    async (reason) => {
      const started = await stopped(reason);

      expect(started.processed).toEqual({ type: 'done' });
      expect(await outcomeOf(started)).toBe('running');
    },
  );

  it('at its deadline says so, and what it was busy with', async () => {
    const waiting = aWaitingJob({ deadlineMs: 20 });
    const started = await aRequest(waiting.job);

    expect(await execute(started.deps, started.id, never)).toEqual({ type: 'done' });

    expect(await outcomeOf(started)).toEqual({ type: 'timed-out', afterMs: 20, lastStep: 'Wait for it' });
  });

  it('and does not listen is left behind after a grace', async () => {
    const waiting = aWaitingJob({ deaf: true, deadlineMs: 20 });
    const started = await aRequest(waiting.job);
    const working = execute(started.deps, started.id, never);
    await waiting.begun;
    let over = false;
    const ended = working.then(() => {
      over = true;
    });

    const later = (): boolean => {
      started.world.clock.advance(1_000);
      return over;
    };
    await expect.poll(later, { interval: 10 }).toBe(true);

    await ended;
    expect(await outcomeOf(started)).toMatchObject({ type: 'timed-out' });
    // What it says afterwards is not heard.
    const before = await eventsOf(started.world, started.id);
    waiting.release();
    await expect.poll(() => waiting.seen.cleanedUp).toBe(true);
    expect(await eventsOf(started.world, started.id)).toEqual(before);
  });
});

function at({ world }: Started): string {
  return world.clock.now().toISOString();
}

async function add(started: Started, event: RunEvent): Promise<void> {
  const recorded = await record(started.world.state.runs, started.id, event);
  expect(recorded.ok).toBe(true);
}

async function lose(started: Started, attempt: number): Promise<void> {
  await add(started, { type: 'started', at: at(started), attempt, worker: `lost/${attempt}` });
}
