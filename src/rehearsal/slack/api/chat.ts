import { type Content, contentOf } from '../compose.ts';
import { withIds } from '../elements.ts';
import type { Json } from '../json.ts';
import type { StoredMessage } from '../messages.ts';
import type { Channel } from '../workspace.ts';
import type { World } from '../world.ts';
import { personOf, visibleChannel, writableChannel } from './channels.ts';
import { type Args, type Call, type Methods, refuse, refuseArguments } from './method.ts';

/** Above this chat.update answers msg_too_long (observed; documented only as "about 4,000"). */
const UPDATE_TEXT_MAX = 4_000;

export function botMessage(world: World, channel: Channel, content: Content): StoredMessage {
  const { app, teamId } = world.workspace;
  return {
    type: 'message',
    channel: channel.id,
    ts: world.clock.nextTs(),
    team: teamId,
    user: app.botUserId,
    bot_id: app.botId,
    app_id: app.appId,
    ...content,
    ...(content.blocks ? { blocks: withIds(content.blocks) } : {}),
  };
}

/** A message as the API returns it: without our own bookkeeping, metadata only when asked for. */
export function toApiMessage(message: StoredMessage, withMetadata: boolean): Json {
  const { channel: _channel, ephemeral_to: _to, metadata, ...rest } = message;
  return { ...rest, ...(withMetadata && metadata ? { metadata } : {}) };
}

/** @throws Refusal thread_not_found, cannot_reply_to_message */
export function threadOf(world: World, channel: Channel, threadTs: string): { thread_ts?: string } {
  if (threadTs === '') return {};
  const parent = world.messages.find(channel.id, threadTs);
  if (parent?.ephemeral_to !== undefined) refuse('cannot_reply_to_message');
  if (parent?.thread_ts !== undefined && parent.thread_ts !== parent.ts) refuse('cannot_reply_to_message');
  // A thread outlives its deleted parent.
  if (!parent && world.messages.replies(channel.id, threadTs).length === 0) refuse('thread_not_found');
  return { thread_ts: threadTs };
}

function postMessage({ world, args }: Call): Json {
  const channel = writableChannel(world, args.required('channel'));
  const content = contentOf(world, args);
  const thread = threadOf(world, channel, args.text('thread_ts'));
  const message = world.messages.put({ ...botMessage(world, channel, content), ...thread });
  return { channel: channel.id, ts: message.ts, message: toApiMessage(message, true) };
}

/** @throws Refusal message_not_found, cant_update_message, cant_delete_message */
function ownMessage(world: World, args: Args, otherwise: string): { channel: Channel; message: StoredMessage } {
  const channel = visibleChannel(world, args.required('channel'));
  const message = world.messages.find(channel.id, args.required('ts'));
  // Ephemerals are out of the Web API's reach; only their response_url changes them.
  if (!message || message.ephemeral_to !== undefined || message.subtype === 'tombstone') refuse('message_not_found');
  if (message.user !== world.workspace.app.botUserId) refuse(otherwise);
  if (channel.isArchived) refuse('is_archived');
  return { channel, message };
}

export function editedMessage(world: World, message: StoredMessage, content: Content): StoredMessage {
  const { blocks: _blocks, attachments: _attachments, metadata: oldMetadata, ...rest } = message;
  const metadata = content.metadata ?? oldMetadata;
  return {
    ...rest,
    ...content,
    ...(content.blocks ? { blocks: withIds(content.blocks) } : {}),
    ...(metadata ? { metadata } : {}),
    edited: { user: world.workspace.app.botUserId, ts: world.clock.nextTs() },
  };
}

function update({ world, args }: Call): Json {
  const { channel, message } = ownMessage(world, args, 'cant_update_message');
  if (args.text('text').length > UPDATE_TEXT_MAX) refuse('msg_too_long');
  const content = contentOf(world, args);
  // What is not given stays: text alone leaves the blocks, `blocks: []` removes them (slackapi/python-slack-sdk#523).
  const { blocks, attachments } = message;
  const kept = { ...(blocks ? { blocks } : {}), ...(attachments ? { attachments } : {}) };
  const edited = world.messages.put(editedMessage(world, message, { ...kept, ...content }));
  return { channel: channel.id, ts: edited.ts, text: edited.text, message: toApiMessage(edited, true) };
}

export function removeMessage(world: World, message: StoredMessage): void {
  world.messages.remove(message.channel, message.ts);
  world.inputs.delete(`${message.channel}:${message.ts}`);
}

function deleteMessage({ world, args }: Call): Json {
  const { channel, message } = ownMessage(world, args, 'cant_delete_message');
  removeMessage(world, message);
  return { channel: channel.id, ts: message.ts };
}

function postEphemeral({ world, args }: Call): Json {
  const channel = writableChannel(world, args.required('channel'));
  const user = personOf(world, args.required('user'));
  if (!user || user.isBot || !channel.members.has(user.id)) refuse('user_not_in_channel');
  const content = contentOf(world, args);
  const thread = threadOf(world, channel, args.text('thread_ts'));
  const message = { ...botMessage(world, channel, content), ...thread, ephemeral_to: user.id };
  world.messages.put(message);
  return { message_ts: message.ts };
}

function getPermalink({ world, args }: Call): Json {
  const channel = visibleChannel(world, args.required('channel'));
  const message = world.messages.find(channel.id, args.required('message_ts'));
  if (!message || message.ephemeral_to !== undefined) refuse('message_not_found');
  return { channel: channel.id, permalink: `${world.origin.url}/#/${channel.id}/p${message.ts.replace('.', '')}` };
}

function meMessage({ world, args }: Call): Json {
  const channel = writableChannel(world, args.required('channel'));
  const text = args.required('text');
  if (text.trim() === '') refuseArguments('missing required field: text');
  const message = { ...botMessage(world, channel, { text }), subtype: 'me_message' };
  world.messages.put(message);
  return { channel: channel.id, ts: message.ts };
}

export const chatMethods: Methods = {
  'chat.postMessage': { scope: 'chat:write', tier: 'post', run: postMessage },
  'chat.update': { scope: 'chat:write', tier: 'tier3', run: update },
  'chat.delete': { scope: 'chat:write', tier: 'tier3', run: deleteMessage },
  'chat.postEphemeral': { scope: 'chat:write', tier: 'tier4', run: postEphemeral },
  'chat.getPermalink': { scope: null, tier: 'none', run: getPermalink },
  'chat.meMessage': { scope: 'chat:write', tier: 'tier3', run: meMessage },
};
