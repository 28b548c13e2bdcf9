import type { App, ViewSubmitAction } from '@slack/bolt';
import { describe, expect, it } from 'vitest';
import { eventually, type Harness, socketApp, startSlack } from './harness.ts';

type Json = Record<string, unknown>;
type View = { id: string; title: { text: string }; state: { values: Json } };

const plain = (text: string) => ({ type: 'plain_text' as const, text });
const modal = (title: string, extra: Json = {}) =>
  ({
    type: 'modal',
    callback_id: 'form',
    title: plain(title),
    submit: plain('Go'),
    blocks: [
      {
        type: 'input',
        block_id: 'reason',
        label: plain('Reason'),
        element: { type: 'plain_text_input', action_id: 'text', min_length: 3 },
      },
      {
        type: 'input',
        block_id: 'node',
        optional: true,
        label: plain('Node'),
        element: { type: 'external_select', action_id: 'pick', min_query_length: 0 },
      },
    ],
    ...extra,
  }) as never;

type Bench = {
  harness: Harness;
  app: App;
  stack: () => Promise<readonly View[]>;
  ask: (text: string) => Promise<Json>;
};

/** A bot whose /cilium opens a modal of that title. */
async function bench(
  setUp: (app: App) => void = () => undefined,
  options: Parameters<typeof startSlack>[0] = {},
): Promise<Bench> {
  const harness = await startSlack(options);
  const app = socketApp(harness);
  app.command('/cilium', async ({ ack, client, command }) => {
    await ack();
    await client.views.open({ trigger_id: command.trigger_id, view: modal(command.text) });
  });
  setUp(app);
  await app.start();
  const user = harness.user('dana');
  return {
    harness,
    app,
    stack: async () => ((await harness.read('views'))['views'] as Record<string, View[]>)[user] ?? [],
    ask: (text) => harness.control('command', { channel: harness.channel('ops'), user, command: '/cilium', text }),
  };
}

async function openOne(world: Bench): Promise<View> {
  await world.ask('first');
  return eventually(async () => (await world.stack()).at(-1));
}

const submit = ({ harness }: Bench, viewId: string, values: Json) =>
  harness.control('submit', { viewId, user: harness.user('dana'), values });
const REASON = { reason: { text: { type: 'plain_text_input', value: 'because' } } };

describe('submitting', () => {
  it('sends what was entered and closes on an empty answer', async () => {
    const seen: ViewSubmitAction[] = [];
    const world = await bench((app) =>
      app.view('form', async ({ ack, body }) => {
        seen.push(body as ViewSubmitAction);
        await ack();
      }),
    );
    const view = await openOne(world);
    expect(await submit(world, view.id, REASON)).toEqual({ ok: true });
    expect(seen[0]?.view.state.values).toEqual({
      reason: { text: { type: 'plain_text_input', value: 'because' } },
      node: { pick: { type: 'external_select', selected_option: null } },
    });
    expect(await world.stack()).toEqual([]);
  });

  it.each([
    [{}, 'Please complete this required field.'],
    [{ reason: { text: { value: 'no' } } }, 'Please lengthen this text to 3 characters or more.'],
  ])('checks %j before the bot is asked', async (values, complaint) => {
    const world = await bench();
    const view = await openOne(world);
    expect(await submit(world, view.id, values)).toMatchObject({
      response_action: 'errors',
      errors: { reason: complaint },
    });
    expect(await world.stack()).toHaveLength(1);
  });

  it('shows the bot’s errors, which must name input blocks', async () => {
    let errors: Record<string, string> = { reason: 'no ticket' };
    const world = await bench((app) => app.view('form', async ({ ack }) => ack({ response_action: 'errors', errors })));
    const view = await openOne(world);
    expect(await submit(world, view.id, REASON)).toMatchObject({ ok: true, errors });
    errors = { nowhere: 'x' };
    expect(await submit(world, view.id, REASON)).toMatchObject({ ok: false, error: 'invalid_response_errors' });
  });

  it('updates, pushes up to three, and clears', async () => {
    const answers: Json[] = [
      { response_action: 'update', view: modal('updated') },
      { response_action: 'push', view: modal('second') },
      { response_action: 'push', view: modal('third') },
      { response_action: 'push', view: modal('fourth') },
      { response_action: 'clear' },
    ];
    const world = await bench((app) => app.view('form', async ({ ack }) => ack(answers.shift() as never)));
    await openOne(world);
    const titles = async () => (await world.stack()).map(({ title }) => title.text);
    const submitTop = async () => submit(world, (await world.stack()).at(-1)?.id ?? '', REASON);
    await submitTop();
    expect(await titles()).toEqual(['updated']);
    await submitTop();
    await submitTop();
    expect(await titles()).toEqual(['updated', 'second', 'third']);
    expect(await submitTop()).toMatchObject({ ok: false, error: 'push_limit_reached' });
    await submitTop();
    expect(await titles()).toEqual([]);
  });

  it('is refused for views that are not on top, not one’s own, or without submit', async () => {
    const world = await bench();
    const view = await openOne(world);
    expect(await submit(world, 'V0', REASON)).toMatchObject({ error: 'view_not_found' });
    const foreign = { viewId: view.id, user: world.harness.user('kim'), values: {} };
    expect(await world.harness.control('submit', foreign)).toMatchObject({ error: 'view_not_found' });
    expect(await submit(world, view.id, { nowhere: { text: 'x' } })).toMatchObject({ error: 'action_not_found' });
  });
});

describe('opening', () => {
  it('spends a trigger once, within three seconds', async () => {
    let now = 1_800_000_000_000;
    const triggers: string[] = [];
    const harness = await startSlack({ now: () => now });
    const app = socketApp(harness);
    app.command('/cilium', async ({ ack, command }) => {
      triggers.push(command.trigger_id);
      await ack();
    });
    await app.start();
    const command = { channel: harness.channel('ops'), user: harness.user('dana'), command: '/cilium' };
    await harness.control('command', command);
    await harness.control('command', command);
    const open = (trigger: string | undefined) => harness.api('views.open', { trigger_id: trigger, view: modal('x') });
    expect(await open(triggers[0])).toMatchObject({ ok: true });
    expect(await open(triggers[0])).toMatchObject({ error: 'exchanged_trigger_id' });
    now += 3_001;
    expect(await open(triggers[1])).toMatchObject({ error: 'expired_trigger_id' });
    expect(await open('made-up')).toMatchObject({ error: 'invalid_trigger_id' });
  });

  it('refuses bad views with the place of the mistake', async () => {
    const { api } = await startSlack();
    const answer = await api('views.open', { trigger_id: 'x', view: modal('x'.repeat(25)) });
    expect(answer).toMatchObject({ error: 'invalid_arguments' });
    expect((answer['response_metadata'] as { messages: string[] }).messages[0]).toContain(
      '[json-pointer:/view/title/text]',
    );
  });

  it('updates by id and hash', async () => {
    const world = await bench();
    const view = (await openOne(world)) as View & { hash: string };
    const { api } = world.harness;
    expect(await api('views.update', { view_id: view.id, hash: 'old', view: modal('x') })).toMatchObject({
      error: 'hash_conflict',
    });
    expect(await api('views.update', { view_id: view.id, hash: view.hash, view: modal('new') })).toMatchObject({
      ok: true,
    });
    expect((await world.stack())[0]?.title.text).toBe('new');
    expect(await api('views.update', { view_id: 'V0', view: modal('x') })).toMatchObject({ error: 'not_found' });
  });
});

it('tells of a closed view only with notify_on_close', async () => {
  const closed: string[] = [];
  const world = await bench((app) =>
    app.view({ type: 'view_closed', callback_id: 'form' }, async ({ ack, body }) => {
      await ack();
      closed.push(body.view.title.text);
    }),
  );
  const { harness } = world;
  const close = (viewId: string) => harness.control('close-view', { viewId, user: harness.user('dana') });
  const view = await openOne(world);
  await close(view.id);
  expect(closed).toEqual([]);
  const second = await openOne(world);
  await harness.api('views.update', { view_id: second.id, view: modal('loud', { notify_on_close: true }) });
  await close(second.id);
  expect(closed).toEqual(['loud']);
  expect(await world.stack()).toEqual([]);
});

it('asks for the options of an external select, and takes at most 100', async () => {
  let count = 2;
  const world = await bench((app) =>
    app.options('pick', async ({ ack, payload }) => {
      const options = Array.from({ length: count }, (_, index) => ({
        text: plain(`${payload.value}${index}`),
        value: `${index}`,
      }));
      await ack({ options });
    }),
  );
  const view = await openOne(world);
  const ask = () =>
    world.harness.control('options', {
      viewId: view.id,
      user: world.harness.user('dana'),
      action_id: 'pick',
      value: 'node',
    });
  expect(await ask()).toMatchObject({ ok: true, options: [{ value: '0' }, { value: '1' }] });
  count = 101;
  expect(await ask()).toMatchObject({ ok: false, error: 'invalid_options' });
});

it('shows each person a Home of their own, whose buttons work', async () => {
  const pressed: string[] = [];
  const world = await bench((app) => {
    app.event('app_home_opened', async ({ event, client }) => {
      const button = { type: 'button' as const, action_id: 'refresh', text: plain('Refresh') };
      const blocks = [{ type: 'actions' as const, elements: [button] }];
      await client.views.publish({ user_id: event.user, view: { type: 'home', blocks } });
    });
    app.action('refresh', async ({ ack, body }) => {
      await ack();
      pressed.push(body.user.id);
    });
  });
  const { harness } = world;
  await harness.control('open-home', { user: harness.user('dana') });
  const homes = async () => (await harness.read('views'))['homes'] as Record<string, View>;
  const home = await eventually(async () => (await homes())[harness.user('dana')]);
  expect(Object.keys(await homes())).toEqual([harness.user('dana')]);
  await harness.control('interact', { viewId: home.id, user: harness.user('dana'), action: { action_id: 'refresh' } });
  expect(pressed).toEqual([harness.user('dana')]);
});
