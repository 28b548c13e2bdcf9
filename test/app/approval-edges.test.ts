import { describe, expect, it } from 'vitest';
import { settle } from '../../src/app/execute/settle.ts';
import { record } from '../../src/app/record.ts';
import { Actor } from '../../src/core/actor.ts';
import { MINUTE_MS } from '../../src/core/clock.ts';
import type { RunId } from '../../src/core/ids.ts';
import { aChanging, aPlan, aWaitingChange, type Changing, POLICY } from './changing.ts';
import { accepted, dana, lee, replied, runOf, type World } from './world.ts';

/** What is rare, and what a reader with bad experiences looks for. The flow itself is in `approval.test.ts`. */
const sam = Actor.parse({ user: 'U03SAM', team: 'T01HOME' });
const kim = Actor.parse({ user: 'U04KIM', team: 'T01HOME' });
const root = Actor.parse({ user: 'U05ROOT', team: 'T01HOME' });

async function vote(world: World, line: string, by: Actor): Promise<string> {
  const said = await replied(world, line, { by });
  return [said.text, ...said.lines.map((each) => each.text)].join(' · ');
}

async function approved(changing: Changing): Promise<RunId> {
  const id = await aWaitingChange(changing);
  await vote(changing.world, `approve ${id}`, lee);
  await vote(changing.world, `approve ${id}`, sam);
  return id;
}

async function outcomeOf({ world }: Changing, id: RunId): Promise<unknown> {
  const { now } = await runOf(world, id);
  return now.state === 'ended' ? now.outcome : now.state;
}

function settling({ world }: Changing) {
  return { state: world.state, queues: world.queues, clock: world.clock, log: world.log };
}

/** As when a newer version has written an event that this one cannot read: no append fits, and reading shows no more. */
function writtenByNewer({ world }: Changing): void {
  Object.assign(world.state.runs, { append: async () => ({ ok: false, length: 99 }) });
}

describe('a run that a newer version writes to', () => {
  it('is left to it by a vote, with an answer', async () => {
    const changing = aChanging();
    const id = await aWaitingChange(changing);
    writtenByNewer(changing);

    expect(await vote(changing.world, `approve ${id}`, lee)).toContain('newer version');
  });

  it('is left to it by whoever settles', async () => {
    const changing = aChanging();
    const id = await aWaitingChange(changing);
    changing.world.clock.advance(31 * MINUTE_MS);
    writtenByNewer(changing);

    await expect(settle(settling(changing), id)).rejects.toMatchObject({ code: 'Superseded' });
  });
});

describe('a cancel', () => {
  it('that comes while the plan is put on record ends the run, and not only when it expires', async () => {
    const changing = aChanging();
    const { world } = changing;
    const { append } = world.state.runs;
    let asked = false;
    Object.assign(world.state.runs, {
      append: async (...args: Parameters<typeof append>) => {
        if (args[2].type === 'planned' && !asked) {
          asked = true;
          await vote(world, `cancel ${args[0]}`, kim);
        }
        return append(...args);
      },
    });
    const id = await accepted(world, 'enable native-routing prod');

    await changing.work(id);

    expect(await outcomeOf(changing, id)).toMatchObject({ type: 'cancelled', by: kim });
  });

  it('before the first write names who asked for it', async () => {
    const changing = aChanging({
      change: {
        apply: async function* ({ by }) {
          yield { type: 'step-started', step: 'probe-start', title: 'Probes' };
          yield { type: 'step-ended', step: 'probe-start', result: 'ok' };
          return { outcome: { type: 'cancelled', by: { user: by, external: false } }, data: null };
        },
      },
    });
    const id = await approved(changing);
    const { append } = changing.world.state.runs;
    let asked = false;
    Object.assign(changing.world.state.runs, {
      append: async (...args: Parameters<typeof append>) => {
        if (args[2].type === 'step-ended' && args[2].step === 'probe-start' && !asked) {
          asked = true;
          await vote(changing.world, `cancel ${id}`, sam);
        }
        return append(...args);
      },
    });

    await changing.work(id);

    expect(await outcomeOf(changing, id)).toMatchObject({ type: 'cancelled', by: { user: 'U03SAM' } });
  });
});

describe('a plan that is named in a vote', () => {
  it('counts as named in capitals too: an outdated one is refused and not taken for a reason', async () => {
    const changing = aChanging();
    const id = await aWaitingChange(changing);

    expect(await vote(changing.world, `approve ${id} 0BADC0DE`, lee)).toContain('card is outdated');

    const digest = (await runOf(changing.world, id)).plan?.digest.slice(0, 8).toUpperCase();
    expect(await vote(changing.world, `approve ${id} ${digest}`, lee)).toContain('counts');
  });
});

describe('an approval', () => {
  it('is about its time: a worker that was down for hours does not begin it in the working day', async () => {
    const changing = aChanging();
    const id = await approved(changing);
    changing.world.clock.advance(8 * 60 * MINUTE_MS);

    await changing.work(id);

    expect(await outcomeOf(changing, id)).toMatchObject({
      type: 'refused',
      reason: 'no worker began it in time: the approval was for a change before 2026-11-23T15:50 UTC',
    });
    expect(changing.change.applied).toEqual([]);
  });

  it('of the last minute still has its turn', async () => {
    const changing = aChanging();
    const id = await aWaitingChange(changing);
    changing.world.clock.advance(29 * MINUTE_MS);
    await vote(changing.world, `approve ${id}`, lee);
    await vote(changing.world, `approve ${id}`, sam);
    changing.world.clock.advance(5 * MINUTE_MS);

    await changing.work(id);

    expect(await outcomeOf(changing, id)).toMatchObject({ type: 'succeeded' });
  });

  const [base] = POLICY.policy.rules;
  const windows = [{ days: ['mon'], from: '15:00', to: '15:30', timeZone: 'UTC' }];
  const windowed = { clusters: [{ name: 'prod' }], policy: { rules: [{ ...base, windows }] } };

  it.each([
    { when: 'the others wait for the next one', lines: ['approve', 'approve'], want: 'refused' },
    { when: 'an emergency does not', lines: ['break-glass'], want: 'succeeded' },
  ])('whose window closed before it began: $when', async ({ lines, want }) => {
    const changing = aChanging({ config: windowed });
    const id = await aWaitingChange(changing);
    const people = want === 'succeeded' ? [root] : [lee, sam];
    for (const [at, line] of lines.entries()) await vote(changing.world, `${line} ${id} now`, people[at] ?? lee);
    expect(await outcomeOf(changing, id)).toBe('approved');
    changing.world.clock.advance(12 * MINUTE_MS);

    await changing.work(id);

    expect(await outcomeOf(changing, id)).toMatchObject({ type: want });
  });
});

describe('workers that are lost', () => {
  async function lose(changing: Changing, id: RunId, attempts: readonly number[], applyingIn?: number): Promise<void> {
    const at = changing.world.clock.now().toISOString();
    const { approvedDigest: digest = '' } = await runOf(changing.world, id);
    for (const attempt of attempts) {
      await record(changing.world.state.runs, id, { type: 'started', at, attempt, worker: `lost/${attempt}` });
      if (attempt === applyingIn)
        await record(changing.world.state.runs, id, { type: 'applying', at, attempt, digest });
    }
  }

  it('with a change that has begun, three times, leave a state that nobody knows, and say how to go on', async () => {
    const changing = aChanging();
    const id = await approved(changing);
    await lose(changing, id, [2, 3, 4], 2);

    await changing.work(id);

    expect(await outcomeOf(changing, id)).toMatchObject({
      type: 'unknown',
      why: '3 workers were lost while they ran it',
      report: { next: [{ command: 'verify prod' }, { command: `continue ${id}` }, { command: 'rollback prod' }] },
    });
    expect(changing.change.applied).toEqual([]);
  });

  it('before it began are not held against it: half a change is gone on with', async () => {
    const changing = aChanging();
    const id = await approved(changing);
    await lose(changing, id, [2, 3, 4], 4);

    await changing.work(id);

    expect(await outcomeOf(changing, id)).toMatchObject({ type: 'succeeded' });
  });
});

describe('a freeze', () => {
  it('while the plan is made again keeps the change from beginning', async () => {
    const changing = aChanging();
    const id = await approved(changing);
    const { get } = changing.world.state.blobs;
    const { plan } = changing.change;
    let frozen = false;
    changing.change.plan = () => {
      frozen = true;
      return plan();
    };
    const bytes = new TextEncoder().encode(
      JSON.stringify({ freeze: { by: kim, at: '2026-11-23T15:20:00.000Z', everywhere: false } }),
    );
    Object.assign(changing.world.state.blobs, {
      get: async (key: string) => (frozen && key === 'freeze/prod' ? bytes : get(key)),
    });

    await changing.work(id);

    expect(await outcomeOf(changing, id)).toMatchObject({ type: 'refused', reason: expect.stringContaining('frozen') });
    expect(changing.change.applied).toEqual([]);
  });

  it('is not broken with the glass, and says so', async () => {
    const changing = aChanging();
    const id = await aWaitingChange(changing);
    await vote(changing.world, 'freeze prod', kim);

    expect(await vote(changing.world, `break-glass ${id} prod is down`, root)).toContain('frozen by U04KIM');

    expect((await runOf(changing.world, id)).votes).toEqual([]);
  });
});

describe('a change that nobody has to agree to', () => {
  it('is given up when the cluster never stays as it was planned', async () => {
    const changing = aChanging({ config: { clusters: [{ name: 'prod' }], policy: { rules: [{ approvals: 0 }] } } });
    let nodes = 3;
    changing.change.plan = () => {
      nodes += 1;
      return { type: 'plan', plan: aPlan({ pinned: { nodes: String(nodes) } }), artifacts: [] };
    };
    const id = await accepted(changing.world, 'enable native-routing prod', { by: dana });
    for (let round = 1; round <= 20; round += 1) await changing.work(id);

    expect(await outcomeOf(changing, id)).toMatchObject({
      type: 'refused',
      reason: expect.stringContaining('changes faster'),
    });
  });
});
