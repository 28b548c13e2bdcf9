import { z } from 'zod';
import { type Actor, Actor as ActorSchema } from '../core/actor.ts';
import { ChannelId, UserId } from '../core/ids.ts';
import type { HomeTeams } from './home-teams.ts';

/** The parts of Slack's payloads that we use. */
export const CommandPayload = z.object({
  command: z.string(),
  text: z.string().default(''),
  user_id: UserId,
  team_id: z.string().optional(),
  channel_id: ChannelId,
  trigger_id: z.string(),
  response_url: z.string().optional(),
});

export const MentionPayload = z.object({
  text: z.string().default(''),
  user: UserId,
  team: z.string().optional(),
  user_team: z.string().optional(),
  channel: ChannelId,
  ts: z.string(),
  thread_ts: z.string().optional(),
});

export type MentionPayload = z.infer<typeof MentionPayload>;

export const ActionPayload = z.object({
  trigger_id: z.string(),
  response_url: z.string().optional(),
  user: z.object({ id: UserId, team_id: z.string().optional() }),
  team: z.object({ id: z.string() }).nullish(),
  channel: z.object({ id: ChannelId }),
  actions: z.array(z.object({ value: z.string().optional() })).min(1),
});

export type ActionPayload = z.infer<typeof ActionPayload>;

/** Whoever comes from elsewhere came over Slack Connect. */
export function actorOf(user: string, team: string | undefined, home: HomeTeams | undefined): Actor {
  const external = home?.type === 'team' && team !== undefined && team !== home.team;
  const isKnown = home?.type !== 'organisation' || (team !== undefined && home.teams.includes(team));
  return ActorSchema.parse({
    user,
    ...(team === undefined ? {} : { team }),
    external,
    ...(isKnown ? {} : { unverified: true }),
  });
}

/**
 * What a person typed, from what Slack sends: entities undone, our own mention dropped, links and mentions back to
 * their visible words.
 */
export function typedText(text: string, self?: string): string {
  const withoutSelf = self === undefined ? text : text.replaceAll(new RegExp(`<@${self}(\\|[^>]*)?>`, 'g'), ' ');
  return withoutSelf
    .replace(/<(?:https?:\/\/|mailto:)[^>|]*\|([^>]*)>/g, '$1')
    .replace(/<((?:https?:\/\/|mailto:)[^>]*)>/g, '$1')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
    .trim();
}
