import { describe, expect, it } from 'vitest';
import { publish } from '../../src/app/publish/publish.ts';
import type { PublishDeps } from '../../src/app/publish/publishing.ts';
import { Actor, Origin } from '../../src/core/actor.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { RunId } from '../../src/core/ids.ts';
import type { RenderedRun } from '../../src/core/ports/chat.ts';
import type { Run } from '../../src/core/run/run.ts';
import { renderRun } from '../../src/render/run-message.ts';
import { createFakeChat, type FakeChat } from '../support/fake-chat.ts';
import { aChanging, aPlan, aWaitingChange, type Changing } from './changing.ts';
import { accepted, dana, lee, replied } from './world.ts';

/** What people are told in person: an edit in a channel notifies nobody. */
const sam = Actor.parse({ user: 'U03SAM', team: 'T01HOME' });
const kim = Actor.parse({ user: 'U04KIM', team: 'T01HOME' });
const root = Actor.parse({ user: 'U05ROOT', team: 'T01HOME' });

type Desk = Changing & { readonly chat: FakeChat; readonly deps: Changing['deps'] & PublishDeps };

function aDesk(more: Parameters<typeof aChanging>[0] = {}): Desk {
  const changing = aChanging(more);
  const chat = createFakeChat();
  const render = (run: Run): RenderedRun => renderRun(run, { now: changing.world.clock.now(), uploads: true });
  return { ...changing, chat, deps: { ...changing.deps, ...changing.world, chat, render } };
}

async function typed({ world }: Desk, line: string, by: Actor): Promise<void> {
  await replied(world, line, { by });
}

/** Asked by dana, approved by lee and sam, applied. */
async function ended(desk: Desk): Promise<RunId> {
  const id = await aWaitingChange(desk);
  await typed(desk, `approve ${id}`, lee);
  await typed(desk, `approve ${id}`, sam);
  await desk.work(id);
  return id;
}

const told = ({ chat }: Desk) => chat.directs.map(({ user }) => user).sort();

describe('people are told how a change ended', () => {
  it('whoever asked and whoever voted, with the run to look at', async () => {
    const desk = aDesk();
    const id = await ended(desk);

    await publish(desk.deps, id);

    expect(told(desk)).toEqual(['U01DANA', 'U02LEE', 'U03SAM']);
    for (const { text } of desk.chat.directs) expect(text).toContain(id);
  });

  it('once, however often it is published', async () => {
    const desk = aDesk();
    const id = await ended(desk);

    for (const _ of [1, 2, 3]) await publish(desk.deps, id);

    expect(told(desk)).toEqual(['U01DANA', 'U02LEE', 'U03SAM']);
  });

  it('and nobody before it has ended', async () => {
    const desk = aDesk();
    const id = await aWaitingChange(desk);
    await typed(desk, `approve ${id}`, lee);

    await publish(desk.deps, id);

    expect(told(desk)).toEqual([]);
  });

  it.each([
    { how: 'rejected', line: 'reject', by: sam, want: ['U01DANA', 'U03SAM'] },
    { how: 'cancelled by whoever asked', line: 'cancel', by: dana, want: ['U01DANA'] },
    { how: 'held and expired', line: 'hold', by: kim, want: ['U01DANA', 'U04KIM'] },
  ])('$how as well', async ({ line, by, want }) => {
    const desk = aDesk();
    const id = await aWaitingChange(desk);
    await typed(desk, `${line} ${id}`, by);
    desk.world.clock.advance(60 * 60_000);
    // A late click is when it is noticed that the time is over.
    await typed(desk, `approve ${id}`, lee);

    await publish(desk.deps, id);

    expect(told(desk)).toEqual(want);
  });

  it('also when the plan was made again: those who agreed to the one that counted', async () => {
    const desk = aDesk();
    const id = await aWaitingChange(desk);
    await typed(desk, `approve ${id}`, lee);
    await typed(desk, `approve ${id}`, sam);
    desk.change.plan = () => ({ type: 'plan', plan: aPlan({ pinned: { nodes: '4' } }), artifacts: [] });
    await desk.work(id);
    await publish(desk.deps, id);
    expect(told(desk)).toEqual([]);
    // Nothing was published while they voted: the record is complete all the same, and in order.
    const thread = desk.chat.messages().map(({ text }) => text.split('\n')[0] ?? '');
    const record = thread.filter((line) => /approved at|world changed/.test(line));
    expect(record).toEqual([
      expect.stringContaining('U02LEE'),
      expect.stringContaining('U03SAM'),
      expect.stringContaining('The world changed'),
    ]);

    await typed(desk, `reject ${id}`, lee);
    await publish(desk.deps, id);

    expect(told(desk)).toEqual(['U01DANA', 'U02LEE']);
  });

  it('not after a read: its thread is enough', async () => {
    const desk = aDesk();
    const id = await accepted(desk.world, 'status');
    await desk.work(id);

    await publish(desk.deps, id);

    expect(desk.chat.messages()).not.toEqual([]);
    expect(desk.chat.calls).not.toContain('tell');
  });

  it('not when it was asked in a terminal: nobody of Slack is in it', async () => {
    const desk = aDesk();
    const id = await accepted(desk.world, 'status', { origin: Origin.parse({ type: 'terminal' }) });
    await desk.work(id);

    await publish(desk.deps, id);

    expect(desk.chat.calls).toEqual([]);
  });
});

describe('a person who cannot be reached', () => {
  it.each([
    new OpsError('SlackRefused', 'Slack refuses the message (messages_tab_disabled)'),
    new OpsError('NotInChannel', 'Slack refuses the message (channel_not_found)'),
  ])('does not keep the others from hearing it, and is not tried again ($code)', async (error) => {
    const desk = aDesk();
    const id = await ended(desk);
    desk.chat.fail('tell', error);

    expect(await publish(desk.deps, id)).toEqual({ type: 'done' });
    await publish(desk.deps, id);

    expect(told(desk)).toEqual(['U02LEE', 'U03SAM']);
    expect(desk.chat.calls.filter((call) => call === 'tell')).toHaveLength(3);
  });
});

describe('a message that does not go out now', () => {
  it('because Slack asks to wait goes out later, and nobody hears it twice', async () => {
    const desk = aDesk();
    const id = await ended(desk);
    const { tell } = desk.chat;
    let calls = 0;
    const chat: FakeChat = {
      ...desk.chat,
      tell: async (...args) => {
        calls += 1;
        if (calls === 2) throw new OpsError('SlackRateLimited', 'slow down', { retryAfterMs: 7_000 });
        await tell(...args);
      },
    };

    expect(await publish({ ...desk.deps, chat }, id)).toEqual({ type: 'later', afterMs: 7_000 });
    expect(told(desk)).toEqual(['U01DANA']);
    await publish({ ...desk.deps, chat }, id);

    expect(told(desk)).toEqual(['U01DANA', 'U02LEE', 'U03SAM']);
  });

  it('because the bot died between two people goes out from the next bot, to those who are left', async () => {
    const desk = aDesk();
    const id = await ended(desk);
    const { put } = desk.world.state.blobs;
    let isDead = false;
    const dying: PublishDeps['state'] = {
      ...desk.world.state,
      blobs: {
        ...desk.world.state.blobs,
        put: async (key, bytes, options) => {
          if (isDead) throw new Error('the process is gone');
          await put(key, bytes, options);
          isDead = desk.chat.directs.length === 1;
        },
      },
    };

    await expect(publish({ ...desk.deps, state: dying }, id)).rejects.toThrow('gone');
    await publish(desk.deps, id);

    const heard = told(desk);
    // Between a message and its record nothing can exclude a second one; everybody else hears it once.
    expect([...new Set(heard)]).toEqual(['U01DANA', 'U02LEE', 'U03SAM']);
    expect(heard).toEqual(['U01DANA', 'U02LEE', 'U02LEE', 'U03SAM']);
  });
});

describe('a broken glass', () => {
  it('is told to every approver, with person and reason, before the change has ended', async () => {
    const desk = aDesk();
    const id = await aWaitingChange(desk);
    await typed(desk, `break-glass ${id} prod is down`, root);

    await publish(desk.deps, id);
    await publish(desk.deps, id);

    expect(told(desk)).toEqual(['U02LEE', 'U03SAM']);
    expect(desk.chat.directs[0]?.text).toContain('prod is down');
  });

  it('that is broken again, for another plan, is told again', async () => {
    const desk = aDesk();
    const id = await aWaitingChange(desk);
    await typed(desk, `break-glass ${id} prod is down`, root);
    await publish(desk.deps, id);
    desk.change.plan = () => ({ type: 'plan', plan: aPlan({ pinned: { nodes: '4' } }), artifacts: [] });
    await desk.work(id);
    desk.world.clock.advance(1_000);
    await typed(desk, `break-glass ${id} still down`, root);

    await publish(desk.deps, id);

    expect(told(desk)).toEqual(['U02LEE', 'U02LEE', 'U03SAM', 'U03SAM']);
  });
});
