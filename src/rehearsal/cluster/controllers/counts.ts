/** Numbers that may be percentages, and revisions told by the hash of a pod template. */
import { createHash } from 'node:crypto';
import { isRecord } from '../kube-object.ts';

/** `2` or `"25%"` of `total`. */
export function countOf(value: unknown, total: number, round: 'up' | 'down', fallback: number): number {
  if (typeof value === 'number') return value;
  const percent = typeof value === 'string' ? /^(\d+)%$/.exec(value)?.[1] : undefined;
  if (percent === undefined) return fallback;
  const exact = (Number(percent) * total) / 100;
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
}

/** JSON with sorted keys: the order in which a client wrote them is no change. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, canonical(value[key])]),
  );
}

export function templateHash(template: unknown): string {
  return createHash('sha1')
    .update(JSON.stringify(canonical(template)))
    .digest('hex')
    .slice(0, 10);
}

/**
 * Revision labels by template. Recorded pods carry labels made by another hash: what a controller's pods carry when it
 * is first seen belongs to the template it has then.
 */
export type Revisions = { readonly of: (uid: string, template: unknown, present: () => string | undefined) => string };

export function createRevisions(): Revisions {
  const known = new Map<string, string>();
  const seen = new Set<string>();
  return {
    of: (uid, template, present) => {
      const hash = templateHash(template);
      const key = `${uid}/${hash}`;
      if (!seen.has(uid)) known.set(key, present() ?? hash);
      seen.add(uid);
      return known.get(key) ?? hash;
    },
  };
}
