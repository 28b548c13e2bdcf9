import type { Json } from '../json.ts';
import type { StoredMessage } from '../messages.ts';
import type { Channel } from '../workspace.ts';
import type { World } from '../world.ts';
import { botIsIn, botSees, directMessage, toConversation, visibleChannel } from './channels.ts';
import { toApiMessage } from './chat.ts';
import { type Args, type Call, type Methods, refuse, refuseArguments } from './method.ts';
import { paginate } from './page.ts';

const LIST_PAGE = { fallback: 100, max: 1_000 };
const HISTORY_PAGE = { fallback: 100, max: 999 };
const KINDS: Record<string, Channel['kind']> = { public_channel: 'public', private_channel: 'private', im: 'im' };

function meta(nextCursor: string): Json {
  return { response_metadata: { next_cursor: nextCursor } };
}

/** `types` of conversations.list; public channels where none is given. */
function kindsOf(args: Args): readonly string[] {
  const types = (args.text('types') || 'public_channel').split(',').map((type) => type.trim());
  if (types.some((type) => type !== 'mpim' && !Object.hasOwn(KINDS, type))) refuse('invalid_types');
  return types.flatMap((type) => KINDS[type] ?? []);
}

function listed(world: World, args: Args): readonly Channel[] {
  const kinds = kindsOf(args);
  const withArchived = !args.flag('exclude_archived', false);
  return [...world.workspace.channels.values()].filter(
    (channel) => kinds.includes(channel.kind) && botSees(world, channel) && (withArchived || !channel.isArchived),
  );
}

function list({ world, args }: Call): Json {
  const { page, nextCursor } = paginate(listed(world, args), args, LIST_PAGE);
  return { channels: page.map((channel) => toConversation(world, channel)), ...meta(nextCursor) };
}

function ofBot({ world, args }: Call): Json {
  const user = args.text('user') || world.workspace.app.botUserId;
  const mine = listed(world, args).filter((channel) =>
    user === world.workspace.app.botUserId ? botIsIn(world, channel) : channel.members.has(user),
  );
  const { page, nextCursor } = paginate(mine, args, LIST_PAGE);
  return { channels: page.map((channel) => toConversation(world, channel)), ...meta(nextCursor) };
}

function info({ world, args }: Call): Json {
  return { channel: toConversation(world, visibleChannel(world, args.required('channel'))) };
}

function members({ world, args }: Call): Json {
  const channel = visibleChannel(world, args.required('channel'));
  const { page, nextCursor } = paginate([...channel.members], args, LIST_PAGE);
  return { members: page, ...meta(nextCursor) };
}

/** A channel whose messages the bot may read: it must be in it. */
function readable(world: World, args: Args): Channel {
  const channel = visibleChannel(world, args.required('channel'));
  if (!botIsIn(world, channel)) refuse('not_in_channel');
  return channel;
}

function isWithin(args: Args, message: StoredMessage): boolean {
  const isInclusive = args.flag('inclusive', false);
  const oldest = args.text('oldest');
  const latest = args.text('latest');
  const afterOldest = oldest === '' || Number(message.ts) > Number(oldest) || (isInclusive && message.ts === oldest);
  const beforeLatest = latest === '' || Number(message.ts) < Number(latest) || (isInclusive && message.ts === latest);
  return afterOldest && beforeLatest;
}

function history({ world, args }: Call): Json {
  const channel = readable(world, args);
  const withMetadata = args.flag('include_all_metadata', false);
  const top = world.messages
    .inChannel(channel.id)
    .filter((message) => message.ephemeral_to === undefined)
    .filter((message) => message.thread_ts === undefined || message.thread_ts === message.ts)
    .filter((message) => isWithin(args, message))
    .reverse();
  const { page, nextCursor } = paginate(top, args, HISTORY_PAGE);
  const messages = page.map((message) => toApiMessage(message, withMetadata));
  return { messages, has_more: nextCursor !== '', pin_count: 0, ...(nextCursor === '' ? {} : meta(nextCursor)) };
}

function replies({ world, args }: Call): Json {
  const channel = readable(world, args);
  const ts = args.required('ts');
  const parent = world.messages.find(channel.id, ts);
  const thread = world.messages.replies(channel.id, ts);
  if (parent?.ephemeral_to !== undefined || (!parent && thread.length === 0)) refuse('thread_not_found');
  const shown = [...(parent ? [parent] : []), ...thread].filter((message) => message.ephemeral_to === undefined);
  const { page, nextCursor } = paginate(shown, args, HISTORY_PAGE);
  const withMetadata = args.flag('include_all_metadata', false);
  const messages = page.map((message) => toApiMessage(message, withMetadata));
  return { messages, has_more: nextCursor !== '', ...(nextCursor === '' ? {} : meta(nextCursor)) };
}

function open({ world, args }: Call): Json {
  const users = args.text('users').split(',').filter(Boolean);
  if (args.has('channel')) return { channel: { id: visibleChannel(world, args.text('channel')).id } };
  const [user] = users;
  if (user === undefined) refuse('users_list_not_supplied');
  if (users.length > 1) refuseArguments('group messages are not part of this rehearsal');
  if (!world.workspace.people.some((person) => person.id === user && !person.isBot)) refuse('user_not_found');
  return { no_op: false, already_open: false, channel: { id: directMessage(world, user).id } };
}

function join({ world, args }: Call): Json {
  const channel = visibleChannel(world, args.required('channel'));
  if (channel.kind !== 'public') refuse('method_not_supported_for_channel_type');
  if (channel.isArchived) refuse('is_archived');
  channel.members.add(world.workspace.app.botUserId);
  return { channel: toConversation(world, channel) };
}

const READ = ['channels:read', 'groups:read', 'im:read'];
const HISTORY = ['channels:history', 'groups:history', 'im:history'];

export const conversationMethods: Methods = {
  'conversations.list': { scope: READ, tier: 'tier2', run: list },
  'conversations.info': { scope: READ, tier: 'tier3', run: info },
  'conversations.members': { scope: READ, tier: 'tier4', run: members },
  'conversations.history': { scope: HISTORY, tier: 'tier3', run: history },
  'conversations.replies': { scope: HISTORY, tier: 'tier3', run: replies },
  'conversations.open': { scope: 'im:write', tier: 'tier3', run: open },
  'conversations.join': { scope: 'channels:join', tier: 'tier3', run: join },
  'users.conversations': { scope: READ, tier: 'tier3', run: ofBot },
};
