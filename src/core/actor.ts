import { z } from 'zod';
import { ChannelId, UserId } from './ids.ts';
import { ScheduleName } from './policy/schedule.ts';

/** Who asked or voted, with enough to explain a disputed click later: the ids, not a display name. */
export const Actor = z
  .object({
    user: UserId,
    /** Slack team of the person, absent in the terminal. */
    team: z.string().max(40).optional(),
    /** From another organisation over Slack Connect: may look, never change. */
    external: z.boolean().default(false),
    /** Of no team that is known to be ours, where the bot is installed for a whole organisation: may look, never change. */
    unverified: z.literal(true).optional(),
  })
  .readonly();
export type Actor = z.infer<typeof Actor>;

/** Why somebody may only look. Slack sends no organisation with a click, so a team that is not known may be anybody's. */
export const UNVERIFIED =
  'Slack does not say that you belong to this organisation: you may look, not change. Ask from a workspace that the app is approved for';

/** Where the answer belongs. */
export const Origin = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('slack'),
      channel: ChannelId,
      threadTs: z.string().max(40).optional(),
      via: z.enum(['slash', 'mention', 'button']),
    }),
    /** Nobody asked: its outcome is said in this channel when it is not what it was the last time. */
    z.object({ type: z.literal('schedule'), schedule: ScheduleName, rhythm: z.string().max(200), channel: ChannelId }),
    z.object({ type: z.literal('terminal') }),
  ])
  .readonly();
export type Origin = z.infer<typeof Origin>;
