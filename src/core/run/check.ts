import { z } from 'zod';

/**
 * One question a preflight or a verification asks, and its answer. `unknown` is an answer of its own: it blocks like
 * `fail` unless somebody accepts it with a reason, which then stands on the card.
 */
export const Verdict = z.enum(['pass', 'warn', 'fail', 'unknown']);
export type Verdict = z.infer<typeof Verdict>;

export const Check = z
  .object({
    /** Stable, kebab-case: what `--accept <check>` names. */
    id: z.string().regex(/^[a-z0-9-]{2,40}$/),
    title: z.string().max(100),
    verdict: Verdict,
    /** What was seen, with numbers and names. Not part of the digest. */
    evidence: z.string().max(600),
    why: z.string().max(400),
    /** What to do about it; empty when there is nothing to do. */
    fix: z.string().max(400),
    accepted: z.object({ reason: z.string().max(400) }).optional(),
  })
  .readonly();
export type Check = z.infer<typeof Check>;

/** A check that keeps a change from going ahead. */
export function blocks(check: Check): boolean {
  return (check.verdict === 'fail' || check.verdict === 'unknown') && check.accepted === undefined;
}

/** Failures may never be accepted; unknowns and warnings may. Answers the checks with the acceptance noted, and names nobody asked about. */
export function accept(
  checks: readonly Check[],
  ids: readonly string[],
  reason: string,
): { readonly checks: readonly Check[]; readonly refused: readonly string[] } {
  const may = new Set(
    checks.filter((check) => check.verdict === 'unknown' || check.verdict === 'warn').map((check) => check.id),
  );
  return {
    checks: checks.map((check) =>
      ids.includes(check.id) && may.has(check.id) ? { ...check, accepted: { reason } } : check,
    ),
    refused: ids.filter((id) => !may.has(id)),
  };
}
