import { describe, expect, it } from 'vitest';
import { execute } from '../../src/app/execute/execute.ts';
import type { ExecuteDeps } from '../../src/app/execute/executing.ts';
import { createChangeLease } from '../../src/cluster/lease.ts';
import { Actor } from '../../src/core/actor.ts';
import { type RunId, runIdFor, UserId } from '../../src/core/ids.ts';
import type { ChangePorts, LeaseHolder } from '../../src/core/ports/change-ports.ts';
import { changeHere } from '../../src/terminal/change-here.ts';
import { fakeCluster } from '../support/fake-cluster.ts';
import { fakeLeases } from '../support/fake-leases.ts';
import { silentLog } from '../support/run-events.ts';
import { aChanging, aPlan, aWaitingChange, type Changing, fakePorts } from './changing.ts';
import { dana, fine, lee, replied, runOf } from './world.ts';

/*
 * Never two changes at once: bot and terminal, two workers, one cluster, with the real Lease. The fake change knows the
 * one thing that matters: who else is at it. (With real processes, helm and Redis: test/crash.)
 */
const sam = Actor.parse({ user: 'U03SAM', team: 'T01HOME' });

/** A cluster with a Lease and a Helm revision, and a change that takes until somebody lets it end. */
function aCluster() {
  const leases = fakeLeases();
  const cluster = { revision: 27, at: 0, mostAtOnce: 0, order: [] as string[] };
  const changing = aChanging({
    change: {
      plan: () => ({
        type: 'plan',
        plan: aPlan({ pinned: { 'Helm revision': String(cluster.revision), nodes: 'node1' } }),
        artifacts: [],
      }),
      apply: async function* ({ run }) {
        cluster.at += 1;
        cluster.mostAtOnce = Math.max(cluster.mostAtOnce, cluster.at);
        cluster.order.push(run);
        yield { type: 'step-started', step: 'upgrade', title: 'helm upgrade' };
        await reach(run);
        cluster.revision += 1;
        cluster.at -= 1;
        return { outcome: fine, data: {} };
      },
    },
  });
  const waiting = new Map<string, { reached: () => void; readonly go: Promise<void> }>();

  /** Before the change is made: tells whoever waits for that, and waits to be let go itself. */
  async function reach(run: string): Promise<void> {
    const gate = waiting.get(run);
    gate?.reached();
    await gate?.go;
  }

  const open = async (holder: LeaseHolder): Promise<ChangePorts> => {
    const { clock } = changing.world;
    const lease = createChangeLease({
      cluster: leases.port,
      write: leases.write,
      clock,
      log: silentLog,
      namespace: 'kube-system',
      ...holder,
    });
    return { ...fakePorts([]).ports(holder), lease };
  };
  const deps: ExecuteDeps = {
    ...changing.deps,
    changes: { policy: () => changing.world.config().policy, openPorts: (_, holder) => open(holder) },
  };
  return {
    ...{ changing, cluster, open },
    work: (id: RunId) => execute({ ...deps, lane: 'change' }, id, new AbortController().signal),
    hold: (run: string) => {
      const [begun, reached] = promised();
      const [go, finish] = promised();
      waiting.set(run, { reached, go });
      return { begun, finish };
    },
  };
}

function promised(): readonly [Promise<void>, () => void] {
  let settle = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return [promise, settle];
}

async function approved({ world, ...changing }: Changing): Promise<RunId> {
  const id = await aWaitingChange({ world, ...changing });
  for (const by of [lee, sam]) await replied(world, `approve ${id}`, { by });
  return id;
}

/** Lets time pass until it is so. */
async function whenever({ world }: Changing, holds: () => Promise<boolean>): Promise<void> {
  const later = (): Promise<boolean> => {
    world.clock.advance(1_000);
    return holds();
  };
  await expect.poll(later, { interval: 2, timeout: 10_000 }).toBe(true);
}

function fromTerminal({ changing }: ReturnType<typeof aCluster>, ports: ChangePorts, run: RunId) {
  return changeHere({
    ...{ job: changing.change.job, args: { cluster: 'prod' }, yes: 'plan', run, by: UserId.parse('local:dana') },
    ...{ ports, context: { cluster: fakeCluster(), clock: changing.world.clock, log: silentLog } },
    ...{ interrupted: new AbortController().signal, tell: () => undefined, show: () => undefined, log: silentLog },
  });
}

describe('two changes approved for one cluster', () => {
  it('are made one after the other, and the second finds that the world has changed', async () => {
    const stage = aCluster();
    const { changing, cluster } = stage;
    const [first, second] = [await approved(changing), await approved(changing)];
    const { begun, finish } = stage.hold(first);

    const firstDone = stage.work(first);
    await begun;
    const secondDone = stage.work(second);
    const waits = async () => (await runOf(changing.world, second)).steps.some(({ step }) => step === 'lock');
    await whenever(changing, waits);
    expect((await runOf(changing.world, second)).steps.at(-1)?.title).toContain(first);
    expect(cluster.order).toEqual([first]);

    finish();
    await firstDone;
    await whenever(changing, async () => (await runOf(changing.world, second)).now.state === 'awaiting-approval');
    await secondDone;

    const run = await runOf(changing.world, second);
    expect(run.voided?.changed).toEqual(['Helm revision: 27 → 28']);
    expect(run.now).toMatchObject({ state: 'awaiting-approval', votes: [] });
    expect(cluster).toMatchObject({ order: [first], mostAtOnce: 1, revision: 28 });
  });

  it('that are begun in the same moment by two workers are never made at once', async () => {
    const stage = aCluster();
    const { changing, cluster } = stage;
    const both = [await approved(changing), await approved(changing)];

    const done = Promise.all(both.map(stage.work));
    let over = false;
    void done.then(() => {
      over = true;
    });
    await whenever(changing, async () => over);

    const states = await Promise.all(both.map(async (id) => (await runOf(changing.world, id)).now.state));
    expect(states.toSorted()).toEqual(['awaiting-approval', 'ended']);
    expect(cluster).toMatchObject({ mostAtOnce: 1, revision: 28 });
  });
});

describe('a terminal beside Slack', () => {
  it('is refused while a run of Slack changes the cluster, and hears which', async () => {
    const stage = aCluster();
    const { changing, cluster } = stage;
    const id = await approved(changing);
    const { begun, finish } = stage.hold(id);
    const done = stage.work(id);
    await begun;

    const run = runIdFor('terminal');
    const { outcome } = await fromTerminal(stage, await stage.open({ run, attempt: 1 }), run);

    expect(outcome).toMatchObject({ type: 'refused', reason: expect.stringContaining(id) });
    expect(cluster.order).toEqual([id]);
    finish();
    await done;
  });

  it('keeps a run of Slack waiting, which is refused in the end and says by whom', async () => {
    const stage = aCluster();
    const { changing, cluster } = stage;
    const id = await approved(changing);
    const run = runIdFor('terminal');
    const { begun, finish } = stage.hold(run);
    const terminal = fromTerminal(stage, await stage.open({ run, attempt: 1 }), run);
    await begun;

    const done = stage.work(id);
    await whenever(changing, async () => (await runOf(changing.world, id)).now.state === 'ended');
    await done;

    const { now } = await runOf(changing.world, id);
    expect(now).toMatchObject({ outcome: { type: 'refused', reason: expect.stringContaining(run) } });
    expect(cluster.order).toEqual([run]);
    finish();
    expect((await terminal).outcome).toMatchObject({ type: 'succeeded' });
  });
});

describe('whoever asked', () => {
  it('may cancel what waits for another change', async () => {
    const stage = aCluster();
    const { changing } = stage;
    const [first, second] = [await approved(changing), await approved(changing)];
    const { begun, finish } = stage.hold(first);
    const firstDone = stage.work(first);
    await begun;
    const secondDone = stage.work(second);
    const waits = async () => (await runOf(changing.world, second)).steps.some(({ step }) => step === 'lock');
    await whenever(changing, waits);

    await replied(changing.world, `cancel ${second}`, { by: dana });
    await whenever(changing, async () => (await runOf(changing.world, second)).now.state === 'ended');
    await secondDone;

    const { now } = await runOf(changing.world, second);
    expect(now).toMatchObject({ outcome: { type: 'cancelled', by: { user: 'U01DANA' } } });
    finish();
    await firstDone;
  });
});
