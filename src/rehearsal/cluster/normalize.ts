/** What decoding into Go types does to an object before it is stored; without it a repeated write would look like a change. */
import { isRecord } from './kube-object.ts';

/** Quantities may be sent as numbers and are kept as text. */
const QUANTITY_MAPS: ReadonlySet<string> = new Set(['limits', 'requests', 'hard']);

/** Zero is the same as absent (`omitempty`). */
const OMITTED_WHEN_ZERO: ReadonlySet<string> = new Set(['initialDelaySeconds', 'minReadySeconds']);

function quantities(map: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const asText = (value: unknown): unknown => (typeof value === 'number' ? String(value) : value);
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, asText(value)]));
}

function isOmitted(key: string, value: unknown): boolean {
  return value === null || value === undefined || (value === 0 && OMITTED_WHEN_ZERO.has(key));
}

/** Fields of a built-in type, as its Go type would hold them. */
export function normalize(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalize);
  if (!isRecord(value)) return value;
  const result: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    if (isOmitted(key, field)) continue;
    result[key] = QUANTITY_MAPS.has(key) && isRecord(field) ? quantities(field) : normalize(field);
  }
  return result;
}
