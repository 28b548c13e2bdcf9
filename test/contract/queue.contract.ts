import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ClusterName, type RunId } from '../../src/core/ids.ts';
import { ScheduleName } from '../../src/core/policy/schedule.ts';
import type { Consumers, Lane, Processed } from '../../src/core/ports/ports.ts';
import { createConsumers } from '../../src/queue/consumers.ts';
import { createQueues, type OpenQueues } from '../../src/queue/queues.ts';
import { type OpenState, openState } from '../../src/store/open-state.ts';
import { type BundledProgram, bundledProgram } from '../support/bundled-program.ts';
import { aRunId, silentLog } from '../support/run-events.ts';

export type QueueServer = {
  readonly url: string;
  readonly stop: () => Promise<void>;
  /** Kills the server and starts it again with the same data, where that can be done. */
  readonly outage?: (whileDown: () => Promise<void>) => Promise<void>;
};

const TIMING = { lockMs: 1_000, stalledCheckMs: 500 };
const SOON = { timeout: 10_000, interval: 10 };
const DONE: Processed = { type: 'done' };

/** What the queue promises on every backend. Each "process" has connections of its own, as separate processes have. */
export function queueContract(name: string, start: () => Promise<QueueServer>): void {
  describe(`queue: ${name}`, () => {
    let server: QueueServer;
    let program: BundledProgram;
    const closers: (() => Promise<unknown>)[] = [];

    beforeAll(async () => {
      [server, program] = await Promise.all([start(), bundledProgram('support/consumer-process.ts')]);
    });
    afterEach(async () => {
      for (const close of closers.splice(0).reverse()) await close();
    });
    afterAll(async () => {
      await server.stop();
      await program.remove();
    });

    const open = async (): Promise<OpenState> => {
      const opened = await openState({ url: server.url, dataDir: '', log: silentLog });
      closers.push(opened.close);
      return opened;
    };
    const world: World = {
      queues: async () => {
        const queues = await createQueues((await open()).queueConnection, { log: silentLog });
        closers.push(queues.close);
        return queues;
      },
      consumers: async () => {
        const consumers = await createConsumers((await open()).queueConnection, { log: silentLog, timing: TIMING });
        closers.push(() => consumers.close(1_000));
        return consumers;
      },
      killLater: (child) => {
        closers.push(async () => {
          if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
        });
      },
      server: () => server,
      program: () => program.path,
    };
    delivery(world);
    rendering(world);
    counting(world);
    reminding(world);
    ticking(world);
    exclusion(world);
    cancelling(world);
    closing(world);
    losses(world);
  });
}

type World = {
  readonly queues: () => Promise<OpenQueues>;
  readonly consumers: () => Promise<Consumers>;
  readonly killLater: (child: ChildProcess) => void;
  readonly server: () => QueueServer;
  /** A consumer of its own, to be killed. */
  readonly program: () => string;
};

let count = 0;
function aLane(type: 'read' | 'change'): Lane & { readonly cluster: ClusterName } {
  count += 1;
  return { type, cluster: ClusterName.parse(`c${process.pid}-${count}`) };
}

function delivery({ queues, consumers }: World): void {
  it('delivers a run once, however often it was added before', async () => {
    const [lane, run, seen] = [aLane('read'), aRunId(), [] as RunId[]];
    const queue = await queues();
    for (let times = 0; times < 3; times++) await queue.add(lane, run);
    expect(await queue.depth(lane)).toMatchObject({ waiting: 1, active: 0 });

    await (await consumers()).consume(lane, 5, async (each) => {
      seen.push(each);
      return DONE;
    });

    await expect.poll(() => seen, SOON).toEqual([run]);
    await expect.poll(() => queue.depth(lane), SOON).toEqual({ waiting: 0, active: 0 });
  });

  it('delivers a run again that is added again after it was done', async () => {
    const [lane, run] = [aLane('change'), aRunId()];
    let times = 0;
    const queue = await queues();
    await (await consumers()).consume(lane, 1, async () => {
      times += 1;
      return DONE;
    });
    for (const wanted of [1, 2, 3]) {
      await queue.add(lane, run);
      await expect.poll(() => times, SOON).toBe(wanted);
      await expect.poll(() => queue.depth(lane), SOON).toEqual({ waiting: 0, active: 0 });
    }
  });

  it('works on several runs of a cluster at once', async () => {
    const lane = aLane('read');
    let running = 0;
    const queue = await queues();
    await (await consumers()).consume(lane, 3, async (_, signal) => {
      running += 1;
      await aborted(signal);
      return { type: 'returned' };
    });

    for (const run of [aRunId(), aRunId(), aRunId()]) await queue.add(lane, run);

    await expect.poll(() => running, SOON).toBe(3);
  });

  it('delivers nothing more to whoever released the lane; what was under way ends first', async () => {
    const [lane, first, second, seen] = [aLane('read'), aRunId(), aRunId(), [] as RunId[]];
    const queue = await queues();
    let open: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const consuming = await (await consumers()).consume(lane, 1, async (each) => {
      seen.push(each);
      await gate;
      return DONE;
    });
    await queue.add(lane, first);
    await expect.poll(() => seen, SOON).toEqual([first]);

    const released = consuming.release();
    await queue.add(lane, second);
    open?.();
    await released;

    expect(await queue.depth(lane)).toMatchObject({ waiting: 1, active: 0 });
    expect(seen).toEqual([first]);
  });

  it('tries again after a processor threw, and uses nothing up', async () => {
    const [lane, run] = [aLane('read'), aRunId()];
    let times = 0;
    await (await consumers()).consume(lane, 1, async () => {
      times += 1;
      if (times < 3) throw new Error('the store is away');
      return DONE;
    });
    const queue = await queues();

    await queue.add(lane, run);

    await expect.poll(() => times, SOON).toBe(3);
    await expect.poll(() => queue.depth(lane), SOON).toEqual({ waiting: 0, active: 0 });
  });
}

/** A renderer that shows versions of runs, each run at most once in `spacingMs`, as somebody who watches Slack sees it. */
function reminding(world: World): void {
  it('brings a reminder back at its time and not before, once however often it was asked for', async () => {
    const [queue, run, seen] = [await world.queues(), aRunId(), [] as number[]];
    const at = new Date(Date.now() + 400);
    for (let times = 0; times < 3; times++) await queue.remind(run, at, 'a1b2c3d4-1');
    await queue.remind(run, new Date(Date.now() - 1_000), 'a1b2c3d4-2');

    await (await world.consumers()).consume({ type: 'deadline' }, 2, async (each) => {
      if (each === run) seen.push(Date.now());
      return DONE;
    });

    await expect.poll(() => seen.length, SOON).toBe(2);
    expect(seen[0]).toBeLessThan(seen[1] ?? 0);
    expect(seen[1]).toBeGreaterThanOrEqual(at.getTime() - 20);
  });
}

function aRenderer(spacingMs: number) {
  const wanted = new Map<RunId, number>();
  const shown = new Map<RunId, number>();
  const edits = new Map<RunId, number[]>();
  const render = async (run: RunId): Promise<Processed> => {
    const version = wanted.get(run) ?? 0;
    const readyAt = (edits.get(run)?.at(-1) ?? 0) + spacingMs;
    if (version === shown.get(run)) return DONE;
    if (Date.now() < readyAt) return { type: 'later', afterMs: readyAt - Date.now() };
    edits.set(run, [...(edits.get(run) ?? []), Date.now()]);
    // Slack takes its time, and changes go on meanwhile.
    await sleep(20);
    shown.set(run, version);
    return DONE;
  };
  const gaps = (run: RunId): readonly number[] => {
    const at = edits.get(run) ?? [];
    return at.slice(1).map((ms, n) => ms - (at[n] ?? 0));
  };
  return { render, wanted, shown, gaps };
}

function rendering({ queues, consumers }: World): void {
  it('renders the last change of every run, in the spacing the processor asks for, on two workers', async () => {
    const [lane, spacingMs]: [Lane, number] = [{ type: 'render' }, 150];
    const runs = Array.from({ length: 4 }, aRunId);
    const { render, wanted, shown, gaps } = aRenderer(spacingMs);
    for (const worker of [await consumers(), await consumers()]) await worker.consume(lane, 2, render);
    const queue = await queues();

    const changes = Array.from({ length: 160 }, (_, n) => ({ run: runs[n % 4] ?? aRunId(), version: n }));
    for (const { run, version } of changes) {
      wanted.set(run, version);
      await queue.add(lane, run);
      // In bursts.
      if (version % 40 === 39) await sleep(60);
    }

    await expect.poll(() => runs.map((run) => shown.get(run)), SOON).toEqual([156, 157, 158, 159]);
    const all = runs.flatMap(gaps);
    expect(all.length).toBeLessThan(changes.length - 4);
    expect(Math.min(spacingMs, ...all)).toBeGreaterThanOrEqual(spacingMs - 2);
  });

  it('begins at once with a render that waits, when it is hurried', async () => {
    const [lane, run]: [Lane, RunId] = [{ type: 'render' }, aRunId()];
    const at: number[] = [];
    const queue = await queues();
    await (await consumers()).consume(lane, 1, async (each) => {
      if (each !== run) return DONE;
      at.push(Date.now());
      return at.length === 1 ? { type: 'later', afterMs: 60_000 } : DONE;
    });
    await queue.hurry(run);
    await queue.add(lane, run);
    await expect.poll(() => at.length, SOON).toBe(1);
    await expect.poll(() => queue.depth(lane), SOON).toEqual({ waiting: 1, active: 0 });

    await queue.hurry(run);

    await expect.poll(() => at.length, SOON).toBe(2);
    await expect.poll(() => queue.depth(lane), SOON).toEqual({ waiting: 0, active: 0 });
  });

  it('never gives up a render that fails, and shows what changed meanwhile', async () => {
    const [lane, run]: [Lane, RunId] = [{ type: 'render' }, aRunId()];
    let [wanted, shown, failures] = [1, 0, 0];
    await (await consumers()).consume(lane, 1, async (each) => {
      if (each !== run) return DONE;
      const version = wanted;
      if (failures < 2) {
        failures += 1;
        throw new Error('Slack is away');
      }
      shown = version;
      return DONE;
    });
    const queue = await queues();

    await queue.add(lane, run);
    await expect.poll(() => failures, SOON).toBe(1);
    wanted = 2;
    await queue.add(lane, run);

    await expect.poll(() => shown, SOON).toBe(2);
  });
}

function counting({ queues }: World): void {
  it('says since when the oldest job has been waiting, and nothing where none waits', async () => {
    const [lane, queue] = [aLane('read'), await queues()];
    const before = Date.now();
    await queue.add(lane, aRunId());
    const first = Date.now();
    await expect.poll(() => Date.now()).toBeGreaterThan(first + 20);
    const second = Date.now();
    await queue.add(lane, aRunId());
    await queue.remind(aRunId(), new Date(before + 60_000), 'later');

    const { waiting, oldestAt } = await queue.depth(lane);

    expect(waiting).toBe(2);
    expect(oldestAt?.getTime()).toBeGreaterThanOrEqual(before);
    expect(oldestAt?.getTime()).toBeLessThan(second);
    expect(await queue.depth(aLane('read'))).toEqual({ waiting: 0, active: 0 });
  });
}

function ticking({ queues, consumers }: World): void {
  const name = (text: string) => ScheduleName.parse(text);
  const every = (text: string, everyMs: number) => ({ name: name(text), rhythm: { everyMs } });

  it('ticks in its rhythm, once over all processes, each tick under its own time', async () => {
    const [one, other] = [await queues(), await queues()];
    const seen: number[] = [];
    let [running, most] = [0, 0];
    for (const worker of [await consumers(), await consumers()])
      await worker.consumeTicks(async (_, at) => {
        running += 1;
        most = Math.max(most, running);
        seen.push(at.getTime());
        await sleep(5);
        running -= 1;
        return DONE;
      });

    // Every replica says the same when it starts.
    await Promise.all([one, other].map(({ ticks }) => ticks.put([every('a', 250), every('b', 3_600_000)])));

    await expect.poll(() => seen.length, SOON).toBeGreaterThanOrEqual(4);
    await other.ticks.put([]);
    const gaps = seen.slice(1).map((at, n) => at - (seen[n] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(250);
    expect(seen.filter((at) => at % 250 !== 0)).toEqual([]);
    expect(most).toBe(1);
  });

  it('keeps the time of the next tick over restarts, follows what changed, and forgets what is gone', async () => {
    const first = await queues();
    const cron = (text: string) => ({ name: name('c'), rhythm: { cron: text, timeZone: 'Europe/Berlin' } });
    await first.ticks.put([every('a', 604_800_000), cron('0 8 * * mon-fri'), every('gone', 604_800_000)]);
    const before = await first.ticks.next();

    const second = await queues();
    await second.ticks.put([every('a', 604_800_000), cron('30 9 * * *')]);

    const after = await second.ticks.next();
    expect([...after.keys()].sort()).toEqual(['a', 'c']);
    expect(after.get('a')).toEqual(before.get('a'));
    const clock = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', hour: '2-digit', minute: '2-digit' });
    expect(clock.format(before.get('c'))).toBe('08:00');
    expect(clock.format(after.get('c'))).toBe('09:30');
    await second.ticks.put([]);
  });

  it('brings a tick back whose processor threw', async () => {
    const queue = await queues();
    const seen: number[] = [];
    await (await consumers()).consumeTicks(async (_, at) => {
      seen.push(at.getTime());
      if (seen.length === 1) throw new Error('the store is away');
      return DONE;
    });

    await queue.ticks.put([every('again', 1_000)]);

    await expect.poll(() => seen.length, SOON).toBeGreaterThanOrEqual(2);
    expect(seen.filter((at) => at === seen[0])).toHaveLength(2);
    await queue.ticks.put([]);
  });
}

function exclusion({ queues, consumers }: World): void {
  it('runs one change of a cluster at a time, over all workers', async () => {
    const lane = aLane('change');
    const runs = Array.from({ length: 8 }, aRunId);
    const done: RunId[] = [];
    let [running, most] = [0, 0];
    for (const worker of [await consumers(), await consumers()]) {
      await worker.consume(lane, 4, async (run) => {
        running += 1;
        most = Math.max(most, running);
        await sleep(20);
        running -= 1;
        done.push(run);
        return DONE;
      });
    }
    const queue = await queues();

    for (const run of runs) await queue.add(lane, run);

    await expect.poll(() => done, SOON).toEqual(runs);
    expect(most).toBe(1);
  });

  it('keeps the clusters apart', async () => {
    const [busy, free] = [aLane('change'), aLane('change')];
    let reached = false;
    const worker = await consumers();
    await worker.consume(busy, 1, async (_, signal) => {
      await aborted(signal);
      return { type: 'returned' };
    });
    await worker.consume(free, 1, async () => {
      reached = true;
      return DONE;
    });
    const queue = await queues();

    await queue.add(busy, aRunId());
    await queue.add(free, aRunId());

    await expect.poll(() => reached, SOON).toBe(true);
  });
}

function cancelling({ queues, consumers }: World): void {
  it('reaches the run wherever it runs, and only that run', async () => {
    const lane = aLane('read');
    const [wanted, other] = [aRunId(), aRunId()];
    const reasons = new Map<RunId, unknown>();
    const started: RunId[] = [];
    for (const worker of [await consumers(), await consumers()]) {
      await worker.consume(lane, 2, async (run, signal) => {
        started.push(run);
        await aborted(signal);
        reasons.set(run, signal.reason);
        return run === wanted ? DONE : { type: 'returned' };
      });
    }
    const queue = await queues();
    for (const run of [wanted, other]) await queue.add(lane, run);
    await expect.poll(() => started.length, SOON).toBe(2);

    await queue.pushCancel(wanted);

    await expect.poll(() => [...reasons], SOON).toEqual([[wanted, { type: 'person' }]]);
  });

  it('may be sent to a run that nobody runs', async () => {
    await expect((await queues()).pushCancel(aRunId())).resolves.toBeUndefined();
  });
}

function closing({ queues, consumers }: World): void {
  it('hands what runs back to the others when it shuts down', async () => {
    const [lane, run] = [aLane('change'), aRunId()];
    const reasons: unknown[] = [];
    const first = await consumers();
    let [started, taken] = [false, false];
    await first.consume(lane, 3, async (_, signal) => {
      started = true;
      await aborted(signal);
      reasons.push(signal.reason);
      return { type: 'returned' };
    });
    const queue = await queues();
    await queue.add(lane, run);
    await expect.poll(() => started, SOON).toBe(true);

    const began = Date.now();
    await first.close(5_000);

    expect(Date.now() - began).toBeLessThan(3_000);
    expect(reasons).toEqual([{ type: 'shutdown' }]);
    expect(await queue.depth(lane)).toMatchObject({ waiting: 1, active: 0 });
    await (await consumers()).consume(lane, 1, async () => {
      taken = true;
      return DONE;
    });
    await expect.poll(() => taken, SOON).toBe(true);
  });

  it('waits no longer than the drain time, and others take over what was left', async () => {
    const [lane, run] = [aLane('read'), aRunId()];
    const first = await consumers();
    let [started, taken] = [false, false];
    await first.consume(lane, 1, () => {
      started = true;
      return new Promise<Processed>(() => undefined);
    });
    await (await queues()).add(lane, run);
    await expect.poll(() => started, SOON).toBe(true);

    const began = Date.now();
    await first.close(100);

    expect(Date.now() - began).toBeLessThan(2_000);
    await (await consumers()).consume(lane, 1, async () => {
      taken = true;
      return DONE;
    });
    await expect.poll(() => taken, SOON).toBe(true);
  });
}

function losses({ queues, consumers, killLater, server, program }: World): void {
  it('gives the run of a killed worker to another', async () => {
    const [lane, run] = [aLane('change'), aRunId()];
    const child = spawn(process.execPath, [program(), server().url, lane.cluster], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    killLater(child);
    await (await queues()).add(lane, run);
    const [said] = await once(child.stdout, 'data');
    expect(String(said)).toBe(`has ${run}\n`);
    const seen: RunId[] = [];
    await (await consumers()).consume(lane, 1, async (each) => {
      seen.push(each);
      return DONE;
    });

    child.kill('SIGKILL');

    await expect.poll(() => seen, SOON).toEqual([run]);
  });

  it('fails fast while the store is away, then goes on with what was queued', async (context) => {
    const { outage } = server();
    if (outage === undefined) return context.skip('this server cannot be restarted here');
    const [lane, before, after] = [aLane('read'), aRunId(), aRunId()];
    const seen = new Set<RunId>();
    const queue = await queues();
    const worker = await consumers();
    await queue.add(lane, before);

    await outage(async () => {
      const began = Date.now();
      await expect(queue.add(lane, after)).rejects.toMatchObject({ code: 'QueueUnavailable' });
      expect(Date.now() - began).toBeLessThan(1_500);
    });
    await expect.poll(() => queue.add(lane, after).then(() => 'added'), SOON).toBe('added');
    await worker.consume(lane, 1, async (run) => {
      seen.add(run);
      return DONE;
    });

    await expect.poll(() => [...seen].sort(), SOON).toEqual([before, after].sort());
  });

  it('takes up work again after an outage that it met while it waited for some', async (context) => {
    const { outage } = server();
    if (outage === undefined) return context.skip('this server cannot be restarted here');
    const [lane, run, seen] = [aLane('change'), aRunId(), new Set<RunId>()];
    const queue = await queues();
    await (await consumers()).consume(lane, 2, async (each) => {
      seen.add(each);
      return DONE;
    });

    await outage(() => sleep(300));
    await expect.poll(() => queue.add(lane, run).then(() => 'added'), SOON).toBe('added');

    await expect.poll(() => [...seen], SOON).toEqual([run]);
  });
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
