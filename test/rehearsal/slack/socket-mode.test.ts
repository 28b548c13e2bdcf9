import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { cleanUp, eventually, type Harness, socketApp, startSlack } from './harness.ts';

type Frame = {
  type: string;
  envelope_id: string;
  payload: Record<string, unknown>;
  reason?: string;
  retry_attempt?: number;
};

/** A bare client: what it was sent, and how it answers. */
async function connect(harness: Harness, answer: (frame: Frame) => unknown = () => ({})): Promise<Frame[]> {
  const { url } = await harness.api('apps.connections.open', {}, harness.slack.tokens.appToken);
  const ws = new WebSocket(String(url));
  cleanUp(async () => ws.terminate());
  const frames: Frame[] = [];
  ws.on('message', (raw: Buffer) => {
    const frame = JSON.parse(raw.toString('utf8')) as Frame;
    frames.push(frame);
    const payload = frame.envelope_id ? answer(frame) : undefined;
    if (payload !== undefined) ws.send(JSON.stringify({ envelope_id: frame.envelope_id, payload }));
  });
  await eventually(async () => frames.find((frame) => frame.type === 'hello'));
  return frames;
}

const status = (harness: Harness, extra: Record<string, unknown> = {}) =>
  harness.control('command', {
    channel: harness.channel('ops'),
    user: harness.user('dana'),
    command: '/cilium',
    text: 'status',
    ...extra,
  });

describe('with Bolt', () => {
  it('carries a slash command, its post and its edit', async () => {
    const harness = await startSlack();
    const app = socketApp(harness);
    app.command('/cilium', async ({ ack, client, command }) => {
      await ack();
      const posted = await client.chat.postMessage({ channel: command.channel_id, text: `got ${command.text}` });
      await client.chat.update({ channel: command.channel_id, ts: posted.ts ?? '', text: `done ${command.text}` });
    });
    await app.start();
    expect(await status(harness)).toEqual({ ok: true, acked: true });
    await eventually(async () =>
      (await harness.messages(harness.channel('ops'))).find(({ text }) => text === 'done status'),
    );
  });

  it('shows the body of an ack to the asker alone, or to all', async () => {
    const harness = await startSlack();
    const app = socketApp(harness);
    app.command('/cilium', async ({ ack, command }) => {
      if (command.text === 'public') await ack({ response_type: 'in_channel', text: 'for all' });
      else await ack('for you');
    });
    await app.start();
    await status(harness);
    await status(harness, { text: 'public' });
    const [first, second] = await harness.messages(harness.channel('ops'));
    expect(first).toMatchObject({ text: 'for you', ephemeral_to: harness.user('dana') });
    expect(second).toMatchObject({ text: 'for all' });
    expect(second).not.toHaveProperty('ephemeral_to');
  });

  it('tells the bot of mentions where it is a member, and the person where it is not', async () => {
    const harness = await startSlack();
    const app = socketApp(harness);
    const heard: string[] = [];
    app.event('app_mention', async ({ event }) => void heard.push(`${event.thread_ts ?? 'top'} ${event.text}`));
    await app.start();
    const mention = { user: harness.user('dana'), text: `<@${harness.user('cilium')}> status` };
    const { message } = (await harness.control('message', { ...mention, channel: harness.channel('ops') })) as {
      message: { ts: string };
    };
    await harness.control('message', { ...mention, channel: harness.channel('ops'), thread_ts: message.ts });
    await harness.control('message', { ...mention, channel: harness.channel('random') });
    await eventually(async () => (heard.length === 2 ? true : undefined));
    expect(heard).toEqual([`top ${mention.text}`, `${message.ts} ${mention.text}`]);
    expect((await harness.messages(harness.channel('random'))).at(-1)).toMatchObject({
      ephemeral_to: harness.user('dana'),
    });
  });

  it('comes back after Slack asked it to reconnect', async () => {
    const harness = await startSlack();
    const app = socketApp(harness);
    app.command('/cilium', async ({ ack }) => ack());
    await app.start();
    await harness.control('socket', { reason: 'refresh_requested' });
    await eventually(async () => ((await harness.read('state'))['sockets'] === 0 ? true : undefined));
    await eventually(async () => ((await harness.read('state'))['sockets'] === 1 ? true : undefined));
    expect(await status(harness)).toEqual({ ok: true, acked: true });
  });
});

it('marks a mention from another company', async () => {
  const harness = await startSlack();
  const frames = await connect(harness);
  const text = `<@${harness.user('cilium')}> hi`;
  await harness.control('message', { channel: harness.channel('partners'), user: harness.user('pat'), text });
  expect(frames.find(({ type }) => type === 'events_api')?.payload).toMatchObject({
    is_ext_shared_channel: true,
    event: { type: 'app_mention', user_team: 'T0PARTNER01' },
  });
});

describe('on the wire', () => {
  it('sends every envelope to exactly one of the connections, in turn', async () => {
    const harness = await startSlack();
    const connections = [await connect(harness), await connect(harness), await connect(harness)];
    for (let count = 0; count < 9; count += 1) await status(harness, { text: `${count}` });
    const received = connections.map((frames) =>
      frames.filter(({ type }) => type === 'slash_commands').map(({ payload }) => payload['text']),
    );
    expect(received.map((texts) => texts.length)).toEqual([3, 3, 3]);
    expect(received.flat().sort()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8']);
  });

  it('describes a command as Slack does', async () => {
    const harness = await startSlack();
    const frames = await connect(harness);
    await status(harness, { text: 'ask @lee in #ops' });
    const payload = frames.find(({ type }) => type === 'slash_commands')?.payload;
    expect(payload).toMatchObject({
      command: '/cilium',
      text: `ask <@${harness.user('lee')}|lee> in <#${harness.channel('ops')}|ops>`,
      user_id: harness.user('dana'),
      channel_name: 'ops',
      team_id: 'T0REHEARSAL',
      is_enterprise_install: 'false',
    });
    expect(payload?.['response_url']).toContain(harness.slack.url);
  });

  it('opens ten connections and no more; a ticket opens one', async () => {
    const harness = await startSlack();
    for (let count = 0; count < 10; count += 1) await connect(harness);
    const { appToken } = harness.slack.tokens;
    expect(await harness.api('apps.connections.open', {}, appToken)).toMatchObject({ error: 'too_many_websockets' });
    const stale = new WebSocket(`${harness.slack.url.replace('http', 'ws')}/link/?ticket=made-up`);
    expect(await new Promise((resolve) => stale.once('error', (error) => resolve(error.message)))).toContain('401');
  });

  it('warns before it closes, and delivers nothing to a connection it warned', async () => {
    const harness = await startSlack({ times: { socketLifetimeMs: 400, socketWarningMs: 250, ackTimeoutMs: 100 } });
    const frames = await connect(harness);
    await eventually(async () => frames.find(({ reason }) => reason === 'warning'));
    expect(await status(harness)).toMatchObject({ failure: 'dispatch_failed' });
    await eventually(async () => frames.find(({ reason }) => reason === 'refresh_requested'));
    await eventually(async () => ((await harness.read('state'))['sockets'] === 0 ? true : undefined));
  });

  it('says so to the asker when nobody is connected, or nobody answers in time', async () => {
    const harness = await startSlack({ times: { ackTimeoutMs: 50 } });
    expect(await status(harness)).toMatchObject({ acked: false, failure: 'dispatch_failed' });
    await connect(harness, () => undefined);
    expect(await status(harness)).toMatchObject({ acked: false, failure: 'operation_timeout' });
    expect((await harness.messages(harness.channel('ops'))).map(({ text, ephemeral_to: to }) => [text, to])).toEqual([
      ['/cilium failed with the error "dispatch_failed"', harness.user('dana')],
      ['/cilium failed with the error "operation_timeout"', harness.user('dana')],
    ]);
  });

  it('counts an ack only on the connection that was asked', async () => {
    const harness = await startSlack({ times: { ackTimeoutMs: 150 } });
    const first = await connect(harness, () => undefined);
    const { url } = await harness.api('apps.connections.open', {}, harness.slack.tokens.appToken);
    const other = new WebSocket(String(url));
    cleanUp(async () => other.terminate());
    await new Promise((resolve) => other.once('open', resolve));
    const asked = status(harness);
    const frame = await eventually(async () => first.find(({ type }) => type === 'slash_commands'));
    other.send(JSON.stringify({ envelope_id: frame.envelope_id }));
    expect(await asked).toMatchObject({ failure: 'operation_timeout' });
  });

  it('delivers an event again until it is acknowledged, at most three times more', async () => {
    const harness = await startSlack({ times: { ackTimeoutMs: 30, retryDelaysMs: [10, 20, 30] } });
    const frames = await connect(harness, () => undefined);
    await harness.control('message', {
      channel: harness.channel('ops'),
      user: harness.user('dana'),
      text: `<@${harness.user('cilium')}> hi`,
    });
    const events = () => frames.filter(({ type }) => type === 'events_api');
    await eventually(async () => (events().length === 4 ? true : undefined));
    expect(events().map(({ retry_attempt: attempt }) => attempt)).toEqual([0, 1, 2, 3]);
    expect(new Set(events().map(({ payload }) => payload['event_id'])).size).toBe(1);
  });

  it('refuses commands in threads, unknown ones, and those of people from elsewhere', async () => {
    const harness = await startSlack();
    await connect(harness);
    expect(await status(harness, { threadTs: '1.1' })).toMatchObject({
      ok: false,
      error: 'not_supported_in_threads',
      message: '/cilium is not supported in threads. Sorry!',
    });
    expect(await status(harness, { command: '/other' })).toMatchObject({ ok: false, error: 'unknown_command' });
    expect(await status(harness, { user: harness.user('pat') })).toMatchObject({ ok: false, error: 'unknown_command' });
    expect(await status(harness, { user: 'U0' })).toMatchObject({ ok: false, error: 'user_not_found' });
    expect(await harness.control('command', { channel: 'C' })).toMatchObject({
      error: 'channel, user and command are required',
    });
  });
});
