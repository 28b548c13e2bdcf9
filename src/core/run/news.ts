import { z } from 'zod';
import { ScheduleName } from '../policy/schedule.ts';

/**
 * Why a scheduled run is shown at all, and what is new in it.
 *
 * | kind    | because                                                               |
 * | first   | nothing was known before                                              |
 * | changed | it says something else than when something was last said              |
 * | late    | nobody took it, so that since `since` nothing is known; or not in time |
 */
export const News = z
  .object({
    schedule: ScheduleName,
    rhythm: z.string(),
    kind: z.enum(['first', 'changed', 'late']),
    /** The last time it was as before. */
    since: z.string().optional(),
    added: z.array(z.string()).readonly(),
    gone: z.array(z.string()).readonly(),
  })
  .readonly();
export type News = z.infer<typeof News>;
