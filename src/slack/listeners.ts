import type { App } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import { type SubmitDeps, submit } from '../app/submit.ts';
import { OpsError } from '../core/errors.ts';
import { errorReply } from '../core/replies/replies.ts';
import type { Reply } from '../core/replies/reply.ts';
import { ephemeral } from './ephemeral.ts';
import { formHere, formOffer, onForms, openForm } from './form-views.ts';
import { homeTeamsOf } from './home-teams.ts';
import { ActionPayload, actorOf, CommandPayload, MentionPayload, typedText } from './payloads.ts';
import { onPlanView } from './plan-views.ts';
import { startRun } from './start-run.ts';

/** A button is a typed line: its value is what a person could have typed, and is checked exactly as if they had. */
export const TYPED_ACTION = /^cilium-type(:\d+)?$/;

/** The same use case behind a slash command, a mention and a button. Nothing comes before the ack but the append. */
export function listen(app: App, deps: SubmitDeps, root: () => string): void {
  onCommand(app, deps);
  onMention(app, deps, root);
  onButton(app, deps, root);
  onPlanView(app, deps);
  onForms(app, deps, root);
}

function onCommand(app: App, deps: SubmitDeps): void {
  app.command(/.*/, async ({ ack, payload, context, client, respond }) => {
    const parsed = CommandPayload.safeParse(payload);
    if (!parsed.success) return ack(ephemeral(notUnderstood()));
    const body = parsed.data;
    const asked = { line: typedText(body.text), by: actorOf(body.user_id, body.team_id, homeTeamsOf(context)) };
    const form = formHere(deps, { ...asked, channel: body.channel_id });
    if (form !== undefined) {
      await ack();
      const tell = (reply: Reply) => respond(ephemeral(reply));
      return openForm(deps, form, { client, tell, triggerId: body.trigger_id, responseUrl: body.response_url });
    }
    const submitted = await submit(deps, {
      ...asked,
      root: body.command,
      origin: { type: 'slack', channel: body.channel_id, via: 'slash' },
      requestKey: `slash:${body.trigger_id}`,
    });
    if (submitted.type === 'reply') return ack(ephemeral(submitted.reply));
    await ack();
    await startRun(deps, submitted, body.response_url);
  });
}

function onMention(app: App, deps: SubmitDeps, root: () => string): void {
  app.event('app_mention', async ({ payload, context, client }) => {
    // Other apps mention us too, and have no user.
    const parsed = MentionPayload.safeParse(payload);
    if (!parsed.success) return;
    const body = parsed.data;
    const thread = body.thread_ts === undefined ? {} : { threadTs: body.thread_ts };
    const asked = {
      line: typedText(body.text, context.botUserId).replace(/^\/[\w-]+\s*/, ''),
      by: actorOf(body.user, body.user_team ?? body.team, homeTeamsOf(context)),
    };
    const form = formHere(deps, { ...asked, channel: body.channel });
    const tell = (reply: Reply) => whisper(client, body, reply);
    if (form !== undefined) return tell(formOffer(form));
    const submitted = await submit(deps, {
      ...asked,
      root: root(),
      origin: { type: 'slack', channel: body.channel, via: 'mention', ...thread },
      requestKey: `mention:${body.channel}:${body.ts}`,
    });
    if (submitted.type === 'accepted') return startRun(deps, submitted, undefined);
    await tell(submitted.reply);
  });
}

/** A mention has no response URL. */
async function whisper(
  client: WebClient,
  { channel, user, thread_ts: ts }: MentionPayload,
  said: Reply,
): Promise<void> {
  const { text, blocks } = ephemeral(said);
  await client.chat.postEphemeral({ channel, user, text, blocks, ...(ts === undefined ? {} : { thread_ts: ts }) });
}

function onButton(app: App, deps: SubmitDeps, root: () => string): void {
  app.action(TYPED_ACTION, async ({ ack, body, context, client, respond }) => {
    const parsed = ActionPayload.safeParse(body);
    if (!parsed.success) return ack();
    const click = parsed.data;
    const asked = {
      line: click.actions[0]?.value ?? '',
      by: actorOf(click.user.id, click.user.team_id ?? click.team?.id, homeTeamsOf(context)),
    };
    const tell = (reply: Reply) => respond({ ...ephemeral(reply), replace_original: false });
    const form = formHere(deps, { ...asked, channel: click.channel.id });
    if (form !== undefined) {
      await ack();
      return openForm(deps, form, { client, tell, triggerId: click.trigger_id, responseUrl: click.response_url });
    }
    const submitted = await submit(deps, {
      ...asked,
      root: root(),
      origin: { type: 'slack', channel: click.channel.id, via: 'button' },
      requestKey: `click:${click.trigger_id}`,
    });
    await ack();
    if (submitted.type === 'accepted') return startRun(deps, submitted, click.response_url);
    await tell(submitted.reply);
  });
}

function notUnderstood(): Reply {
  return errorReply(new OpsError('InvalidArgs', 'Slack sent something this bot does not understand'));
}
