import type { Json } from '../json.ts';
import type { StoredMessage } from '../messages.ts';
import { visibleChannel, writableChannel } from './channels.ts';
import { toApiMessage } from './chat.ts';
import { type Call, type Methods, refuse, refuseArguments } from './method.ts';

/** One emoji may be on one message once per person, and a message takes 23 different ones per person. */
const PER_PERSON_MAX = 23;

export function withReaction(message: StoredMessage, user: string, name: string): StoredMessage {
  const all = message.reactions ?? [];
  const known = all.find((reaction) => reaction.name === name);
  if (!known) return { ...message, reactions: [...all, { name, users: [user], count: 1 }] };
  const users = [...new Set([...known.users, user])];
  return { ...message, reactions: all.map((one) => (one === known ? { name, users, count: users.length } : one)) };
}

export function withoutReaction(message: StoredMessage, user: string, name: string): StoredMessage {
  const left = (message.reactions ?? [])
    .map((one) => (one.name === name ? { ...one, users: one.users.filter((other) => other !== user) } : one))
    .map((one) => ({ ...one, count: one.users.length }))
    .filter((one) => one.count > 0);
  const { reactions: _old, ...rest } = message;
  return left.length === 0 ? rest : { ...rest, reactions: left };
}

function target({ world, args }: Call): { message: StoredMessage; name: string; user: string } {
  const channel = writableChannel(world, args.required('channel'));
  const message = world.messages.find(channel.id, args.required('timestamp'));
  if (!message || message.ephemeral_to !== undefined) refuse('message_not_found');
  const name = args.required('name');
  if (!/^[a-z0-9_+'-]+(::skin-tone-[2-6])?$/.test(name)) refuse('invalid_name');
  return { message, name, user: world.workspace.app.botUserId };
}

function hasReacted(message: StoredMessage, user: string, name: string): boolean {
  return (message.reactions ?? []).some((one) => one.name === name && one.users.includes(user));
}

function add(call: Call): Json {
  const { message, name, user } = target(call);
  if (hasReacted(message, user, name)) refuse('already_reacted');
  const mine = (message.reactions ?? []).filter((one) => one.users.includes(user));
  if (mine.length >= PER_PERSON_MAX) refuse('too_many_reactions');
  call.world.messages.put(withReaction(message, user, name));
  return {};
}

function remove(call: Call): Json {
  const { message, name, user } = target(call);
  if (!hasReacted(message, user, name)) refuse('no_reaction');
  call.world.messages.put(withoutReaction(message, user, name));
  return {};
}

function get({ world, args }: Call): Json {
  if (!args.has('channel')) refuseArguments('missing required field: channel');
  const channel = visibleChannel(world, args.text('channel'));
  const message = world.messages.find(channel.id, args.required('timestamp'));
  if (!message || message.ephemeral_to !== undefined) refuse('message_not_found');
  return { type: 'message', channel: channel.id, message: toApiMessage(message, false) };
}

export const reactionMethods: Methods = {
  'reactions.add': { scope: 'reactions:write', tier: 'tier3', run: add },
  'reactions.remove': { scope: 'reactions:write', tier: 'tier2', run: remove },
  'reactions.get': { scope: 'reactions:read', tier: 'tier3', run: get },
};
