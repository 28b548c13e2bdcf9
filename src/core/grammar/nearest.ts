import { distance } from 'fastest-levenshtein';

/** The candidate a person most likely meant, or undefined when none is near. */
export function nearest(typed: string, candidates: readonly string[]): string | undefined {
  let best: { readonly candidate: string; readonly off: number } | undefined;
  for (const candidate of candidates) {
    const off = offBy(typed, candidate);
    if (off !== undefined && off < (best?.off ?? Infinity)) best = { candidate, off };
  }
  return best?.candidate;
}

/** How many letters differ; undefined when it is more than a third of them: then something else was meant. */
export function offBy(typed: string, candidate: string): number | undefined {
  const off = distance(typed.toLowerCase(), candidate.toLowerCase());
  const allowed = Math.max(1, Math.floor(Math.max(typed.length, candidate.length) / 3));
  return off <= allowed ? off : undefined;
}
