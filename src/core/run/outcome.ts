import { z } from 'zod';
import { Actor } from '../actor.ts';
import { Report } from './report.ts';

/** How a run ended. Expected endings are values; only what nobody could foresee is thrown (and ends as `failed`). */
export const Outcome = z
  .discriminatedUnion('type', [
    /** Done. For a preflight with failed checks see `failed`. */
    z.object({ type: z.literal('succeeded'), report: Report }),
    /** Done and negative, or broken: `report` when the job got as far as having one. */
    z.object({
      type: z.literal('failed'),
      code: z.string(),
      message: z.string().max(1_000),
      nextStep: z.string().max(400).optional(),
      report: Report.optional(),
    }),
    /** It did not happen, on purpose: a rule said no. */
    z.object({
      type: z.literal('refused'),
      reason: z.string().max(1_000),
      nextStep: z.string().max(400).optional(),
      report: Report.optional(),
    }),
    z.object({ type: z.literal('rejected'), by: Actor, reason: z.string().max(1_000).optional() }),
    z.object({ type: z.literal('expired') }),
    z.object({ type: z.literal('cancelled'), by: Actor, reason: z.string().max(1_000).optional() }),
    z.object({ type: z.literal('timed-out'), afterMs: z.number().int(), lastStep: z.string().optional() }),
    /** Undone after a failure, and the undoing verified. */
    z.object({ type: z.literal('rolled-back'), reason: z.string().max(1_000), report: Report.optional() }),
    /** Nobody can know: what was last proven, and since when. */
    z.object({
      type: z.literal('unknown'),
      since: z.string(),
      lastProven: z.string().max(1_000),
      why: z.string().max(1_000),
      report: Report.optional(),
    }),
  ])
  .readonly();
export type Outcome = z.infer<typeof Outcome>;

/** Exit codes of the terminal: 0 succeeded, 1 failed, 3 refused, 4 unknown (2 is wrong usage, before a run exists). */
export function exitCodeOf(outcome: Outcome): 0 | 1 | 3 | 4 {
  switch (outcome.type) {
    case 'succeeded':
      return 0;
    case 'refused':
    case 'rejected':
    case 'expired':
    case 'cancelled':
      return 3;
    case 'unknown':
      return 4;
    case 'failed':
    case 'timed-out':
    case 'rolled-back':
      return 1;
    default:
      throw new Error(`unhandled outcome ${JSON.stringify(outcome satisfies never)}`);
  }
}
