import type { App, BlockAction, RespondFn } from '@slack/bolt';
import { describe, expect, it } from 'vitest';
import { eventually, type Harness, socketApp, startSlack } from './harness.ts';

type Json = Record<string, unknown>;

const plain = (text: string) => ({ type: 'plain_text' as const, text });
const option = (value: string) => ({ text: plain(value), value });
const CARD = [
  {
    type: 'actions',
    block_id: 'card',
    elements: [
      { type: 'button', action_id: 'approve', text: plain('Approve'), value: 'run-1' },
      {
        type: 'static_select',
        action_id: 'cluster',
        options: [option('prod'), option('test')],
        initial_option: option('prod'),
      },
      { type: 'overflow', action_id: 'more', options: [option('diff')] },
    ],
  },
];

type Bench = { harness: Harness; app: App; ts: string; seen: BlockAction[]; responds: RespondFn[] };

async function bench(options: Parameters<typeof startSlack>[0] = {}): Promise<Bench> {
  const harness = await startSlack(options);
  const app = socketApp(harness);
  const seen: BlockAction[] = [];
  const responds: RespondFn[] = [];
  app.action(/.*/, async ({ ack, body, respond }) => {
    await ack();
    seen.push(body as BlockAction);
    responds.push(respond);
  });
  await app.start();
  const posted = await harness.api('chat.postMessage', { channel: harness.channel('ops'), text: 'card', blocks: CARD });
  return { harness, app, ts: String(posted['ts']), seen, responds };
}

const press = ({ harness, ts }: Bench, action: Json, extra: Json = {}) =>
  harness.control('interact', {
    channel: harness.channel('ops'),
    messageTs: ts,
    user: harness.user('lee'),
    action,
    ...extra,
  });

describe('what was pressed must be there', () => {
  it.each<[string, Json, Json, string]>([
    ['another action', { action_id: 'delete' }, {}, 'action_not_found'],
    ['another block', { action_id: 'approve', block_id: 'other' }, {}, 'action_not_found'],
    ['another value', { action_id: 'approve', value: 'run-2' }, {}, 'value_mismatch'],
    ['another type', { action_id: 'approve', type: 'overflow' }, {}, 'action_type_mismatch'],
    ['another option', { action_id: 'cluster', selected_option: { value: 'dev' } }, {}, 'option_not_found'],
    ['another message', { action_id: 'approve' }, { messageTs: '1.1' }, 'message_not_found'],
    ['another person', { action_id: 'approve' }, { user: 'U0' }, 'user_not_found'],
  ])('refuses %s', async (_what, action, extra, error) => {
    const world = await bench();
    expect(await press(world, action, extra)).toMatchObject({ ok: false, error });
    expect(world.seen).toEqual([]);
  });

  it('lets a test forge all of it, on request', async () => {
    const world = await bench();
    await press(
      world,
      { action_id: 'approve', value: 'run-666' },
      { force: true, user: 'U0MALLORY', teamId: 'T0EVIL' },
    );
    await eventually(async () => world.seen[0]);
    expect(world.seen[0]).toMatchObject({
      user: { id: 'U0MALLORY', team_id: 'T0EVIL' },
      actions: [{ value: 'run-666' }],
    });
  });
});

describe('payloads', () => {
  it('describes a button as Slack does, state included', async () => {
    const world = await bench();
    expect(await press(world, { action_id: 'cluster', selected_option: { value: 'test' } })).toMatchObject({
      acked: true,
    });
    expect(await press(world, { action_id: 'approve', block_id: 'card' })).toMatchObject({ acked: true });
    const { harness, ts } = world;
    expect(world.seen[1]).toMatchObject({
      type: 'block_actions',
      user: { id: harness.user('lee'), team_id: 'T0REHEARSAL' },
      container: { type: 'message', message_ts: ts, channel_id: harness.channel('ops'), is_ephemeral: false },
      message: { ts, text: 'card' },
      actions: [{ action_id: 'approve', block_id: 'card', type: 'button', value: 'run-1', text: plain('Approve') }],
      state: { values: { card: { cluster: { type: 'static_select', selected_option: option('test') } } } },
    });
    expect(world.seen[0]).toMatchObject({ actions: [{ selected_option: option('test') }] });
  });

  it('keeps what each person entered apart, and knows defaults', async () => {
    const world = await bench();
    await press(world, { action_id: 'cluster', selected_option: { value: 'test' } });
    await press(world, { action_id: 'approve' }, { user: world.harness.user('sam') });
    expect(world.seen[1]?.state?.values).toMatchObject({ card: { cluster: { selected_option: option('prod') } } });
  });

  it('says which team somebody from elsewhere belongs to', async () => {
    const world = await bench();
    const { harness } = world;
    const posted = await harness.api('chat.postMessage', {
      channel: harness.channel('partners'),
      text: 'card',
      blocks: CARD,
    });
    await press(
      world,
      { action_id: 'approve' },
      { channel: harness.channel('partners'), messageTs: posted['ts'], user: harness.user('pat') },
    );
    expect(world.seen[0]).toMatchObject({
      user: { team_id: 'T0PARTNER01' },
      team: { id: 'T0REHEARSAL' },
      is_enterprise_install: false,
    });
  });

  it('sends no message with an ephemeral, and nobody else can press it', async () => {
    const world = await bench();
    const { harness } = world;
    const posted = await harness.api('chat.postEphemeral', {
      channel: harness.channel('ops'),
      user: harness.user('dana'),
      text: 'x',
      blocks: CARD,
    });
    const at = { messageTs: posted['message_ts'] };
    expect(await press(world, { action_id: 'approve' }, at)).toMatchObject({ error: 'not_visible_to_user' });
    await press(world, { action_id: 'approve' }, { ...at, user: harness.user('dana') });
    expect(world.seen[0]).toMatchObject({ container: { is_ephemeral: true } });
    expect(world.seen[0]).not.toHaveProperty('message');
  });

  it('tells the person when the bot does not answer in time', async () => {
    const harness = await startSlack({ times: { ackTimeoutMs: 50 } });
    const posted = await harness.api('chat.postMessage', {
      channel: harness.channel('ops'),
      text: 'card',
      blocks: CARD,
    });
    const pressed = {
      channel: harness.channel('ops'),
      messageTs: posted['ts'],
      user: harness.user('lee'),
      action: { action_id: 'approve' },
    };
    expect(await harness.control('interact', pressed)).toMatchObject({ ok: false, error: 'dispatch_failed' });
  });
});

describe('response_url', () => {
  it('answers the presser alone by default, in the thread of the message', async () => {
    const world = await bench();
    await press(world, { action_id: 'approve' });
    await eventually(async () => world.responds[0]);
    await world.responds[0]?.('noted');
    expect((await world.harness.messages(world.harness.channel('ops'))).at(-1)).toMatchObject({
      text: 'noted',
      ephemeral_to: world.harness.user('lee'),
    });
  });

  it('works five times and then no more', async () => {
    const world = await bench();
    await press(world, { action_id: 'approve' });
    await eventually(async () => world.responds[0]);
    const url = String(world.seen[0]?.response_url);
    const send = async () => {
      const response = await fetch(url, { method: 'POST', body: JSON.stringify({ text: 'x' }) });
      return [response.status, ((await response.json()) as Json)['error']];
    };
    for (let use = 0; use < 5; use += 1) expect(await send()).toEqual([200, undefined]);
    expect(await send()).toEqual([404, 'used_url']);
  });

  it('expires after its time', async () => {
    let now = 1_800_000_000_000;
    const world = await bench({ now: () => now });
    await press(world, { action_id: 'approve' });
    await eventually(async () => world.responds[0]);
    now += 30 * 60_000 + 1;
    const response = await fetch(String(world.seen[0]?.response_url), { method: 'POST', body: '{"text":"x"}' });
    expect(await response.json()).toEqual({ ok: false, error: 'expired_url' });
  });

  it('replaces and deletes the original, ephemerals too, which stay ephemeral', async () => {
    const world = await bench();
    const { harness } = world;
    const dana = { user: harness.user('dana') };
    const posted = await harness.api('chat.postEphemeral', {
      ...dana,
      channel: harness.channel('ops'),
      text: 'x',
      blocks: CARD,
    });
    await press(world, { action_id: 'approve' }, { ...dana, messageTs: posted['message_ts'] });
    const respond = await eventually(async () => world.responds[0]);
    await respond({ replace_original: true, text: 'replaced' });
    const mine = async () =>
      (await harness.messages(harness.channel('ops'))).find(({ ts }) => ts === posted['message_ts']);
    expect(await mine()).toMatchObject({ text: 'replaced', ephemeral_to: dana.user });
    await expect(respond({ replace_original: true, response_type: 'in_channel', text: 'x' })).rejects.toThrow();
    await respond({ delete_original: true });
    expect(await mine()).toBeUndefined();
  });

  it('refuses bad blocks with an error that the SDK throws', async () => {
    const world = await bench();
    await press(world, { action_id: 'approve' });
    const respond = await eventually(async () => world.responds[0]);
    await expect(respond({ text: 'x', blocks: [{ type: 'nonsense' }] })).rejects.toThrow();
  });
});
