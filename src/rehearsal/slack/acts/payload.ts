import { personOf } from '../api/channels.ts';
import { refuse } from '../api/method.ts';
import { newId } from '../ids.ts';
import type { Json } from '../json.ts';
import type { Channel, Person } from '../workspace.ts';
import type { World } from '../world.ts';

/** @throws Refusal user_not_found */
export function actor(world: World, userId: string): Person {
  const person = personOf(world, userId);
  if (!person || person.isBot) refuse('user_not_found');
  return person;
}

/** @throws Refusal channel_not_found */
export function channelOf(world: World, id: string): Channel {
  const channel = world.workspace.channels.get(id);
  if (!channel) refuse('channel_not_found');
  return channel;
}

/** The name a payload gives a channel; Slack hides the names of private ones. */
export function channelName(channel: Channel): string {
  if (channel.kind === 'im') return 'directmessage';
  return channel.kind === 'private' ? 'privategroup' : channel.name;
}

/** What every interactivity payload starts with. The team is the installation's, the user's own may differ. */
export function interactionBase(world: World, person: Person): Json {
  const { workspace } = world;
  return {
    team: { id: workspace.teamId, domain: workspace.domain },
    user: { id: person.id, username: person.name, name: person.name, team_id: person.teamId },
    api_app_id: workspace.app.appId,
    token: workspace.tokens.verification,
    enterprise: null,
    is_enterprise_install: false,
  };
}

/** The outer layer of the Events API. */
export function eventPayload(world: World, event: Json, channel?: Channel): Json {
  const { workspace } = world;
  return {
    token: workspace.tokens.verification,
    team_id: workspace.teamId,
    context_team_id: workspace.teamId,
    context_enterprise_id: null,
    api_app_id: workspace.app.appId,
    event,
    type: 'event_callback',
    event_id: newId('Ev'),
    event_time: Math.floor(world.clock.now() / 1_000),
    authorizations: [
      {
        enterprise_id: null,
        team_id: workspace.teamId,
        user_id: workspace.app.botUserId,
        is_bot: true,
        is_enterprise_install: false,
      },
    ],
    is_ext_shared_channel: channel?.isExtShared ?? false,
    event_context: `4-${newId('', 12)}`,
  };
}
