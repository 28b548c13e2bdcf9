import type { App } from '@slack/bolt';
import type { KnownBlock } from '@slack/types';
import { keepResponseUrl } from '../app/response-url.ts';
import { type SubmitDeps, type Submitted, submit } from '../app/submit.ts';
import { OpsError } from '../core/errors.ts';
import { errorReply } from '../core/replies.ts';
import type { Reply } from '../core/reply.ts';
import { renderReply } from '../render/reply-message.ts';
import { ActionPayload, actorOf, CommandPayload, MentionPayload, typedText } from './payloads.ts';
import { onPlanView } from './plan-views.ts';

/** A button is a typed line: its value is what a person could have typed, and is checked exactly as if they had. */
export const TYPED_ACTION = /^cilium-type(:\d+)?$/;

/** The same use case behind a slash command, a mention and a button. Nothing comes before the ack but the append. */
export function listen(app: App, deps: SubmitDeps, root: () => string): void {
  onCommand(app, deps);
  onMention(app, deps, root);
  onButton(app, deps, root);
  onPlanView(app, deps);
}

function onCommand(app: App, deps: SubmitDeps): void {
  app.command(/.*/, async ({ ack, payload, context }) => {
    const parsed = CommandPayload.safeParse(payload);
    if (!parsed.success) return ack(ephemeral(notUnderstood()));
    const body = parsed.data;
    const submitted = await submit(deps, {
      line: typedText(body.text),
      root: body.command,
      by: actorOf(body.user_id, body.team_id, context.teamId),
      origin: { type: 'slack', channel: body.channel_id, via: 'slash' },
      requestKey: `slash:${body.trigger_id}`,
    });
    if (submitted.type === 'reply') return ack(ephemeral(submitted.reply));
    await ack();
    await start(deps, submitted, body.response_url);
  });
}

function onMention(app: App, deps: SubmitDeps, root: () => string): void {
  app.event('app_mention', async ({ payload, context, client }) => {
    // Other apps mention us too, and have no user.
    const parsed = MentionPayload.safeParse(payload);
    if (!parsed.success) return;
    const body = parsed.data;
    const thread = body.thread_ts === undefined ? {} : { threadTs: body.thread_ts };
    const submitted = await submit(deps, {
      line: typedText(body.text, context.botUserId).replace(/^\/[\w-]+\s*/, ''),
      root: root(),
      by: actorOf(body.user, body.user_team ?? body.team, context.teamId),
      origin: { type: 'slack', channel: body.channel, via: 'mention', ...thread },
      requestKey: `mention:${body.channel}:${body.ts}`,
    });
    if (submitted.type === 'accepted') return start(deps, submitted, undefined);
    const { text, blocks } = ephemeral(submitted.reply);
    await client.chat.postEphemeral({
      channel: body.channel,
      user: body.user,
      text,
      blocks,
      ...(body.thread_ts === undefined ? {} : { thread_ts: body.thread_ts }),
    });
  });
}

function onButton(app: App, deps: SubmitDeps, root: () => string): void {
  app.action(TYPED_ACTION, async ({ ack, body, context, respond }) => {
    const parsed = ActionPayload.safeParse(body);
    if (!parsed.success) return ack();
    const click = parsed.data;
    const submitted = await submit(deps, {
      line: click.actions[0]?.value ?? '',
      root: root(),
      by: actorOf(click.user.id, click.user.team_id ?? click.team?.id, context.teamId),
      origin: { type: 'slack', channel: click.channel.id, via: 'button' },
      requestKey: `click:${click.trigger_id}`,
    });
    await ack();
    if (submitted.type === 'accepted') return start(deps, submitted, click.response_url);
    await respond({ ...ephemeral(submitted.reply), replace_original: false });
  });
}

/** After the ack: whatever fails here is made up for by the sweep, so the person has not been promised too much. */
async function start(
  deps: SubmitDeps,
  accepted: Extract<Submitted, { type: 'accepted' }>,
  responseUrl: string | undefined,
): Promise<void> {
  try {
    if (responseUrl !== undefined) await keepResponseUrl(deps.state.blobs, accepted.run, responseUrl);
    await accepted.queue();
  } catch (thrown) {
    deps.log.warn({ err: thrown, run: accepted.run }, 'run not queued yet, the sweep will');
  }
}

function ephemeral(reply: Reply): { response_type: 'ephemeral'; text: string; blocks: KnownBlock[] } {
  const { text, blocks } = renderReply(reply);
  // Rendered blocks are plain data; Bolt wants its own type for them.
  return { response_type: 'ephemeral', text, blocks: [...blocks] as KnownBlock[] };
}

function notUnderstood(): Reply {
  return errorReply(new OpsError('InvalidArgs', 'Slack sent something this bot does not understand'));
}
