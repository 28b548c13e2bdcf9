import { describe, expect, it } from 'vitest';
import { Actor } from '../../src/core/actor.ts';
import { aChanging, aWaitingChange } from './changing.ts';
import { accepted, eventsOf, lee, replied, runOf } from './world.ts';

const sam = Actor.parse({ user: 'U03SAM', team: 'T01HOME' });

describe('a change', () => {
  it('goes from request over plan, votes and approval to its end', async () => {
    const changing = aChanging();
    const { world, work } = changing;
    const id = await aWaitingChange(changing);

    const first = await replied(world, `approve ${id}`, { by: lee });
    const second = await replied(world, `approve ${id}`, { by: sam });
    expect(first.lines[0]?.text).toContain('1 of 2');
    expect(second.text).toContain('counts');
    expect(world.queues.added).toContain(`change.prod ${id}`);
    expect(await work(id)).toEqual({ type: 'done' });

    const run = await runOf(world, id);
    expect(run.now).toMatchObject({ state: 'ended', outcome: { type: 'succeeded' } });
    expect(await eventsOf(world, id)).toEqual([
      'requested',
      'started',
      'step-started',
      'step-ended',
      'artifact',
      'artifact',
      'planned',
      'voted',
      'voted',
      'approved',
      'started',
      'step-started',
      'step-ended',
      'applying',
      'step-started',
      'step-ended',
      'artifact',
      'ended',
    ]);
    expect(changing.change.applied).toMatchObject([
      { attempt: 2, resumed: false, by: 'U01DANA', approvedBy: ['U02LEE', 'U03SAM'] },
    ]);
    expect(changing.leases).toEqual([`acquire ${id}/2`, `release ${id}/2`]);
  });
});

void accepted;
