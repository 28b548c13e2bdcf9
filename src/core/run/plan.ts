import { createHash } from 'node:crypto';
import { z } from 'zod';
import { RunId } from '../ids.ts';
import { Check } from './check.ts';

/**
 * What a change would do, as data: shown on the card, pinned by its digest, and handed to `run` exactly as approved.
 * Bounded, because it is part of an event; the full diff and everything else in bulk are artifacts.
 */
export const Plan = z
  .object({
    /** Completes "prod: …": `switch to native routing`. */
    title: z.string().max(80),
    /** What traffic and pods go through, the first thing an approver reads. One to three lines. */
    effect: z.array(z.string().max(400)).min(1).max(3).readonly(),
    changes: z
      .array(z.object({ key: z.string().max(120), from: z.string().max(200), to: z.string().max(200) }).readonly())
      .max(30)
      .readonly(),
    checks: z.array(Check).max(60).readonly(),
    /** Words for a change that is none of settings: what its checks are called, and what it leaves as it is. */
    words: z
      .object({ checks: z.string().max(20), unchanged: z.string().max(120) })
      .readonly()
      .optional(),
    /** How it is undone, and what that interrupts. */
    wayBack: z.string().max(400),
    /**
     * What must still be so when the change is applied, by name: chart digest, values, Helm revision, node set, agent
     * versions, check verdicts. Never evidence, times or secrets. A difference voids the approval and is shown by name.
     */
    pinned: z.record(z.string().max(60), z.string().max(2_000)),
    /** The run that this change takes back: whoever asked for it may undo it alone for a day. */
    undoes: RunId.optional(),
    /** What `run` needs, opaque to everybody else. Parsed by the job that made it. */
    work: z.unknown(),
  })
  .readonly();
export type Plan = z.infer<typeof Plan>;

/** SHA-256 over the pinned facts, in the order of their names; hex, 64 characters. People are shown the first eight. */
export function digestOf(plan: Pick<Plan, 'pinned'>): string {
  const sorted = Object.entries(plan.pinned).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}

/** What differs between two plans, in words for people: `Helm revision: 27 → 28`. */
export function changedSince(before: Pick<Plan, 'pinned'>, after: Pick<Plan, 'pinned'>): readonly string[] {
  const names = [...new Set([...Object.keys(before.pinned), ...Object.keys(after.pinned)])].sort();
  return names
    .filter((name) => before.pinned[name] !== after.pinned[name])
    .map((name) => `${name}: ${shown(before.pinned[name])} → ${shown(after.pinned[name])}`);
}

function shown(value: string | undefined): string {
  if (value === undefined) return '(none)';
  return value.length <= 100 ? value : `${value.slice(0, 99)}…`;
}
