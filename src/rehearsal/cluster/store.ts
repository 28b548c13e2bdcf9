/**
 * The object store: what etcd and the watch cache are to a real API server.
 * One revision counter for everything; a bounded history of changes, from which watches resume.
 */
import { randomUUID } from 'node:crypto';
import type { KubeObject } from './kube-object.ts';
import type { ResourceType } from './resources.ts';
import { type Entry, isLazy, type LazyObject, toLazy } from './store-entry.ts';

export type Change = {
  readonly revision: number;
  readonly storage: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
  readonly previous?: KubeObject;
};

export type Store = {
  readonly revision: () => number;
  /** The oldest revision a watch or a continue token may name. */
  readonly compactedRevision: () => number;
  readonly get: (type: ResourceType, namespace: string, name: string) => KubeObject | undefined;
  /** Entries in key order, from `start` on; all namespaces when `namespace` is empty. */
  readonly scan: (type: ResourceType, namespace: string, start?: string) => Iterable<Entry>;
  readonly count: (type: ResourceType) => number;
  /** Adds or replaces; bumps the revision and tells watchers. Conflicts are the caller's business. */
  readonly put: (type: ResourceType, object: KubeObject) => KubeObject;
  readonly remove: (type: ResourceType, namespace: string, name: string) => KubeObject | undefined;
  /** Fills the store before anyone watches: no history, recorded or given revisions kept. */
  readonly load: (type: ResourceType, objects: readonly (KubeObject | LazyObject)[]) => void;
  readonly changesSince: (storage: string, revision: number) => readonly Change[];
  readonly subscribe: (listener: (change: Change) => void) => () => void;
  /** Forgets the history up to now: older resourceVersions and continue tokens become 410 Expired. */
  readonly compact: () => void;
  readonly clear: () => void;
};

type Bucket = { readonly entries: Map<string, Entry>; keys: string[] };

const HISTORY_LIMIT = 20_000;

export function keyOf(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** Index of the first key that is not before `wanted`. */
function lowerBound(keys: readonly string[], wanted: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

function* scanBucket(bucket: Bucket, prefix: string, start: string): Iterable<Entry> {
  const { keys, entries } = bucket;
  for (let index = lowerBound(keys, start > prefix ? start : prefix); index < keys.length; index++) {
    const key = keys[index] ?? '';
    if (!key.startsWith(prefix)) return;
    const entry = entries.get(key);
    if (entry !== undefined) yield entry;
  }
}

export function readEntry(entry: Entry): KubeObject {
  return isLazy(entry) ? entry.make() : entry.object;
}

export function createStore(): Store {
  const buckets = new Map<string, Bucket>();
  const listeners = new Set<(change: Change) => void>();
  let history: Change[] = [];
  let revision = 1;
  let compacted = 1;

  const bucketOf = (storage: string): Bucket => {
    const found = buckets.get(storage);
    if (found !== undefined) return found;
    const made: Bucket = { entries: new Map(), keys: [] };
    buckets.set(storage, made);
    return made;
  };

  const record = (change: Change): void => {
    history.push(change);
    if (history.length > HISTORY_LIMIT) {
      history = history.slice(HISTORY_LIMIT / 2);
      compacted = history[0]?.revision ?? revision;
    }
    for (const listener of [...listeners]) listener(change);
  };

  const put = (type: ResourceType, object: KubeObject): KubeObject => {
    const { namespace = '', name } = object.metadata;
    const bucket = bucketOf(type.storage);
    const key = keyOf(namespace, name);
    const existing = bucket.entries.get(key);
    const previous = existing === undefined ? undefined : readEntry(existing);
    revision += 1;
    const metadata = {
      ...object.metadata,
      uid: previous?.metadata.uid ?? object.metadata.uid ?? randomUUID(),
      resourceVersion: String(revision),
    };
    const stored: KubeObject = { ...object, metadata };
    bucket.entries.set(key, { key, namespace, name, object: stored });
    if (existing === undefined) bucket.keys.splice(lowerBound(bucket.keys, key), 0, key);
    const common = { revision, storage: type.storage, object: stored };
    record(previous === undefined ? { ...common, type: 'ADDED' } : { ...common, type: 'MODIFIED', previous });
    return stored;
  };

  const remove = (type: ResourceType, namespace: string, name: string): KubeObject | undefined => {
    const bucket = bucketOf(type.storage);
    const key = keyOf(namespace, name);
    const existing = bucket.entries.get(key);
    if (existing === undefined) return undefined;
    const previous = readEntry(existing);
    bucket.entries.delete(key);
    bucket.keys.splice(lowerBound(bucket.keys, key), 1);
    revision += 1;
    const object = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(revision) } };
    record({ revision, storage: type.storage, type: 'DELETED', object, previous });
    return object;
  };

  const load = (type: ResourceType, objects: readonly (KubeObject | LazyObject)[]): void => {
    const bucket = bucketOf(type.storage);
    for (const object of objects) {
      const entry = toLazy(object);
      bucket.entries.set(entry.key, entry);
      if (!isLazy(entry)) revision = Math.max(revision, Number(entry.object.metadata.resourceVersion ?? 1));
    }
    bucket.keys = [...bucket.entries.keys()].sort((a, b) => (a < b ? -1 : 1));
    compacted = revision;
  };

  return {
    revision: () => revision,
    compactedRevision: () => compacted,
    get: (type, namespace, name) => {
      const entry = bucketOf(type.storage).entries.get(keyOf(namespace, name));
      return entry === undefined ? undefined : readEntry(entry);
    },
    scan: (type, namespace, start = '') =>
      scanBucket(bucketOf(type.storage), namespace === '' ? '' : `${namespace}/`, start),
    count: (type) => bucketOf(type.storage).keys.length,
    put,
    remove,
    load,
    changesSince: (storage, since) => history.filter((change) => change.revision > since && change.storage === storage),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    compact: () => {
      revision += 1;
      compacted = revision;
      history = [];
    },
    clear: () => {
      buckets.clear();
      history = [];
      // Revisions never go back, as on a restored etcd: clients with old ones must relist.
      revision += 1;
      compacted = revision;
    },
  };
}
