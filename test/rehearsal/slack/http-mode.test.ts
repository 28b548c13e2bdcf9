import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { eventually, httpApp, listen, startSlack } from './harness.ts';

const endpoint = (status: () => number) => listen(() => ({ status: status(), body: '' }));

it('serves Bolt over HTTP: signed commands, buttons and events', async () => {
  const harness = await startSlack({ mode: 'http' });
  const heard: string[] = [];
  const url = await httpApp(harness, (app) => {
    app.command('/cilium', async ({ ack, client, command }) => {
      await ack(`ran ${command.text}`);
      const button = {
        type: 'button' as const,
        action_id: 'go',
        value: 'run-1',
        text: { type: 'plain_text' as const, text: 'Go' },
      };
      await client.chat.postMessage({
        channel: command.channel_id,
        text: 'card',
        blocks: [{ type: 'actions', elements: [button] }],
      });
    });
    app.action('go', async ({ ack, action }) => {
      await ack();
      heard.push(`go ${'value' in action ? action.value : ''}`);
    });
    app.event('app_mention', async ({ event }) => void heard.push(event.text));
  });
  expect(await harness.control('request-url', { url })).toEqual({ ok: true, url });
  const at = { channel: harness.channel('ops'), user: harness.user('dana') };
  expect(await harness.control('command', { ...at, command: '/cilium', text: 'status' })).toEqual({
    ok: true,
    acked: true,
  });
  const card = await eventually(async () => (await harness.messages(at.channel)).find(({ text }) => text === 'card'));
  expect((await harness.messages(at.channel)).map(({ text }) => text)).toContain('ran status');
  await harness.control('interact', { ...at, messageTs: card['ts'], action: { action_id: 'go' } });
  const mention = `<@${harness.user('cilium')}> hi`;
  await harness.control('message', { ...at, text: mention });
  await eventually(async () => (heard.length === 2 ? true : undefined));
  expect(heard).toEqual(['go run-1', mention]);
});

it('signs the very bytes it sends', async () => {
  const { url, seen } = await endpoint(() => 200);
  const harness = await startSlack({ mode: 'http', requestUrl: url });
  await harness.control('command', {
    channel: harness.channel('ops'),
    user: harness.user('dana'),
    command: '/cilium',
    text: 'a & b',
  });
  const [request] = seen;
  const timestamp = String(request?.headers['x-slack-request-timestamp']);
  const digest = createHmac('sha256', harness.slack.tokens.signingSecret)
    .update(`v0:${timestamp}:${request?.body}`)
    .digest('hex');
  expect(request?.headers['x-slack-signature']).toBe(`v0=${digest}`);
  expect(Math.abs(Number(timestamp) - Date.now() / 1_000)).toBeLessThan(5);
  expect(new URLSearchParams(request?.body).get('text')).toBe('a & b');
});

it('delivers an event again with its number and reason, and stops once it is taken', async () => {
  let status = 500;
  const { url, seen } = await endpoint(() => status);
  const harness = await startSlack({ mode: 'http', requestUrl: url, times: { retryDelaysMs: [10, 30, 60_000] } });
  await harness.control('message', {
    channel: harness.channel('ops'),
    user: harness.user('dana'),
    text: `<@${harness.user('cilium')}> hi`,
  });
  await eventually(async () => (seen.length === 2 ? true : undefined));
  status = 200;
  await eventually(async () => (seen.length === 3 ? true : undefined));
  expect(seen.map(({ headers }) => [headers['x-slack-retry-num'], headers['x-slack-retry-reason']])).toEqual([
    [undefined, undefined],
    ['1', 'http_error'],
    ['2', 'http_error'],
  ]);
  expect(new Set(seen.map(({ body }) => (JSON.parse(body) as { event_id: string }).event_id)).size).toBe(1);
});

it('does not retry commands, and tells the asker', async () => {
  const { url, seen } = await endpoint(() => 500);
  const harness = await startSlack({ mode: 'http', requestUrl: url, times: { retryDelaysMs: [1] } });
  const asked = await harness.control('command', {
    channel: harness.channel('ops'),
    user: harness.user('dana'),
    command: '/cilium',
    text: '',
  });
  expect(asked).toMatchObject({ failure: 'dispatch_failed' });
  expect(seen).toHaveLength(1);
});

it('checks a request URL before it uses it', async () => {
  const { url } = await endpoint(() => 200);
  const harness = await startSlack({ mode: 'http' });
  expect(await harness.control('request-url', { url })).toMatchObject({ ok: false, error: 'challenge_failed' });
  expect(await harness.control('request-url', { url: 'http://127.0.0.1:9/' })).toMatchObject({
    ok: false,
    error: 'connection_failed',
  });
  expect(await harness.api('apps.connections.open', {}, harness.slack.tokens.appToken)).toMatchObject({ ok: false });
});
