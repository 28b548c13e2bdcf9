/** What the store keeps per object: the object itself, or a recipe for it (150,000 full pods would not fit in memory). */
import { at, type KubeObject, textAt } from './kube-object.ts';

/** A synthesised object: enough to select by, and a function that makes the whole on demand. */
export type LazyObject = {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Field selector values, for example `spec.nodeName`. */
  readonly fields: Readonly<Record<string, string>>;
  readonly make: () => KubeObject;
};

type LazyEntry = LazyObject & { readonly key: string };
type FullEntry = {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly object: KubeObject;
};

export type Entry = LazyEntry | FullEntry;

export function isLazy(entry: Entry): entry is LazyEntry {
  return 'make' in entry;
}

export function toEntry(object: KubeObject | LazyObject): Entry {
  const full = 'metadata' in object;
  const namespace = full ? ((object as KubeObject).metadata.namespace ?? '') : (object as LazyObject).namespace;
  const name = full ? (object as KubeObject).metadata.name : (object as LazyObject).name;
  const key = namespace === '' ? name : `${namespace}/${name}`;
  return full ? { key, namespace, name, object: object as KubeObject } : { ...(object as LazyObject), key };
}

export function labelsOf(entry: Entry): Readonly<Record<string, string>> {
  return isLazy(entry) ? entry.labels : (entry.object.metadata.labels ?? {});
}

/** A text or a boolean, as a field selector compares it. */
function wordAt(object: unknown, path: string): string {
  const steps = path.split('.');
  return at(object, ...steps) === true ? 'true' : textAt(object, ...steps);
}

/** The value a field selector compares, as text; absent is the empty string, as in Kubernetes. */
export function fieldOf(entry: Entry, path: string): string {
  if (path === 'metadata.name') return entry.name;
  if (path === 'metadata.namespace') return entry.namespace;
  if (isLazy(entry)) return entry.fields[path] ?? wordAt(entry.make(), path);
  return wordAt(entry.object, path);
}
