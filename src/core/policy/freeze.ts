import { z } from 'zod';
import { Actor } from '../actor.ts';

/**
 * Nobody may change a frozen cluster, whatever was approved. One small document per cluster and one for all of them;
 * the last writer wins. Whoever cannot read it must not go on.
 */
export const Freeze = z
  .object({ by: Actor, at: z.iso.datetime(), reason: z.string().max(1_000).optional(), everywhere: z.boolean() })
  .readonly();
export type Freeze = z.infer<typeof Freeze>;
