import { newId } from '../ids.ts';
import type { Json } from '../json.ts';
import type { Channel, Person } from '../workspace.ts';
import type { World } from '../world.ts';
import { refuse } from './method.ts';

export function botIsIn(world: World, channel: Channel): boolean {
  if (channel.kind === 'im') return channel.members.has(world.workspace.app.botUserId);
  return world.faults.value('membership') === 'off' && channel.members.has(world.workspace.app.botUserId);
}

/** A private channel is invisible to whoever is not in it. */
export function botSees(world: World, channel: Channel): boolean {
  return channel.kind === 'public' || botIsIn(world, channel);
}

/** @throws Refusal channel_not_found */
export function visibleChannel(world: World, id: string): Channel {
  const channel = world.workspace.channels.get(id);
  if (!channel || !botSees(world, channel)) refuse('channel_not_found');
  return channel;
}

/** @throws Refusal channel_not_found, not_in_channel, is_archived */
export function writableChannel(world: World, id: string): Channel {
  const channel = visibleChannel(world, id.startsWith('U') || id.startsWith('W') ? directMessage(world, id).id : id);
  if (channel.isArchived) refuse('is_archived');
  if (!botIsIn(world, channel)) refuse('not_in_channel');
  return channel;
}

export function personOf(world: World, id: string): Person | undefined {
  return world.workspace.people.find((person) => person.id === id);
}

/**
 * The direct message channel between the bot and a person, made on first use.
 * @throws Refusal channel_not_found where there is no such person
 */
export function directMessage(world: World, userId: string): Channel {
  const person = personOf(world, userId);
  if (!person || person.isBot) refuse('channel_not_found');
  const members = [world.workspace.app.botUserId, person.id];
  const known = [...world.workspace.channels.values()].find(
    (channel) => channel.kind === 'im' && members.every((member) => channel.members.has(member)),
  );
  if (known) return known;
  const created: Channel = {
    id: newId('D'),
    name: `dm-${person.name}`,
    kind: 'im',
    isExtShared: person.teamId !== world.workspace.teamId,
    isArchived: false,
    members: new Set(members),
    firstMembers: members,
    createdAt: Math.floor(world.clock.now() / 1_000),
  };
  world.workspace.channels.set(created.id, created);
  world.page.resync();
  return created;
}

export function toConversation(world: World, channel: Channel): Json {
  const { teamId, app } = world.workspace;
  const other = [...channel.members].find((member) => member !== app.botUserId);
  const common = { id: channel.id, created: channel.createdAt, is_archived: channel.isArchived, is_org_shared: false };
  if (channel.kind === 'im') return { ...common, is_im: true, user: other, is_user_deleted: false };
  return {
    ...common,
    name: channel.name,
    name_normalized: channel.name,
    is_channel: channel.kind === 'public',
    is_group: channel.kind === 'private',
    is_im: false,
    is_mpim: false,
    is_private: channel.kind === 'private',
    is_general: channel.name === 'general',
    is_member: botIsIn(world, channel),
    is_shared: channel.isExtShared,
    is_ext_shared: channel.isExtShared,
    context_team_id: teamId,
    num_members: channel.members.size,
    topic: { value: '', creator: '', last_set: 0 },
    purpose: { value: '', creator: '', last_set: 0 },
  };
}
