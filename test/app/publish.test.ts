import { describe, expect, it } from 'vitest';
import { publish } from '../../src/app/publish/publish.ts';
import type { PublishDeps } from '../../src/app/publish/publishing.ts';
import { keepResponseUrl } from '../../src/app/publish/response-url.ts';
import { record } from '../../src/app/record.ts';
import { Origin } from '../../src/core/actor.ts';
import { DAY_MS, MINUTE_MS } from '../../src/core/clock.ts';
import { OpsError } from '../../src/core/errors.ts';
import { RunId } from '../../src/core/ids.ts';
import type { RenderedRun } from '../../src/core/ports/chat.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import type { Run } from '../../src/core/run/run.ts';
import { renderRun } from '../../src/render/run-message.ts';
import { createFakeChat, type FakeChat } from '../support/fake-chat.ts';
import { type Asking, accepted, aWorld, dana, fine, replied, type World } from './world.ts';

type Desk = { readonly world: World; readonly chat: FakeChat; readonly deps: PublishDeps; readonly id: RunId };

async function aDesk(more: Partial<PublishDeps> & { readonly asking?: Asking } = {}): Promise<Desk> {
  const world = aWorld();
  const chat = createFakeChat();
  const id = await accepted(world, 'status', more.asking);
  const render = (run: Run): RenderedRun => renderRun(run, { now: world.clock.now(), uploads: true });
  return { world, chat, id, deps: { ...world, chat, render, ...more } };
}

/** An event without its time. */
type Happening = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, 'at'> : never) : never;

async function happens({ world, id }: Pick<Desk, 'world' | 'id'>, event: Happening): Promise<void> {
  const recorded = await record(world.state.runs, id, { ...event, at: world.clock.now().toISOString() } as RunEvent);
  expect(recorded.ok).toBe(true);
}

const starts: Happening = { type: 'started', attempt: 1, worker: 'host/1' };
const ends: Happening = { type: 'ended', outcome: fine };

function counted(done: number): Happening {
  return { type: 'counted', attempt: 1, step: 'ask', done, total: 100 };
}

const parentOf = ({ chat }: Desk) => chat.messages()[0];

describe('a run in Slack', () => {
  it('begins with its parent message', async () => {
    const desk = await aDesk();

    expect(await publish(desk.deps, desk.id)).toEqual({ type: 'done' });

    expect(desk.chat.messages()).toMatchObject([{ channel: 'C01OPS', edits: 0 }]);
    expect(parentOf(desk)?.text).toContain('waiting for a worker');
  });

  it('is brought up to where it is, however many events were missed', async () => {
    const desk = await aDesk();
    await happens(desk, starts);
    await happens(desk, ends);

    await publish(desk.deps, desk.id);

    expect(desk.chat.calls).toEqual(['post']);
    expect(parentOf(desk)?.text).toContain('Cilium on prod is healthy');
  });

  it('is left alone while nothing changed', async () => {
    const desk = await aDesk();
    for (const _ of [1, 2, 3]) expect(await publish(desk.deps, desk.id)).toEqual({ type: 'done' });

    expect(desk.chat.calls).toEqual(['post']);
  });

  it('is edited in place', async () => {
    const desk = await aDesk();
    await publish(desk.deps, desk.id);
    await happens(desk, starts);
    await publish(desk.deps, desk.id);

    expect(desk.chat.messages()).toHaveLength(1);
    expect(parentOf(desk)).toMatchObject({ edits: 1, text: expect.stringContaining('running') });
  });

  it('gets its replies once, in its thread', async () => {
    const desk = await aDesk();
    await happens(desk, starts);
    await happens(desk, { type: 'started', attempt: 2, worker: 'host/2' });
    await publish(desk.deps, desk.id);
    await happens(desk, ends);
    for (const _ of [1, 2]) await publish(desk.deps, desk.id);

    const [parent, ...replies] = desk.chat.messages();
    expect(replies.filter((each) => each.text.includes('Attempt 1 ended early'))).toHaveLength(1);
    expect(new Set(replies.map((each) => each.threadTs))).toEqual(new Set([parent?.ts]));
  });

  it('stays in the thread where it was asked', async () => {
    const chat = createFakeChat();
    const asked = await chat.post(
      { channel: dana.user as never, run: RunId.parse('run-000000') },
      { text: 'hm', blocks: [] },
    );
    const origin = Origin.parse({ type: 'slack', channel: 'C01OPS', via: 'mention', threadTs: asked });
    const desk = await aDesk({ chat, asking: { origin } });

    await publish(desk.deps, desk.id);

    expect(chat.messages()[1]?.threadTs).toBe(asked);
  });

  it('of the terminal is not in Slack', async () => {
    const desk = await aDesk({ asking: { origin: { type: 'terminal' } } });

    expect(await publish(desk.deps, desk.id)).toEqual({ type: 'done' });

    expect(desk.chat.calls).toEqual([]);
  });

  it('that was removed meanwhile is not tried again', async () => {
    const desk = await aDesk();
    await desk.world.state.runs.prune(new Date('2030-01-01'), 10);

    expect(await publish(desk.deps, desk.id)).toEqual({ type: 'done' });
  });

  it('gets at worst a second parent when the bot dies between post and record', async () => {
    const desk = await aDesk();
    const { blobs } = desk.world.state;
    const dying = { ...desk.world.state, blobs: { ...blobs, put: () => Promise.reject(new Error('killed')) } };
    await expect(publish({ ...desk.deps, state: dying }, desk.id)).rejects.toThrow('killed');

    for (const _ of [1, 2]) await publish(desk.deps, desk.id);

    expect(desk.chat.messages()).toHaveLength(2);
  });
});

describe('edits', () => {
  async function running(): Promise<Desk> {
    const desk = await aDesk();
    await happens(desk, starts);
    await happens(desk, { type: 'step-started', attempt: 1, step: 'ask', title: 'Ask the agents' });
    await publish(desk.deps, desk.id);
    return desk;
  }

  it('that only show progress are 5 s apart', async () => {
    const desk = await running();
    desk.world.clock.advance(2_000);
    await happens(desk, counted(10));

    expect(await publish(desk.deps, desk.id)).toEqual({ type: 'later', afterMs: 3_000 });
    expect(parentOf(desk)?.edits).toBe(0);

    desk.world.clock.advance(3_000);
    expect(await publish(desk.deps, desk.id)).toEqual({ type: 'done' });
    expect(parentOf(desk)?.edits).toBe(1);
  });

  it('do not wait when the state changes', async () => {
    const desk = await running();
    await happens(desk, ends);

    expect(await publish(desk.deps, desk.id)).toEqual({ type: 'done' });

    expect(parentOf(desk)?.text).toContain('healthy');
  });

  it('do not wait to say that a wish to stop was heard', async () => {
    const desk = await running();
    await happens(desk, { type: 'cancel-requested', by: dana });

    await publish(desk.deps, desk.id);

    expect(parentOf(desk)?.text).toContain('Cancel requested');
  });

  it('of a reply that shows progress are 5 s apart as well', async () => {
    let text = 'first';
    const desk = await aDesk();
    const render = (): RenderedRun => ({
      parent: { text: 'parent', blocks: [] },
      replies: [
        { key: 'progress', editable: true, message: { text, blocks: [] } },
        { key: 'after', editable: false, message: { text: `${text} fact`, blocks: [] } },
      ],
    });
    await publish({ ...desk.deps, render }, desk.id);
    text = 'second';

    expect(await publish({ ...desk.deps, render }, desk.id)).toEqual({ type: 'later', afterMs: 5_000 });

    expect(desk.chat.messages().map((each) => each.text)).toEqual(['parent', 'first', 'first fact']);
  });

  it('are 40 a minute for the workspace, and ten of them are kept for endings', async () => {
    const world = aWorld();
    const chat = createFakeChat();
    const deps: PublishDeps = { ...world, chat, render: (run) => renderRun(run) };
    const ids: RunId[] = [];
    for (let run = 0; run < 45; run += 1) {
      const id = await accepted(world, 'status');
      await publish(deps, id);
      ids.push(id);
    }
    for (const id of ids) {
      await happens({ world, id }, starts);
      await publish(deps, id);
    }
    expect(chat.calls.filter((call) => call === 'update')).toHaveLength(30);

    const said = [];
    for (const id of ids) {
      await happens({ world, id }, ends);
      said.push((await publish(deps, id)).type);
    }

    expect(chat.calls.filter((call) => call === 'update')).toHaveLength(40);
    expect(said.filter((each) => each === 'later')).toHaveLength(35);
    // Nothing is lost: a minute later the others are brought up.
    for (let minute = 0; minute < 2; minute += 1) {
      world.clock.advance(MINUTE_MS);
      for (const id of ids) await publish(deps, id);
    }
    const parents = chat.messages().filter((each) => each.threadTs === undefined);
    expect(parents.filter((each) => each.text.includes('healthy'))).toHaveLength(45);
  });
});

describe('when Slack', () => {
  it('asks to wait, the run comes back then', async () => {
    const desk = await aDesk();
    desk.chat.fail('post', new OpsError('SlackRateLimited', 'wait', { retryAfterMs: 7_000 }));

    expect(await publish(desk.deps, desk.id)).toEqual({ type: 'later', afterMs: 7_000 });
    expect(await publish(desk.deps, desk.id)).toEqual({ type: 'done' });

    expect(desk.chat.messages()).toHaveLength(1);
  });

  it.each(['SlackUnavailable', 'SlackRefused'] as const)(
    'answers %s, the queue tries again and nothing is lost',
    async (code) => {
      const desk = await aDesk();
      await publish(desk.deps, desk.id);
      await happens(desk, starts);
      await happens(desk, ends);
      desk.chat.fail('update', new OpsError(code, 'no'));

      await expect(publish(desk.deps, desk.id)).rejects.toMatchObject({ code });
      await publish(desk.deps, desk.id);

      expect(desk.chat.messages()).toHaveLength(1);
      expect(parentOf(desk)?.text).toContain('healthy');
    },
  );

  it('goes away between two replies, the first is not posted again', async () => {
    const desk = await aDesk({
      render: () => ({
        parent: { text: 'parent', blocks: [] },
        replies: ['a', 'b'].map((key) => ({ key, editable: false, message: { text: key, blocks: [] } })),
      }),
    });
    const { post } = desk.chat;
    let posts = 0;
    const flaky: PublishDeps['chat'] = {
      ...desk.chat,
      post: async (to, message) => {
        posts += 1;
        if (posts === 3) throw new OpsError('SlackUnavailable', 'gone');
        return post(to, message);
      },
    };

    await expect(publish({ ...desk.deps, chat: flaky }, desk.id)).rejects.toThrow('gone');
    await publish({ ...desk.deps, chat: flaky }, desk.id);

    expect(desk.chat.messages().map((each) => each.text)).toEqual(['parent', 'a', 'b']);
  });

  it('refuses a run for a day, it is given up', async () => {
    const desk = await aDesk();
    desk.chat.fail('post', new OpsError('SlackRefused', 'invalid_auth'));
    desk.world.clock.advance(DAY_MS + 1);

    expect(await publish(desk.deps, desk.id)).toEqual({ type: 'done' });
  });

  it('does not let us into the channel, the person is told once and nobody is bothered again', async () => {
    const desk = await aDesk();
    await keepResponseUrl(desk.world.state.blobs, desk.id, 'https://slack.test/answer');
    desk.chat.fail('post', new OpsError('NotInChannel', 'I cannot write in this channel', { nextStep: 'Invite me' }));

    for (const _ of [1, 2, 3]) expect(await publish(desk.deps, desk.id)).toEqual({ type: 'done' });

    expect(desk.chat.calls).toEqual(['post', 'whisper']);
    expect(desk.chat.whispers).toMatchObject([
      { url: 'https://slack.test/answer', reply: { text: 'It did not happen: I cannot write in this channel' } },
    ]);
  });

  it('cannot even whisper, that is tried again', async () => {
    const desk = await aDesk();
    await keepResponseUrl(desk.world.state.blobs, desk.id, 'https://slack.test/answer');
    const notIn = new OpsError('NotInChannel', 'no');
    desk.chat.fail('post', notIn, notIn);
    desk.chat.fail('whisper', new OpsError('SlackUnavailable', 'down'));

    await expect(publish(desk.deps, desk.id)).rejects.toMatchObject({ code: 'SlackUnavailable' });
    expect(await publish(desk.deps, desk.id)).toEqual({ type: 'done' });

    expect(desk.chat.whispers).toHaveLength(1);
  });

  it('lost our message to somebody who deleted it, the run gets a new one', async () => {
    const desk = await aDesk();
    await publish(desk.deps, desk.id);
    desk.chat.remove(parentOf(desk)?.ts ?? '');
    await happens(desk, ends);

    expect(await publish(desk.deps, desk.id)).toEqual({ type: 'later', afterMs: 0 });
    expect(await publish(desk.deps, desk.id)).toEqual({ type: 'done' });

    expect(desk.chat.messages()).toHaveLength(1);
    expect(parentOf(desk)?.text).toContain('healthy');
  });

  it('lost the thread where it was asked, the run goes to the channel', async () => {
    const origin = Origin.parse({ type: 'slack', channel: 'C01OPS', via: 'mention', threadTs: '1.2' });
    const desk = await aDesk({ asking: { origin } });

    expect(await publish(desk.deps, desk.id)).toEqual({ type: 'later', afterMs: 0 });
    expect(await publish(desk.deps, desk.id)).toEqual({ type: 'done' });

    expect(parentOf(desk)).toMatchObject({ channel: 'C01OPS' });
    expect(parentOf(desk)?.threadTs).toBeUndefined();
  });
});

describe('files', () => {
  async function ended(names: readonly string[]): Promise<Desk> {
    const desk = await aDesk();
    await happens(desk, starts);
    for (const name of names) {
      const key = `${desk.id}/${name}`;
      await desk.world.state.blobs.put(key, new TextEncoder().encode(`bytes of ${name}`));
      await happens(desk, {
        type: 'artifact',
        attempt: 1,
        name,
        title: name,
        mimetype: 'text/plain',
        key,
        sizeBytes: 9,
      });
    }
    await happens(desk, ends);
    await publish(desk.deps, desk.id);
    return desk;
  }
  const filesIn = (desk: Desk) => desk.chat.messages().flatMap((each) => each.file?.name ?? []);

  it('go into the thread once, with their bytes', async () => {
    const desk = await ended(['chart.png']);
    await publish(desk.deps, desk.id);

    expect(filesIn(desk)).toEqual(['chart.png']);
    const shared = desk.chat.messages().find((each) => each.file);
    expect(shared?.threadTs).toBe(parentOf(desk)?.ts);
    expect(new TextDecoder().decode(shared?.file?.bytes)).toBe('bytes of chart.png');
  });

  it('with the raw result stay out of the thread until somebody asks', async () => {
    const desk = await ended(['result.json']);
    expect(filesIn(desk)).toEqual([]);

    const reply = await replied(desk.world, `show ${desk.id} --json`);
    expect(reply.text).toBe(`result.json goes into the thread of ${desk.id}`);
    expect(desk.world.queues.added.at(-1)).toBe(`render ${desk.id}`);
    for (const _ of [1, 2]) await publish(desk.deps, desk.id);

    expect(filesIn(desk)).toEqual(['result.json']);
    expect((await replied(desk.world, `show ${desk.id} --json`)).text).toContain('already');
  });

  it('that may not be uploaded are named in the thread, and the run goes on', async () => {
    const desk = await aDesk();
    desk.chat.fail('upload', new OpsError('UploadRefused', 'file uploads are disabled in this workspace'));
    const key = `${desk.id}/chart.png`;
    await desk.world.state.blobs.put(key, new Uint8Array([1]));
    await happens(desk, starts);
    await happens(desk, {
      type: 'artifact',
      attempt: 1,
      name: 'chart.png',
      title: 'Chart',
      mimetype: 'image/png',
      key,
      sizeBytes: 1,
    });
    await happens(desk, ends);

    for (const _ of [1, 2]) expect(await publish(desk.deps, desk.id)).toEqual({ type: 'done' });

    const told = desk.chat.messages().filter((each) => each.text.includes('chart.png'));
    expect(told).toHaveLength(1);
    expect(told[0]?.text).toContain('Not attached: file uploads are disabled in this workspace');
    expect(desk.chat.calls.filter((call) => call === 'upload')).toHaveLength(1);
  });

  it('whose bytes are gone are named as well', async () => {
    const desk = await aDesk();
    await happens(desk, starts);
    const key = `${desk.id}/gone.txt`;
    await happens(desk, {
      type: 'artifact',
      attempt: 1,
      name: 'gone.txt',
      title: 'Gone',
      mimetype: 'text/plain',
      key,
      sizeBytes: 1,
    });
    await happens(desk, ends);

    await publish(desk.deps, desk.id);

    expect(desk.chat.messages().some((each) => each.text.includes('Not attached: it is no longer kept'))).toBe(true);
  });

  it('wait for Slack when it is away', async () => {
    const desk = await aDesk();
    desk.chat.fail('upload', new OpsError('SlackUnavailable', 'down'));
    const key = `${desk.id}/chart.png`;
    await desk.world.state.blobs.put(key, new Uint8Array([1]));
    await happens(desk, starts);
    await happens(desk, {
      type: 'artifact',
      attempt: 1,
      name: 'chart.png',
      title: 'Chart',
      mimetype: 'image/png',
      key,
      sizeBytes: 1,
    });
    await happens(desk, ends);

    await expect(publish(desk.deps, desk.id)).rejects.toMatchObject({ code: 'SlackUnavailable' });
    await publish(desk.deps, desk.id);

    expect(filesIn(desk)).toEqual(['chart.png']);
  });
});
