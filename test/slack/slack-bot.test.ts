import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { publish } from '../../src/app/publish/publish.ts';
import { record } from '../../src/app/record.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { RunId } from '../../src/core/ids.ts';
import type { State } from '../../src/core/ports/ports.ts';
import { renderRun } from '../../src/render/run-message.ts';
import { createSlackBot } from '../../src/slack/slack-bot.ts';
import { accepted, aWorld, fine, runOf, type World } from '../app/world.ts';
import { aDesk, type Desk, type Mode, runsOf } from './desk.ts';

const MODES: readonly Mode[] = ['socket', 'http'];

async function ephemerals(desk: Desk): Promise<readonly string[]> {
  return (await desk.messages()).flatMap((each) => (each.ephemeral_to ? [`${each.ephemeral_to}: ${each.text}`] : []));
}

function aWorldWhoseStoreIs(append: State['runs']['append']): World {
  return aWorld({ state: (real) => ({ ...real, runs: { ...real.runs, append } }) });
}

/** Brings the thread up, as the renderer would. */
async function render(desk: Desk, id: RunId): Promise<unknown> {
  const { world, bot } = desk;
  return publish(
    { ...world, chat: bot.chat, render: (run) => renderRun(run, { now: world.clock.now(), uploads: true }) },
    id,
  );
}

async function finish({ world }: Pick<Desk, 'world'>, id: RunId): Promise<void> {
  const at = world.clock.now().toISOString();
  await record(world.state.runs, id, { type: 'started', at, attempt: 1, worker: 'host/1' });
  const key = `${id}/result.json`;
  await world.state.blobs.put(key, new TextEncoder().encode('{"answer":42}'));
  const artifact = { name: 'result.json', title: 'Result', mimetype: 'application/json', key, sizeBytes: 13 };
  await record(world.state.runs, id, { type: 'artifact', at, attempt: 1, ...artifact });
  await record(world.state.runs, id, { type: 'ended', at, outcome: fine });
}

describe.each(MODES)('over %s', (mode) => {
  it('a slash command is acknowledged, recorded and queued, in this order', async () => {
    const desk = await aDesk({ mode });

    expect(await desk.command('status prod')).toEqual({ ok: true, acked: true });

    const [id] = await runsOf(desk);
    await expect.poll(() => desk.world.queues.added).toEqual([`read.prod ${id}`, `render ${id}`]);
    const { request } = await runOf(desk.world, id as RunId);
    expect(request).toMatchObject({
      by: { user: desk.user('dana'), external: false },
      origin: { type: 'slack', channel: desk.ops, via: 'slash' },
      text: 'status prod',
    });
    expect(await ephemerals(desk)).toEqual([]);
  });

  it('what is not a run is answered to the person alone', async () => {
    const desk = await aDesk({ mode });

    await desk.command('statsu <!channel>');

    const [answer, ...more] = await ephemerals(desk);
    expect(more).toEqual([]);
    expect(answer).toContain(`${desk.user('dana')}: `);
    expect(answer).toContain('there is no command');
    expect(answer).not.toContain('<!');
    expect(await runsOf(desk)).toEqual([]);
  });

  it('ten commands at once make ten runs', async () => {
    const desk = await aDesk({ mode });

    const acks = await Promise.all(Array.from({ length: 10 }, () => desk.command('status')));

    expect(acks.every((each) => each.acked === true)).toBe(true);
    expect(await runsOf(desk)).toHaveLength(10);
  });

  it('a request that is delivered twice makes one run', async () => {
    const desk = await aDesk({ mode });
    await desk.fault('deliveries', 'duplicate');

    await desk.command('status');

    expect(await runsOf(desk)).toHaveLength(1);
  });

  it.each([
    { when: 'is down', append: () => Promise.reject(new OpsError('StoreUnavailable', 'not accepted: it is down')) },
    { when: 'does not answer', append: () => new Promise<never>(() => undefined) },
  ])('a store that $when is said to the person in time', async ({ append }) => {
    const desk = await aDesk({ mode, world: aWorldWhoseStoreIs(append) });

    // Slack itself would show operation_timeout after 3 s.
    expect(await desk.command('status')).toEqual({ ok: true, acked: true });

    expect((await ephemerals(desk)).join()).toContain('not accepted');
  });

  it('a mention in a thread runs there', async () => {
    const desk = await aDesk({ mode });
    const opener = await talk(desk, 'what about prod?');

    await talk(desk, `<@${desk.user('cilium')}> /cilium status prod`, opener);

    await expect.poll(() => runsOf(desk)).toHaveLength(1);
    const [id] = await runsOf(desk);
    await render(desk, id as RunId);
    const parent = (await desk.messages()).find((each) => each.text.includes('waiting for a worker'));
    expect(parent?.thread_ts).toBe(opener);
  });

  it('a mention that says nothing gets help, for the person alone', async () => {
    const desk = await aDesk({ mode });

    await talk(desk, `<@${desk.user('cilium')}>`);

    await expect.poll(() => ephemerals(desk)).toHaveLength(1);
    expect((await ephemerals(desk))[0]).toContain('/cilium status');
  });

  it('a button is a typed line', async () => {
    const desk = await aDesk({ mode });
    const { parent } = await aFinishedRun(desk);

    expect(await desk.act('interact', press(desk, parent, 'dana'))).toMatchObject({ acked: true });

    await expect.poll(() => runsOf(desk)).toHaveLength(2);
    const requests = await Promise.all((await runsOf(desk)).map(async (id) => (await runOf(desk.world, id)).request));
    expect(requests.map(({ origin }) => ('via' in origin ? origin.via : '')).sort()).toEqual(['button', 'slash']);
    expect(requests.map(({ text }) => text).sort()).toEqual(['status', 'status prod']);
  });

  it('a click of somebody from another organisation is refused, and answered', async () => {
    const desk = await aDesk({ mode });
    const { parent } = await aFinishedRun(desk, 'partners');

    await desk.act('interact', { ...press(desk, parent, 'pat'), channel: desk.slack.channels['partners'] });

    await expect
      .poll(async () => (await desk.messages(desk.slack.channels['partners'])).filter((each) => each.ephemeral_to))
      .toMatchObject([{ ephemeral_to: desk.user('pat'), text: expect.stringContaining('other organisations') }]);
    expect(await runsOf(desk)).toHaveLength(1);
  });
});

async function talk(desk: Desk, text: string, threadTs?: string): Promise<string> {
  const said = await desk.act('message', {
    channel: desk.ops,
    user: desk.user('dana'),
    text,
    ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
  });
  return z.object({ ts: z.string() }).parse(said['message']).ts;
}

async function aFinishedRun(desk: Desk, channel = 'ops') {
  await desk.act('command', {
    channel: desk.slack.channels[channel],
    user: desk.user('dana'),
    command: '/cilium',
    text: 'status',
  });
  const [id] = (await runsOf(desk)) as [RunId];
  await finish(desk, id);
  await render(desk, id);
  const parent = (await desk.messages(desk.slack.channels[channel])).find((each) => each.text.includes('healthy'));
  if (!parent) throw new Error('no parent');
  return { id, parent };
}

function press(desk: Desk, message: { readonly ts: string }, by: string) {
  return {
    channel: desk.ops,
    user: desk.user(by),
    messageTs: message.ts,
    action: { type: 'button', action_id: 'cilium-type:0', value: 'status prod' },
  };
}

describe('writing to Slack', () => {
  it.each([
    { when: 'newer blocks are refused', fault: 'new-rejected', hasBlocks: true },
    { when: 'all blocks are refused', fault: 'rejected', hasBlocks: false },
  ])('goes on in a plainer way when $when', async ({ fault, hasBlocks }) => {
    const desk = await aDesk();
    const id = await accepted(desk.world, 'status', { origin: origin(desk) });
    await desk.fault('blocks', fault);

    await render(desk, id);
    await finish(desk, id);
    await render(desk, id);

    const [parent, ...others] = await desk.messages();
    expect(others.every((each) => each.thread_ts === parent?.ts)).toBe(true);
    expect(parent?.text).toContain('healthy');
    expect(parent?.text).toContain('Tunnel (VXLAN)');
    // The buttons stay as long as Slack takes any block at all.
    expect(parent?.blocks.some((block) => block.type === 'actions')).toBe(hasBlocks);
    expect(parent?.blocks.some((block) => block.type === 'table')).toBe(false);
  });

  it('shares the raw result in the thread when somebody asks for it', async () => {
    const desk = await aDesk();
    const { id, parent } = await aFinishedRun(desk);
    await desk.command(`show ${id} --json`);

    await render(desk, id);

    const shared = (await desk.messages()).filter((each) => each.files.length > 0);
    expect(shared.map((each) => each.files.map((file) => file.name))).toEqual([['result.json']]);
    expect(shared[0]?.thread_ts).toBe(parent.ts);
  });

  it.each([
    { fault: ['uploads', 'disabled'] as const, want: 'file uploads are disabled' },
    { fault: ['missing-scope', 'files:write'] as const, want: 'lacks the scope files:write' },
  ])('says in the thread when $want', async ({ fault, want }) => {
    const desk = await aDesk();
    const { id } = await aFinishedRun(desk);
    await desk.command(`show ${id} --json`);
    await desk.fault(fault[0], fault[1]);

    expect(await render(desk, id)).toEqual({ type: 'done' });

    const told = (await desk.messages()).filter((each) => each.thread_ts && each.text.includes('Not attached'));
    expect(told.map((each) => each.text).join()).toContain(want);
  });

  it('tells the person in private when the bot is not in the channel', async () => {
    const desk = await aDesk();
    const { random = '' } = desk.slack.channels;
    await desk.act('command', { channel: random, user: desk.user('dana'), command: '/cilium', text: 'status' });
    const [id] = (await runsOf(desk)) as [RunId];
    await expect.poll(() => desk.world.queues.added).toContain(`render ${id}`);

    for (const _ of [1, 2]) expect(await render(desk, id)).toEqual({ type: 'done' });

    const said = await desk.messages(random);
    expect(said).toMatchObject([{ ephemeral_to: desk.user('dana'), text: expect.stringContaining('/invite') }]);
  });

  it.each([
    { fault: ['rate-limits', 'all'] as const, code: undefined },
    { fault: ['web-api', '503'] as const, code: 'SlackUnavailable' },
    { fault: ['web-api', 'reset'] as const, code: 'SlackUnavailable' },
    { fault: ['web-api', 'internal-error'] as const, code: 'SlackUnavailable' },
    { fault: ['missing-scope', 'chat:write'] as const, code: 'SlackRefused' },
  ])('is tried again later after $fault', async ({ fault, code }) => {
    const desk = await aDesk();
    const id = await accepted(desk.world, 'status', { origin: origin(desk) });
    await desk.fault(fault[0], fault[1]);

    if (code === undefined) expect(await render(desk, id)).toMatchObject({ type: 'later' });
    else await expect(render(desk, id)).rejects.toMatchObject({ code });

    expect(await desk.messages()).toEqual([]);
  });

  it('posts a new message when somebody deleted the old one', async () => {
    const desk = await aDesk();
    const id = await accepted(desk.world, 'status', { origin: origin(desk) });
    await render(desk, id);
    const [parent] = await desk.messages();
    await fetch(`${desk.slack.apiUrl}chat.delete`, {
      method: 'POST',
      headers: { authorization: `Bearer ${desk.slack.tokens.botToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ channel: desk.ops, ts: parent?.ts }),
    });
    await finish(desk, id);

    await render(desk, id);
    await render(desk, id);

    expect((await desk.messages()).filter((each) => each.text.includes('healthy'))).toHaveLength(1);
  });
});

function origin(desk: Desk) {
  return { type: 'slack', channel: desk.ops, via: 'slash' } as never;
}

describe('starting', () => {
  it('with a token that Slack refuses says which', async () => {
    const { slack, world } = await aDesk();
    const { appToken } = slack.tokens;
    const transport = { type: 'socket', appToken } as const;
    const bot = createSlackBot({ botToken: 'xoxb-wrong', apiUrl: slack.apiUrl, root: '/cilium', transport }, world);

    await expect(bot.start()).rejects.toMatchObject({
      code: 'BadConfig',
      message: expect.stringContaining('SLACK_BOT_TOKEN'),
    });
  });
});

describe('stopping', () => {
  it.each(MODES)('over %s ends the connection, and Slack has nobody to deliver to', async (mode) => {
    const desk = await aDesk({ mode });
    expect(desk.bot.connected()).toBe(true);

    await desk.bot.stop();

    expect(desk.bot.connected()).toBe(false);
    expect(await desk.command('status')).toMatchObject({ failure: expect.any(String) });
    expect(await runsOf(desk)).toEqual([]);
  });
});
