import { describe, expect, it } from 'vitest';
import { record } from '../../src/app/record.ts';
import { keepSweeping, SWEEP_EVERY_MS, type SweepDeps, sweep } from '../../src/app/sweep.ts';
import { DAY_MS, MINUTE_MS } from '../../src/core/clock.ts';
import { OpsError } from '../../src/core/errors.ts';
import { runIdFor } from '../../src/core/ids.ts';
import { accepted, aWorld, fine, type World } from './world.ts';

const KEEP_MS = 7 * DAY_MS;

function deps(world: World): SweepDeps {
  return { ...world, keepMs: KEEP_MS };
}

async function requested(world: World): Promise<ReturnType<typeof runIdFor>> {
  const submitted = await world.ask('status');
  if (submitted.type !== 'accepted') throw new Error('not accepted');
  return submitted.run;
}

function laterAdded(world: World): readonly string[] {
  world.clock.advance(SWEEP_EVERY_MS);
  return world.queues.added;
}

describe('the sweep', () => {
  it('queues what a crash between append and queue lost', async () => {
    const world = aWorld();
    const id = await requested(world);
    expect(world.queues.added).toEqual([]);

    await sweep(deps(world), DAY_MS);

    expect(world.queues.added).toEqual([`read.prod ${id}`, `render ${id}`]);
  });

  it('gives a run back to a worker when its own was lost', async () => {
    const world = aWorld();
    const id = await requested(world);
    const at = world.clock.now().toISOString();
    await record(world.state.runs, id, { type: 'started', at, attempt: 1, worker: 'lost/1' });

    await sweep(deps(world), DAY_MS);

    expect(world.queues.added).toContain(`read.prod ${id}`);
  });

  it('only renders what has ended', async () => {
    const world = aWorld();
    const id = await requested(world);
    await record(world.state.runs, id, { type: 'ended', at: world.clock.now().toISOString(), outcome: fine });

    await sweep(deps(world), DAY_MS);

    expect(world.queues.added).toEqual([`render ${id}`]);
  });

  it('leaves alone what did not change lately', async () => {
    const world = aWorld();
    await requested(world);
    world.clock.advance(10 * MINUTE_MS);

    await sweep(deps(world), 5 * MINUTE_MS);

    expect(world.queues.added).toEqual([]);
  });

  it('removes runs that were kept long enough, and no others', async () => {
    const world = aWorld();
    const old = await requested(world);
    world.clock.advance(KEEP_MS - MINUTE_MS);
    const young = await requested(world);
    world.clock.advance(2 * MINUTE_MS);

    await sweep(deps(world), MINUTE_MS);

    expect(await world.state.runs.read(old, 0)).toEqual([]);
    expect(await world.state.runs.read(young, 0)).toHaveLength(1);
  });

  it('goes on with the others when one run cannot be read', async () => {
    const world = aWorld();
    const id = await requested(world);
    const broken = runIdFor('broken');
    const at = world.clock.now().toISOString();
    await world.state.runs.append(broken, 0, { type: 'approved', at, digest: 'x' });

    await sweep(deps(world), DAY_MS);

    expect(world.queues.added).toContain(`read.prod ${id}`);
    expect(world.log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', fields: expect.objectContaining({ run: broken }) }),
    );
  });
});

describe('sweeping', () => {
  it('looks over a day first, then over minutes, and ends with its signal', async () => {
    const world = aWorld();
    const id = await accepted(world, 'status');
    world.clock.advance(DAY_MS / 2);
    const before = world.queues.added.length;
    const stop = new AbortController();

    const sweeping = keepSweeping(deps(world), stop.signal);
    await expect.poll(() => world.queues.added.length).toBe(before + 2);
    const young = await requested(world);
    await expect.poll(() => laterAdded(world)).toContain(`render ${young}`);
    stop.abort();
    await sweeping;

    expect(world.queues.added.filter((each) => each === `render ${id}`)).toHaveLength(2);
  });

  it('outlives an outage of the store', async () => {
    const world = aWorld();
    const id = await requested(world);
    world.queues.break(new OpsError('QueueUnavailable', 'down'));
    const stop = new AbortController();
    const sweeping = keepSweeping(deps(world), stop.signal);
    await expect.poll(() => world.log.lines.map((line) => line.message)).toContain('sweep failed');

    world.queues.break(undefined);

    await expect.poll(() => laterAdded(world)).toContain(`read.prod ${id}`);
    stop.abort();
    await sweeping;
  });
});
