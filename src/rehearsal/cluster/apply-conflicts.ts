/** Server-side apply: fields of another manager with another value are a conflict, unless forced. */
import { isDeepStrictEqual } from 'node:util';
import { ApiError } from './api-error.ts';
import { at, isRecord, type KubeObject, listAt, textAt } from './kube-object.ts';

type Conflict = { readonly manager: string; readonly apiVersion: string; readonly path: readonly string[] };

/** Paths that a `fieldsV1` owns: maps only, items of lists are not looked at. */
function* pathsOf(fields: unknown, path: readonly string[] = []): Iterable<readonly string[]> {
  if (!isRecord(fields)) return;
  const children = Object.entries(fields).filter(([key]) => key.startsWith('f:'));
  if (children.length === 0 && path.length > 0) yield path;
  for (const [key, value] of children) yield* pathsOf(value, [...path, key.slice(2)]);
}

function conflictsOf(before: KubeObject, applied: unknown, manager: string): Conflict[] {
  return listAt(before, 'metadata', 'managedFields').flatMap((entry) => {
    const other = textAt(entry, 'manager');
    if (other === manager || !isRecord(entry)) return [];
    const apiVersion = textAt(entry, 'apiVersion');
    return [...pathsOf(entry['fieldsV1'])]
      .filter((path) => {
        const wanted = at(applied, ...path);
        return wanted !== undefined && !isDeepStrictEqual(wanted, at(before, ...path));
      })
      .map((path) => ({ manager: other, apiVersion, path }));
  });
}

/** @throws ApiError 409, worded as recorded */
export function checkApply(before: KubeObject, applied: unknown, query: URLSearchParams): void {
  if (query.get('force') === 'true') return;
  const conflicts = conflictsOf(before, applied, query.get('fieldManager') ?? '');
  const [first] = conflicts;
  if (first === undefined) return;
  const causes = conflicts.map(({ manager, apiVersion, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with "${manager}" using ${apiVersion}`,
    field: `.${path.join('.')}`,
  }));
  const count = `${conflicts.length} conflict${conflicts.length === 1 ? '' : 's'}`;
  const list = causes.map(({ message, field }) => `${message}: ${field}`).join(', ');
  throw new ApiError(409, 'Conflict', `Apply failed with ${count}: ${list}`, { details: { causes } });
}
