import { describe, expect, it } from 'vitest';
import { record } from '../../src/app/record.ts';
import { Origin } from '../../src/core/actor.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { RunId } from '../../src/core/ids.ts';
import type { State } from '../../src/core/ports/ports.ts';
import { Outcome } from '../../src/core/run/outcome.ts';
import { renderReply } from '../../src/render/reply-message.ts';
import { expectGoodMessage } from '../render/slack-rules.ts';
import { accepted, aWorld, eventsOf, fine, lee, replied, runOf, type World } from './world.ts';

const now = (world: World): string => world.clock.now().toISOString();

async function started(world: World, id: RunId): Promise<void> {
  await record(world.state.runs, id, { type: 'started', at: now(world), attempt: 1, worker: 'host/1' });
}

async function ended(world: World, id: RunId, outcome: Outcome = fine): Promise<void> {
  await record(world.state.runs, id, { type: 'ended', at: now(world), outcome });
}

const RESTRICTED = { clusters: [{ name: 'prod', channels: ['C01OPS'] }, { name: 'dev' }] };
const elsewhere = Origin.parse({ type: 'slack', channel: 'C02OTHER', via: 'slash' });

describe('cancel', () => {
  it('ends a run that nobody works on', async () => {
    const world = aWorld();
    const id = await accepted(world, 'status');

    const reply = await replied(world, `cancel ${id}`, { by: lee });

    expect(reply).toMatchObject({ mark: 'ok', text: `${id} is cancelled; nothing had started` });
    expect((await runOf(world, id)).now).toMatchObject({ outcome: { type: 'cancelled', by: lee } });
    expect(world.queues.added.slice(2)).toContain(`render ${id}`);
  });

  it('tells the worker of a run that is under way, and lets it end the run', async () => {
    const world = aWorld();
    const id = await accepted(world, 'status');
    await started(world, id);

    const reply = await replied(world, `cancel ${id}`);

    expect(reply.text).toBe(`${id}: asked its worker to stop`);
    expect(world.queues.cancelled).toEqual([id]);
    expect((await runOf(world, id)).now.state).toBe('running');
  });

  it('meets a worker that begins at that moment: the worker is told, the run is not ended under it', async () => {
    let race: (() => Promise<void>) | undefined;
    const world = aWorld({
      state: (real) => {
        const append: State['runs']['append'] = async (run, seq, event) => {
          const first = event.type === 'ended' ? race : undefined;
          race = first ? undefined : race;
          await first?.();
          return real.runs.append(run, seq, event);
        };
        return { ...real, runs: { ...real.runs, append } };
      },
    });
    const id = await accepted(world, 'status');
    race = () => started(world, id);

    const reply = await replied(world, `cancel ${id}`);

    expect(reply.text).toBe(`${id}: asked its worker to stop`);
    expect(await eventsOf(world, id)).toEqual(['requested', 'cancel-requested', 'started']);
  });

  it('by two at once is one cancel', async () => {
    const world = aWorld();
    const id = await accepted(world, 'status');

    const replies = await Promise.all([1, 2].map(() => replied(world, `cancel ${id}`)));

    expect((await eventsOf(world, id)).filter((type) => type !== 'requested')).toEqual(['cancel-requested', 'ended']);
    expect(replies.filter((reply) => reply.mark === 'ok')).toHaveLength(1);
  });

  it('of a run that has ended says how it ended', async () => {
    const world = aWorld();
    const id = await accepted(world, 'status');
    await ended(world, id);

    expect((await replied(world, `cancel ${id}`)).text).toBe(`${id} was not cancelled: the run has ended (succeeded)`);
  });

  it('is on record when the queue is down, and says so', async () => {
    const world = aWorld();
    const id = await accepted(world, 'status');
    await started(world, id);
    world.queues.break(new OpsError('QueueUnavailable', 'down'));

    expect((await replied(world, `cancel ${id}`)).mark).toBe('ok');

    expect(await eventsOf(world, id)).toContain('cancel-requested');
  });

  it.each(['cancel', 'cancel run-', 'cancel everything'])('"%s" asks which run', async (line) => {
    expect((await replied(aWorld(), line)).text).toContain('Which run?');
  });

  it('takes an id that was typed in capitals', async () => {
    const world = aWorld();
    const id = await accepted(world, 'status');

    expect((await replied(world, `cancel ${id.toUpperCase()}`)).mark).toBe('ok');
  });

  it('does not reach the runs of another channel', async () => {
    const world = aWorld({ config: RESTRICTED });
    const id = await accepted(world, 'status prod');

    const reply = await replied(world, `cancel ${id}`, { origin: elsewhere });

    expect(reply.text).toBe(`There is no run ${id} here`);
    expect(await eventsOf(world, id)).toEqual(['requested']);
  });

  it('is refused from people of other organisations', async () => {
    const world = aWorld();
    const id = await accepted(world, 'status');

    expect((await replied(world, `cancel ${id}`, { by: { ...lee, external: true } })).text).toContain('Not allowed');
    expect(await eventsOf(world, id)).toEqual(['requested']);
  });
});

describe('show', () => {
  it('says what the report said, to the one who asks', async () => {
    const world = aWorld();
    const id = await accepted(world, 'status prod');
    await ended(world, id);

    const reply = await replied(world, `show ${id}`);

    expect(reply).toMatchObject({ mark: 'ok', text: 'Cilium on prod is healthy' });
    const at = world.clock.now().toISOString();
    expect(reply.lines).toEqual([
      { text: 'Agents 3/3' },
      { text: 'Look at: 5 pods are not managed' },
      { label: `${id} on prod`, code: 'status prod' },
      { label: 'Asked', at, text: 'by U01DANA' },
      { label: 'Ended', at },
    ]);
    expect(reply.next).toEqual([{ label: 'Re-run', command: 'status prod' }]);
  });

  it('offers to stop a run that is under way', async () => {
    const world = aWorld();
    const id = await accepted(world, 'status');
    await started(world, id);

    const reply = await replied(world, `show ${id}`);

    expect(reply).toMatchObject({ mark: 'running', text: 'prod: status · running' });
    expect(reply.next).toEqual([{ label: 'Cancel', command: `cancel ${id}` }]);
  });

  const by = { user: 'U01DANA' };
  it.each([
    { outcome: { type: 'failed', code: 'Forbidden', message: 'may not <!channel>', nextStep: 'ask' }, want: 'failed' },
    { outcome: { type: 'refused', reason: 'too late' }, want: 'refused' },
    { outcome: { type: 'rejected', by, reason: 'no' }, want: 'rejected' },
    { outcome: { type: 'expired' }, want: 'expired' },
    { outcome: { type: 'cancelled', by }, want: 'cancelled' },
    { outcome: { type: 'timed-out', afterMs: 30_000, lastStep: 'Ask' }, want: 'timed out after 30 s' },
    { outcome: { type: 'rolled-back', reason: 'x' }, want: 'undone' },
    { outcome: { type: 'unknown', since: 'x', lastProven: 'y', why: 'z' }, want: 'state unknown' },
  ])('knows a run that is "$want"', async ({ outcome, want }) => {
    const world = aWorld();
    const id = await accepted(world, 'status');
    await ended(world, id, Outcome.parse(outcome));

    const reply = await replied(world, `show ${id}`);

    expect(reply.text).toContain(want);
    expectGoodMessage(renderReply(reply));
  });

  it('has no result to share while there is none', async () => {
    const world = aWorld();
    const id = await accepted(world, 'status');

    expect((await replied(world, `show ${id} --json`)).text).toContain('it has not ended yet');
  });

  it('does not tell of the runs of another channel', async () => {
    const world = aWorld({ config: RESTRICTED });
    const id = await accepted(world, 'status prod');

    for (const line of [`show ${id}`, `show ${id} --json`, 'show run-000000'])
      expect((await replied(world, line, { origin: elsewhere })).text).toMatch(/^There is no run run-\w+ here$/);
  });
});

describe('an answer', () => {
  it('does not wait for a store that hangs', { timeout: 5_000 }, async () => {
    const world = aWorld({
      state: (real) => ({ ...real, runs: { ...real.runs, read: () => new Promise(() => undefined) } }),
    });

    expect((await replied(world, 'show run-7f3k2q')).text).toContain('did not answer in time');
  });
});
