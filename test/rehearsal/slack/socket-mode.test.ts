import { App } from '@slack/bolt';
import { afterEach, expect, it } from 'vitest';
import { type RehearsalSlack, startRehearsalSlack } from '../../../src/rehearsal/slack/server.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startBolt(slack: RehearsalSlack): Promise<App> {
  const app = new App({
    token: slack.tokens.botToken,
    appToken: slack.tokens.appToken,
    socketMode: true,
    convoStore: false,
    clientOptions: { slackApiUrl: slack.apiUrl },
  });
  closers.push(() => app.stop());
  return app;
}

async function post(slack: RehearsalSlack, path: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${slack.controlUrl}/${path}`, { method: 'POST', body: JSON.stringify(body) });
  return (await response.json()) as Record<string, unknown>;
}

it('carries a slash command to Bolt and its post and edit back', async () => {
  const slack = await startRehearsalSlack();
  closers.push(() => slack.close());
  const app = await startBolt(slack);
  app.command('/cilium', async ({ ack, client, command }) => {
    await ack();
    const posted = await client.chat.postMessage({ channel: command.channel_id, text: `got ${command.text}` });
    await client.chat.update({ channel: command.channel_id, ts: posted.ts ?? '', text: `done ${command.text}` });
  });
  await app.start();
  const { ops = '' } = slack.channels;
  expect(
    await post(slack, 'command', { channel: ops, user: slack.users['dana'], command: '/cilium', text: 'status' }),
  ).toEqual({ ok: true, acked: true });
  await expect
    .poll(async () => {
      const answer = await fetch(`${slack.controlUrl}/messages/${ops}`);
      return ((await answer.json()) as { messages: { text: string }[] }).messages.map((message) => message.text);
    })
    .toEqual(['done status']);
});
