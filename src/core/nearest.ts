import { distance } from 'fastest-levenshtein';

/** The candidate a person most likely meant, or undefined when none is near: at most a third of the letters differ. */
export function nearest(typed: string, candidates: readonly string[]): string | undefined {
  const scored = candidates
    .map((candidate) => ({ candidate, off: distance(typed.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.off - b.off);
  const [best] = scored;
  if (!best) return undefined;
  const allowed = Math.max(1, Math.floor(Math.max(typed.length, best.candidate.length) / 3));
  return best.off <= allowed ? best.candidate : undefined;
}
