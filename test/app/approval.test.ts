import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atDeadline, settle } from '../../src/app/execute/settle.ts';
import { record } from '../../src/app/record.ts';
import { sweep } from '../../src/app/sweep.ts';
import { Actor } from '../../src/core/actor.ts';
import { MINUTE_MS } from '../../src/core/clock.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { RunId } from '../../src/core/ids.ts';
import { aChanging, aPlan, aWaitingChange, type Changing, POLICY } from './changing.ts';
import { accepted, dana, eventsOf, lee, replied, runOf, type World } from './world.ts';

/*
 * Which test covers which step of the approval flow, and which of the bugs that approval bots are known for:
 *
 *   1 parse, rights, reason          "a request" …
 *   2 plan pinned by its digest      "goes from request over plan, votes and approval to its end"
 *   3 lock, freeze that fails closed "waits for the change before it", "is refused while …", "does not count while the store cannot say …"
 *   4 card                           test/render/plan-card.test.ts
 *   5 every click answered           "a vote that does not count" (table)
 *   6 confirm dialogs, hold          test/render/plan-card.test.ts, "a hold"
 *   7 re-plan, void                  "a world that changed"
 *   8 audit                          "who voted is on record with team and plan"
 *   9 safe points                    "a cancel", "an attempt that finds the change begun"
 *  10 settle from anywhere           "time", "a crash", "any order of clicks"
 *  11 outcome to everybody           test/app/publish-changes.test.ts
 *  click swallowed after a restart            state is in the store only: "a crash"
 *  unauthorised clicker hears nothing         "a vote that does not count"
 *  approved though nothing ran                "a crash: between approved and queue"
 *  told "approved" though it was not          "a vote that does not count": no event follows
 *  two clicks race                            "any order of clicks", test/slack/approval.test.ts
 *  buttons linger after the end               test/render/plan-card.test.ts
 *  expiry that nothing runs                   "time"
 *  display name only                          "who voted is on record"
 *  approved hours ago, window closed          test/app/approval-edges.test.ts
 *  outdated plan typed in capitals            test/app/approval-edges.test.ts
 *  cancel lost beside the plan                test/app/approval-edges.test.ts
 *  phone mis-tap                              confirm dialogs, test/render/plan-card.test.ts
 */

const sam = Actor.parse({ user: 'U03SAM', team: 'T01HOME' });
const kim = Actor.parse({ user: 'U04KIM', team: 'T01HOME' });
const root = Actor.parse({ user: 'U05ROOT', team: 'T01HOME' });
const guest = Actor.parse({ user: 'U09GUEST', team: 'T09OTHER', external: true });

async function outcomeOf({ world }: Changing, id: RunId): Promise<unknown> {
  const { now } = await runOf(world, id);
  return now.state === 'ended' ? now.outcome : now.state;
}

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

function settling({ world }: Changing) {
  return { state: world.state, queues: world.queues, clock: world.clock, log: world.log };
}

describe('a change', () => {
  it('goes from request over plan, votes and approval to its end', async () => {
    const changing = aChanging();
    const id = await aWaitingChange(changing);

    expect(await vote(changing.world, `approve ${id}`, lee)).toContain('1 of 2');
    expect(await vote(changing.world, `approve ${id}`, sam)).toContain('counts');
    expect(changing.world.queues.added).toContain(`change.prod ${id}`);
    expect(await changing.work(id)).toEqual({ type: 'done' });

    expect(await outcomeOf(changing, id)).toMatchObject({ type: 'succeeded' });
    expect((await eventsOf(changing.world, id)).filter((type) => !/^(step|artifact)/.test(type))).toEqual([
      ...['requested', 'started', 'planned', 'voted', 'voted', 'approved', 'started', 'applying', 'ended'],
    ]);
    expect(changing.change.applied).toMatchObject([
      { attempt: 2, resumed: false, by: dana.user, approvedBy: [lee.user, sam.user] },
    ]);
    expect(changing.leases).toEqual([`acquire ${id}/2`, `release ${id}/2`]);
  });

  it('is planned in the lane of readings: it holds nobody up', async () => {
    const changing = aChanging();

    const id = await aWaitingChange(changing);

    expect(changing.world.queues.added).toContain(`read.prod ${id}`);
    expect(changing.world.queues.added).not.toContain(`change.prod ${id}`);
    expect(changing.change.applied).toEqual([]);
  });

  it('keeps its diff and checks beside the events, under the name of the plan', async () => {
    const changing = aChanging();

    const id = await aWaitingChange(changing);

    const { artifacts, plan } = await runOf(changing.world, id);
    const short = plan?.digest.slice(0, 8);
    expect(artifacts.map((each) => each.name)).toEqual([`plan-${short}.diff`, `checks-${short}.json`]);
  });

  it('that is refused by its own planning ends so', async () => {
    const changing = aChanging({
      change: { plan: () => ({ type: 'refused', reason: 'Argo CD owns it', nextStep: 'commit' }) },
    });
    const id = await accepted(changing.world, 'enable native-routing prod');

    await changing.work(id);

    expect(await outcomeOf(changing, id)).toMatchObject({ type: 'refused', reason: 'Argo CD owns it' });
  });

  it('that needs nobody goes ahead by itself', async () => {
    const changing = aChanging({ config: { clusters: [{ name: 'prod' }], policy: { rules: [{ approvals: 0 }] } } });
    const id = await accepted(changing.world, 'enable native-routing prod');

    await changing.work(id);

    expect(await outcomeOf(changing, id)).toBe('approved');
  });

  it('who voted is on record with team and plan', async () => {
    const changing = aChanging();
    const id = await aWaitingChange(changing);

    await vote(changing.world, `approve ${id} because of CHG-1`, lee);

    const { votes, plan } = await runOf(changing.world, id);
    expect(votes).toMatchObject([{ by: lee, verdict: 'approve', digest: plan?.digest, reason: 'because of CHG-1' }]);
  });
});

describe('a request', () => {
  it.each([
    { when: 'no rule fits', policy: { rules: [] }, want: 'no policy allows it' },
    { when: 'somebody else may ask', policy: rule({ request: { users: ['U02LEE'] } }), want: 'not among those' },
    { when: 'another channel is for it', policy: rule({ channels: ['C02X'] }), want: 'another channel' },
    { when: 'a reason is missing', policy: rule({ reason: 'required' }), want: 'needs a reason' },
    {
      when: 'no window is open',
      policy: rule({ windows: [{ days: ['sun'], from: '01:00', to: '03:00', timeZone: 'Europe/Berlin' }] }),
      want: 'maintenance windows only',
    },
  ])('is not accepted when $when', async ({ policy, want }) => {
    const { world } = aChanging({ config: { clusters: [{ name: 'prod' }], policy } });

    expect(await vote(world, 'enable native-routing prod', dana)).toContain(want);
    expect(await world.state.runs.recent({ limit: 5 })).toEqual([]);
  });

  it('is not accepted when its reason does not match', async () => {
    const policy = rule({ reason: { pattern: '^CHG-\\d+$' } });
    const { world } = aChanging({ config: { clusters: [{ name: 'prod' }], policy } });

    expect(await vote(world, 'enable native-routing prod --reason because', dana)).toContain('must match');
    await accepted(world, 'enable native-routing prod --reason CHG-4711');
  });

  it('is not accepted from another organisation, or while the cluster is frozen', async () => {
    const { world } = aChanging();

    expect(await vote(world, 'enable native-routing prod', guest)).toContain('other organisations');
    await vote(world, 'freeze prod incident 4711', kim);
    expect(await vote(world, 'enable native-routing prod', dana)).toContain('frozen by U04KIM');
  });
});

function rule(more: object) {
  return { rules: [{ approve: { users: ['U03SAM'] }, ...more }] };
}

type Click = {
  readonly when: string;
  readonly by: Actor;
  readonly before?: (changing: Changing, id: RunId) => Promise<unknown>;
  readonly line?: (id: RunId) => string;
  readonly want: string;
};

describe('a vote that does not count', () => {
  it.each<Click>([
    { when: 'it is the own request', by: dana, want: 'you asked for this change; prod needs 2 other people' },
    { when: 'the person may not approve', by: kim, want: 'not among those who may approve' },
    { when: 'the person is from elsewhere', by: guest, want: 'other organisations' },
    { when: 'the card is outdated', by: lee, line: (id) => `approve ${id} 0badc0de`, want: 'card is outdated' },
    {
      when: 'it is the second one',
      by: lee,
      before: ({ world }, id) => vote(world, `approve ${id}`, lee),
      want: 'approved run-',
    },
    {
      when: 'somebody holds it',
      by: lee,
      before: ({ world }, id) => vote(world, `hold ${id}`, kim),
      want: 'U04KIM holds',
    },
    {
      when: 'the cluster is frozen',
      by: lee,
      before: ({ world }) => vote(world, 'freeze prod', kim),
      want: 'frozen by U04KIM',
    },
    {
      when: 'everything is frozen',
      by: lee,
      before: ({ world }) => vote(world, 'freeze --all', kim),
      want: 'every cluster is frozen',
    },
    {
      when: 'the time is over',
      by: lee,
      before: async ({ world }) => world.clock.advance(31 * MINUTE_MS),
      want: 'expired at',
    },
    { when: 'it was rejected', by: lee, before: ({ world }, id) => vote(world, `reject ${id}`, sam), want: 'Too late' },
    {
      when: 'it was cancelled',
      by: lee,
      before: ({ world }, id) => vote(world, `cancel ${id}`, dana),
      want: 'Too late',
    },
    {
      when: 'nobody can look up the group',
      by: lee,
      before: async ({ world }) => world.members.clear(),
      want: 'look up the group',
    },
    { when: 'somebody without the right rejects', by: kim, line: (id) => `reject ${id}`, want: 'not among those' },
    { when: 'the requester rejects', by: dana, line: (id) => `reject ${id}`, want: 'cancel it instead' },
    { when: 'nobody holds it', by: kim, line: (id) => `unhold ${id}`, want: 'Nobody holds' },
    {
      when: 'the glass is not theirs to break',
      by: lee,
      line: (id) => `break-glass ${id} fire`,
      want: 'not among those',
    },
    {
      when: 'the glass is broken without a reason',
      by: root,
      line: (id) => `break-glass ${id}`,
      want: 'needs a reason',
    },
  ])('because $when is answered with that, and leaves nothing behind', async ({ by, before, line, want }) => {
    const changing = aChanging();
    const id = await aWaitingChange(changing);
    await before?.(changing, id);
    const votes = (await runOf(changing.world, id)).votes.length;

    expect(await vote(changing.world, line?.(id) ?? `approve ${id}`, by)).toContain(want);

    expect((await runOf(changing.world, id)).votes).toHaveLength(votes);
  });

  it('while the store cannot say whether the cluster is frozen', async () => {
    const changing = aChanging();
    const id = await aWaitingChange(changing);
    const { blobs } = changing.world.state;
    Object.assign(blobs, { get: () => Promise.reject(new OpsError('StoreUnavailable', 'the store is away')) });

    expect(await vote(changing.world, `approve ${id}`, lee)).toContain('the store is away');

    expect((await runOf(changing.world, id)).votes).toEqual([]);
  });

  it('when it comes after the last one', async () => {
    const changing = aChanging();
    const id = await approved(changing);

    expect(await vote(changing.world, `approve ${id}`, lee)).toContain('approved already');
    expect(await vote(changing.world, `reject ${id}`, lee)).toContain('approved already');
  });
});

describe('a hold', () => {
  it('of anybody stops the approval until whoever placed it releases it', async () => {
    const changing = aChanging();
    const { world } = changing;
    const id = await aWaitingChange(changing);
    await vote(world, `approve ${id}`, lee);
    await vote(world, `hold ${id} is the ETL window over?`, kim);

    expect(await vote(world, `approve ${id}`, sam)).toContain('U04KIM holds');
    expect(await vote(world, `unhold ${id}`, kim)).toContain('released');
    await vote(world, `approve ${id}`, sam);

    expect(await outcomeOf(changing, id)).toBe('approved');
  });

  it('may be released by an approver, not by anybody else', async () => {
    const { world, ...changing } = aChanging();
    const id = await aWaitingChange({ world, ...changing });
    await vote(world, `hold ${id}`, kim);

    expect(await vote(world, `unhold ${id}`, dana)).toContain('Not released');
    expect(await vote(world, `unhold ${id}`, sam)).toContain('released');
  });

  it('does not stop the time', async () => {
    const changing = aChanging();
    const id = await aWaitingChange(changing);
    await vote(changing.world, `hold ${id}`, kim);
    changing.world.clock.advance(30 * MINUTE_MS);

    await atDeadline(settling(changing), id);

    expect(await outcomeOf(changing, id)).toEqual({ type: 'expired' });
  });
});

describe('breaking the glass', () => {
  it('approves alone, and every approver is told with the reason', async () => {
    const changing = aChanging();
    const id = await aWaitingChange(changing);

    expect(await vote(changing.world, `break-glass ${id} prod is down`, root)).toContain('Every approver is told');

    const run = await runOf(changing.world, id);
    expect(run.now.state).toBe('approved');
    expect(run.votes).toMatchObject([{ breakGlass: true, reason: 'prod is down', tells: ['U03SAM', 'U02LEE'] }]);
  });
});

describe('time', () => {
  it('ends a plan that nobody approved, by a reminder that was queued with the plan', async () => {
    const changing = aChanging();
    const id = await aWaitingChange(changing);
    expect(changing.world.queues.added.some((each) => each.startsWith(`deadline ${id} 2026-11-23T15:50`))).toBe(true);
    changing.world.clock.advance(30 * MINUTE_MS - 1);
    expect(await atDeadline(settling(changing), id)).toEqual({ type: 'later', afterMs: 1 });
    changing.world.clock.advance(1);

    expect(await atDeadline(settling(changing), id)).toEqual({ type: 'done' });

    expect(await outcomeOf(changing, id)).toEqual({ type: 'expired' });
  });

  it('opens a window for what was approved before', async () => {
    const windows = [{ days: ['mon'], from: '22:00', to: '23:00', timeZone: 'UTC' }];
    const [base] = POLICY.policy.rules;
    const policy = { rules: [{ ...base, windows, outsideWindows: 'wait', expiresAfter: '2h' }] };
    const changing = aChanging({ config: { clusters: [{ name: 'prod' }], policy } });
    const id = await approved(changing);
    expect(await outcomeOf(changing, id)).toBe('awaiting-approval');
    const { plan } = await runOf(changing.world, id);
    expect(plan).toMatchObject({ opensAt: '2026-11-23T22:00:00.000Z', expiresAt: '2026-11-23T23:00:00.000Z' });
    changing.world.clock.advance(Date.parse('2026-11-23T22:00:00.000Z') - changing.world.clock.now().getTime());

    await atDeadline(settling(changing), id);

    expect(await outcomeOf(changing, id)).toBe('approved');
  });
});

describe('undoing', () => {
  it('needs one click of whoever asked for what is undone, for a day', async () => {
    const changing = aChanging();
    const first = await approved(changing);
    await changing.work(first);
    const { plan } = changing.change;
    changing.change.plan = () => ({ type: 'plan', plan: aPlan({ undoes: first }), artifacts: [] });

    const undo = await aWaitingChange(changing);
    await vote(changing.world, `approve ${undo}`, dana);

    expect(plan).toBeDefined();
    expect(await outcomeOf(changing, undo)).toBe('approved');
  });

  it('needs everybody again when it is older', async () => {
    const changing = aChanging();
    const first = await approved(changing);
    await changing.work(first);
    changing.world.clock.advance(25 * 60 * MINUTE_MS);
    changing.change.plan = () => ({ type: 'plan', plan: aPlan({ undoes: first }), artifacts: [] });

    const undo = await aWaitingChange(changing);

    expect(await vote(changing.world, `approve ${undo}`, dana)).toContain('you asked for this change');
  });
});

describe('a world that changed', () => {
  it('between approval and change voids the approval, says what, and asks again', async () => {
    const changing = aChanging();
    const id = await approved(changing);
    changing.change.plan = () => ({
      type: 'plan',
      plan: aPlan({ pinned: { 'Helm revision': '28', nodes: 'node1,node2,node3' } }),
      artifacts: [],
    });

    await changing.work(id);

    const run = await runOf(changing.world, id);
    expect(run.now).toMatchObject({ state: 'awaiting-approval', votes: [] });
    expect(run.voided?.changed).toEqual(['Helm revision: 27 → 28']);
    expect(changing.change.applied).toEqual([]);
    expect(changing.leases).toEqual([`acquire ${id}/2`, `release ${id}/2`]);
    await vote(changing.world, `approve ${id}`, lee);
    await vote(changing.world, `approve ${id}`, sam);
    await changing.work(id);
    expect(await outcomeOf(changing, id)).toMatchObject({ type: 'succeeded' });
  });

  it('and was approved again before the worker let go of its job is not left to the sweep', async () => {
    const changing = aChanging({ config: { clusters: [{ name: 'prod' }], policy: { rules: [{ approvals: 0 }] } } });
    const id = await accepted(changing.world, 'enable native-routing prod');
    await changing.work(id);
    changing.change.plan = () => ({ type: 'plan', plan: aPlan({ pinned: { nodes: '4' } }), artifacts: [] });

    expect(await changing.work(id)).toEqual({ type: 'later', afterMs: 0 });
  });

  it('and was frozen meanwhile is refused', async () => {
    const changing = aChanging();
    const id = await approved(changing);
    await vote(changing.world, 'freeze prod', kim);

    await changing.work(id);

    expect(await outcomeOf(changing, id)).toMatchObject({ type: 'refused', reason: expect.stringContaining('frozen') });
  });
});

describe('the lock', () => {
  it('is waited for a little while another change ends', async () => {
    const changing = aChanging();
    const id = await approved(changing);
    changing.locked.push(new OpsError('Locked', 'run-abcdef (attempt 1) is changing prod'));
    const working = changing.work(id);
    let over = false;
    const ended = working.then(() => {
      over = true;
    });

    const later = (): boolean => {
      changing.world.clock.advance(1_000);
      return over;
    };
    await expect.poll(later, { interval: 5 }).toBe(true);

    await ended;
    expect(await outcomeOf(changing, id)).toMatchObject({ type: 'succeeded' });
    expect((await runOf(changing.world, id)).steps[0]?.title).toContain('run-abcdef');
  });
});

describe('an attempt that finds the change begun', () => {
  it('goes on with it: no new plan, no new question', async () => {
    const changing = aChanging();
    const id = await approved(changing);
    const at = changing.world.clock.now().toISOString();
    const { approvedDigest: digest = '' } = await runOf(changing.world, id);
    for (const event of [
      { type: 'started', at, attempt: 2, worker: 'lost/2' },
      { type: 'applying', at, attempt: 2, digest },
    ] as const)
      expect(await record(changing.world.state.runs, id, event)).toMatchObject({ ok: true });
    changing.change.plan = () => {
      throw new Error('must not plan');
    };

    await changing.work(id);

    expect(changing.change.applied).toMatchObject([{ attempt: 3, resumed: true }]);
    expect(await outcomeOf(changing, id)).toMatchObject({ type: 'succeeded' });
  });

  it('and fails in a way that nobody foresaw says that the state is unknown, and the ways on', async () => {
    const changing = aChanging({
      change: {
        apply: async function* () {
          yield { type: 'step-started', step: 'upgrade', title: 'helm upgrade' };
          yield { type: 'step-ended', step: 'upgrade', result: 'ok', detail: 'revision 28' };
          throw new OpsError('ClusterUnreachable', 'prod does not answer');
        },
      },
    });
    const id = await approved(changing);

    await changing.work(id);

    expect(await outcomeOf(changing, id)).toMatchObject({
      type: 'unknown',
      lastProven: 'helm upgrade (revision 28)',
      why: 'prod does not answer',
    });
    const said = await replied(changing.world, `continue ${id}`);
    expect(said.next).toEqual([{ label: 'Ask again', command: 'enable native-routing prod' }]);
  });

  it('goes on while the store is away, and records everything when it is back', async () => {
    const changing = aChanging();
    const { world } = changing;
    const { runs } = world.state;
    const append = runs.append;
    changing.change.apply = async function* () {
      Object.assign(runs, { append: () => Promise.reject(new OpsError('StoreUnavailable', 'away')) });
      yield { type: 'step-started', step: 'upgrade', title: 'helm upgrade' };
      yield { type: 'step-ended', step: 'upgrade', result: 'ok' };
      Object.assign(runs, { append });
      return { outcome: { type: 'rolled-back', reason: 'x' }, data: null };
    };
    const id = await approved(changing);

    await changing.work(id);

    expect(await outcomeOf(changing, id)).toMatchObject({ type: 'rolled-back' });
    expect((await runOf(world, id)).steps.map((step) => step.step)).toContain('upgrade');
  });
});

describe('a cancel', () => {
  it('before the change began ends it at once', async () => {
    const changing = aChanging();
    const id = await approved(changing);

    await vote(changing.world, `cancel ${id}`, dana);
    await changing.work(id);

    expect(await outcomeOf(changing, id)).toMatchObject({ type: 'cancelled' });
    expect(changing.change.applied).toEqual([]);
  });

  it('of a change under way aborts nothing and is heard at the next safe point', async () => {
    const person = new AbortController();
    const changing = aChanging();
    changing.change.apply = async function* (context) {
      yield { type: 'step-started', step: 'agents', title: 'Agents' };
      const [{ run } = { run: undefined }] = await changing.world.state.runs.recent({ limit: 1 });
      await vote(changing.world, `cancel ${run}`, dana);
      person.abort({ type: 'person' });
      const stopped = await context.stopWanted();
      return { outcome: { type: 'rolled-back', reason: `${stopped} ${context.signal.aborted}` }, data: null };
    };
    const id = await approved(changing);

    await changing.work(id, person.signal);

    expect(await outcomeOf(changing, id)).toMatchObject({ type: 'rolled-back', reason: 'true false' });
  });

  it('of a change whose worker handed it back is left to the next worker', async () => {
    const stop = new AbortController();
    const changing = aChanging();
    changing.change.apply = async function* (context) {
      yield { type: 'step-started', step: 'agents', title: 'Agents' };
      stop.abort({ type: 'shutdown' });
      throw context.signal.reason;
    };
    const id = await approved(changing);
    expect(await changing.work(id, stop.signal)).toEqual({ type: 'returned' });

    await vote(changing.world, `cancel ${id}`, dana);

    expect(await outcomeOf(changing, id)).toBe('queued');
  });
});

describe('a crash', () => {
  const keepMs = 90 * 24 * 60 * MINUTE_MS;

  it('between the last vote and the approval is made up for by the sweep', async () => {
    const changing = aChanging();
    const { world } = changing;
    const id = await aWaitingChange(changing);
    const { plan } = await runOf(world, id);
    const at = world.clock.now().toISOString();
    for (const by of [lee, sam])
      await record(world.state.runs, id, { type: 'voted', at, by, verdict: 'approve', digest: plan?.digest ?? '' });

    await sweep({ ...settling(changing), keepMs }, 5 * MINUTE_MS);

    expect(await outcomeOf(changing, id)).toBe('approved');
    expect(world.queues.added).toContain(`change.prod ${id}`);
  });

  it('between the approval and the queue is made up for by the sweep', async () => {
    const changing = aChanging();
    const { world } = changing;
    const id = await aWaitingChange(changing);
    await vote(world, `approve ${id}`, lee);
    world.queues.break(new OpsError('QueueUnavailable', 'down'));
    await vote(world, `approve ${id}`, sam);
    world.queues.break(undefined);
    expect(world.queues.added).not.toContain(`change.prod ${id}`);

    await sweep({ ...settling(changing), keepMs }, 5 * MINUTE_MS);

    expect(world.queues.added).toContain(`change.prod ${id}`);
  });

  it('that lost the reminder does not keep a plan open', async () => {
    const changing = aChanging();
    const id = await aWaitingChange(changing);
    changing.world.clock.advance(31 * MINUTE_MS);

    await sweep({ ...settling(changing), keepMs }, 60 * MINUTE_MS);

    expect(await outcomeOf(changing, id)).toEqual({ type: 'expired' });
  });

  it('and a redelivered job in the wrong lane do not apply it twice', async () => {
    const changing = aChanging();
    const id = await approved(changing);
    const { execute } = await import('../../src/app/execute/execute.ts');

    await execute({ ...changing.deps, lane: 'read' }, id, new AbortController().signal);
    expect(changing.change.applied).toEqual([]);
    await Promise.all([changing.work(id), changing.work(id)]);

    const events = await eventsOf(changing.world, id);
    expect(events.filter((type) => type === 'ended')).toHaveLength(1);
    expect(events.filter((type) => type === 'applying')).toHaveLength(1);
  });
});

describe('any order of clicks', () => {
  const click = fc.constantFrom(
    ...(['approve', 'reject', 'hold', 'unhold', 'cancel'] as const).flatMap((verb) =>
      [dana, lee, sam, kim].map((by) => ({ verb, by })),
    ),
  );

  it('has exactly one outcome, and an answer for each', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(click, { minLength: 1, maxLength: 12 }), fc.scheduler(), async (clicks, scheduler) => {
        const changing = aChanging();
        const id = await aWaitingChange(changing);
        const { runs } = changing.world.state;
        const { append, read } = runs;
        Object.assign(runs, {
          append: async (...given: Parameters<typeof append>) => {
            await scheduler.schedule(Promise.resolve());
            return append(...given);
          },
          read: async (...given: Parameters<typeof read>) => {
            const events = await read(...given);
            await scheduler.schedule(Promise.resolve());
            return events;
          },
        });

        const answers = Promise.all(clicks.map(({ verb, by }) => vote(changing.world, `${verb} ${id}`, by)));
        await scheduler.waitFor(answers);

        Object.assign(runs, { append, read });
        for (const answer of await answers) expect(answer.length).toBeGreaterThan(10);
        await settle(settling(changing), id);
        const events = await eventsOf(changing.world, id);
        const decided = events.filter((type) => type === 'approved' || type === 'ended');
        const { votes, request } = await runOf(changing.world, id);
        expect(events.filter((type) => type === 'approved').length).toBeLessThanOrEqual(1);
        expect(events.filter((type) => type === 'ended').length).toBeLessThanOrEqual(1);
        if (events.includes('approved'))
          expect(new Set(votes.filter((each) => each.verdict === 'approve').map((each) => each.by.user)).size).toBe(2);
        expect(votes.some((each) => each.verdict === 'approve' && each.by.user === request.by.user)).toBe(false);
        expect(decided.at(-1) === undefined || decided.at(-1) === 'ended' || decided.at(-1) === 'approved').toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
