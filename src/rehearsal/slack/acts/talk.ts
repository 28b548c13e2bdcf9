import { botIsIn, directMessage } from '../api/channels.ts';
import { threadOf } from '../api/chat.ts';
import { type Args, refuse } from '../api/method.ts';
import { withoutReaction, withReaction } from '../api/reactions.ts';
import { newId } from '../ids.ts';
import type { Json } from '../json.ts';
import type { StoredMessage } from '../messages.ts';
import type { Channel } from '../workspace.ts';
import type { World } from '../world.ts';
import { tellAsSlackbot } from './answer.ts';
import { actor, channelOf, eventPayload } from './payload.ts';

const MESSAGE_EVENTS: Record<Channel['kind'], string> = {
  public: 'message.channels',
  private: 'message.groups',
  im: 'message.im',
};
const CHANNEL_TYPES: Record<Channel['kind'], string> = { public: 'channel', private: 'group', im: 'im' };

function isSubscribed(world: World, event: string): boolean {
  return world.installation.events.includes(event);
}

/** Somebody from another company is marked as such. */
function originOf(world: World, message: StoredMessage): Json {
  const { team } = message;
  return team === world.workspace.teamId ? {} : { user_team: team, source_team: team };
}

function wordEvent(message: StoredMessage, type: string): Json {
  const { text, user, ts, channel, team, thread_ts: threadTs } = message;
  const thread = threadTs === undefined ? {} : { thread_ts: threadTs };
  return { type, user, text, ts, channel, team, event_ts: ts, client_msg_id: newId('', 12), ...thread };
}

/** The events a message causes: those the app subscribed to, where the bot is a member. */
async function announce(world: World, channel: Channel, message: StoredMessage): Promise<void> {
  const isMention = message.text.includes(`<@${world.workspace.app.botUserId}>`);
  if (!botIsIn(world, channel)) {
    if (!isMention) return;
    const place = { channel: channel.id, user: message.user };
    tellAsSlackbot(world, place, `<@${world.workspace.app.botUserId}> is not in this channel. Invite them first.`);
    return;
  }
  const events: Json[] = [];
  const origin = originOf(world, message);
  if (isMention && isSubscribed(world, 'app_mention')) events.push({ ...wordEvent(message, 'app_mention'), ...origin });
  if (isSubscribed(world, MESSAGE_EVENTS[channel.kind])) {
    events.push({ ...wordEvent(message, 'message'), ...origin, channel_type: CHANNEL_TYPES[channel.kind] });
  }
  await Promise.all(events.map((event) => world.courier.tell(eventPayload(world, event, channel))));
}

/**
 * Somebody writes a message. The text is Slack's own notation: a mention is `<@U…>`.
 * @throws Refusal user_not_found, channel_not_found, not_in_channel, is_archived, no_text, thread_not_found
 */
export async function say(world: World, args: Args): Promise<Json> {
  const person = actor(world, args.text('user'));
  const channel = channelOf(world, args.text('channel'));
  if (!channel.members.has(person.id)) refuse('not_in_channel');
  if (channel.isArchived) refuse('is_archived');
  const text = args.text('text');
  if (text.trim() === '') refuse('no_text');
  const message = world.messages.put({
    type: 'message',
    channel: channel.id,
    ts: world.clock.nextTs(),
    team: person.teamId,
    user: person.id,
    text,
    ...threadOf(world, channel, args.text('thread_ts') || args.text('threadTs')),
  });
  await announce(world, channel, message);
  return { message };
}

/** Somebody opens the app's Home: `view` is what was published before. */
export async function openHome(world: World, args: Args): Promise<Json> {
  const person = actor(world, args.text('user'));
  const channel = directMessage(world, person.id);
  const view = world.views.home(person.id);
  const event = {
    type: 'app_home_opened',
    user: person.id,
    channel: channel.id,
    tab: 'home',
    event_ts: world.clock.nextTs(),
  };
  if (isSubscribed(world, 'app_home_opened')) {
    await world.courier.tell(eventPayload(world, { ...event, ...(view ? { view } : {}) }));
  }
  return {};
}

/** Somebody puts an emoji on a message, or takes it off. */
export async function react(world: World, args: Args): Promise<Json> {
  const person = actor(world, args.text('user'));
  const channel = channelOf(world, args.text('channel'));
  const message = world.messages.find(channel.id, args.text('ts'));
  if (!message || message.ephemeral_to !== undefined) refuse('message_not_found');
  const name = args.text('name');
  const isPresent = args.flag('present', true);
  world.messages.put(isPresent ? withReaction(message, person.id, name) : withoutReaction(message, person.id, name));
  const type = isPresent ? 'reaction_added' : 'reaction_removed';
  if (isSubscribed(world, type) && botIsIn(world, channel)) {
    const item = { type: 'message', channel: channel.id, ts: message.ts };
    const event = {
      type,
      user: person.id,
      reaction: name,
      item,
      item_user: message.user,
      event_ts: world.clock.nextTs(),
    };
    await world.courier.tell(eventPayload(world, event, channel));
  }
  return {};
}

/** Somebody joins or leaves a channel, or is invited or removed; the bot too. */
export function setMembership(world: World, args: Args): Json {
  const channel = channelOf(world, args.text('channel'));
  const user = args.text('user');
  if (!world.workspace.people.some((person) => person.id === user)) refuse('user_not_found');
  if (args.flag('present', true)) channel.members.add(user);
  else channel.members.delete(user);
  world.page.resync();
  return { members: [...channel.members] };
}
