import type { App } from '@slack/bolt';
import { OPS } from './a-workspace.ts';

const plain = (text: string) => ({ type: 'plain_text' as const, text });

const approval = {
  type: 'actions' as const,
  elements: [
    {
      type: 'button' as const,
      action_id: 'approve',
      text: plain('Approve'),
      confirm: { title: plain('Approve it?'), text: plain('prod changes'), confirm: plain('Yes'), deny: plain('No') },
    },
  ],
};

const form = {
  type: 'modal' as const,
  callback_id: 'form',
  title: plain('Native routing'),
  submit: plain('Plan'),
  blocks: [
    {
      type: 'input' as const,
      block_id: 'cidr',
      label: plain('CIDR'),
      element: { type: 'plain_text_input' as const, action_id: 'v' },
    },
    {
      type: 'input' as const,
      block_id: 'cluster',
      label: plain('Cluster'),
      element: { type: 'external_select' as const, action_id: 'cluster', min_query_length: 0 },
    },
    {
      type: 'input' as const,
      block_id: 'options',
      optional: true,
      label: plain('Options'),
      element: { type: 'checkboxes' as const, action_id: 'v', options: [{ text: plain('Benchmark'), value: 'bench' }] },
    },
  ],
};

const cell = (text: string) => ({ type: 'raw_text' as const, text });

/** A table no phone is wide enough for, and a line of code just as long. */
const wide = [
  {
    type: 'table' as const,
    rows: [
      Array.from({ length: 8 }, (_, column) => cell(`column ${column}`)),
      Array.from({ length: 8 }, () => cell('a-long-name-0123456789')),
    ],
  },
  { type: 'section' as const, text: { type: 'mrkdwn' as const, text: `\`\`\`${'x'.repeat(300)}\`\`\`` } },
];

/** A bot with one of each: a message, a button, a modal, an ephemeral, a thread, a Home. Enough to drive the page. */
export function setUpBot(app: App): void {
  app.command('/cilium', async ({ ack, command, client }) => {
    await ack();
    const { channel_id: channel, user_id: user, trigger_id } = command;
    if (command.text === 'form') await client.views.open({ trigger_id, view: form });
    else if (command.text === 'wide') await client.chat.postMessage({ channel, text: 'wide', blocks: wide });
    else if (command.text === 'secret') await client.chat.postEphemeral({ channel, user, text: 'for your eyes only' });
    else {
      const asked = { type: 'section' as const, text: { type: 'mrkdwn' as const, text: `*prod* asked by <@${user}>` } };
      await client.chat.postMessage({ channel, text: 'approve?', blocks: [asked, approval] });
    }
  });
  app.action({ type: 'block_actions', action_id: 'approve' }, async ({ ack, body, client }) => {
    await ack();
    const { channel, message } = body;
    if (!channel || !message) return;
    await client.chat.update({
      channel: channel.id,
      ts: message.ts,
      text: `approved by <@${body.user.id}>`,
      blocks: [],
    });
  });
  app.options('cluster', async ({ ack }) => ack({ options: [{ text: plain('prod'), value: 'prod' }] }));
  app.view('form', async ({ ack, view, client, body }) => {
    const { values } = view.state;
    const cidr = values['cidr']?.['v']?.value ?? '';
    if (!cidr.includes('/')) return ack({ response_action: 'errors', errors: { cidr: 'this is no CIDR' } });
    await ack();
    const cluster = values['cluster']?.['cluster']?.selected_option?.value;
    const options = values['options']?.['v']?.selected_options?.map(({ value }) => value).join();
    await client.chat.postMessage({
      channel: OPS,
      text: `${body.user.name}: ${cidr} on ${cluster} with ${options}`,
    });
  });
  app.event('app_mention', async ({ event, client }) => {
    await client.chat.postMessage({
      channel: event.channel,
      thread_ts: event.thread_ts ?? event.ts,
      text: 'heard you',
    });
  });
  app.event('app_home_opened', async ({ event, client }) => {
    const section = { type: 'section' as const, text: plain(`Home of ${event.user}`) };
    await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: [section] } });
  });
}
