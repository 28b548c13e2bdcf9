/**
 * The object store: what etcd and the watch cache are to a real API server.
 * One revision counter for everything; a bounded history of changes, from which watches resume.
 */
import { randomUUID } from 'node:crypto';
import type { KubeObject } from './kube-object.ts';
import type { ResourceType } from './resources.ts';
import { type Entry, isLazy, type LazyObject, toEntry } from './store-entry.ts';

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
  /** How many keys come after `key`, in the namespace or in all. */
  readonly countAfter: (type: ResourceType, namespace: string, key: string) => number;
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

function keyOf(namespace: string, name: string): string {
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

/** The changes since the last compaction, newest last. */
function createHistory() {
  const listeners = new Set<(change: Change) => void>();
  let changes: Change[] = [];
  let compacted = 1;
  return {
    compacted: () => compacted,
    record: (change: Change): void => {
      changes.push(change);
      if (changes.length > HISTORY_LIMIT) {
        changes = changes.slice(HISTORY_LIMIT / 2);
        compacted = changes[0]?.revision ?? change.revision;
      }
      for (const listener of [...listeners]) listener(change);
    },
    forget: (revision: number): void => {
      changes = [];
      compacted = revision;
    },
    since: (storage: string, revision: number): readonly Change[] =>
      changes.filter((change) => change.revision > revision && change.storage === storage),
    subscribe: (listener: (change: Change) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function insert(bucket: Bucket, entry: Entry): void {
  if (!bucket.entries.has(entry.key)) bucket.keys.splice(lowerBound(bucket.keys, entry.key), 0, entry.key);
  bucket.entries.set(entry.key, entry);
}

function drop(bucket: Bucket, key: string): void {
  bucket.entries.delete(key);
  bucket.keys.splice(lowerBound(bucket.keys, key), 1);
}

function withRevision(object: KubeObject, revision: number, uid?: string): KubeObject {
  const identity = uid === undefined ? {} : { uid };
  return { ...object, metadata: { ...object.metadata, ...identity, resourceVersion: String(revision) } };
}

function fill(bucket: Bucket, objects: readonly (KubeObject | LazyObject)[]): number {
  let newest = 0;
  for (const object of objects) {
    const entry = toEntry(object);
    bucket.entries.set(entry.key, entry);
    if (!isLazy(entry)) newest = Math.max(newest, Number(entry.object.metadata.resourceVersion ?? 1));
  }
  bucket.keys = [...bucket.entries.keys()].sort();
  return newest;
}

type Buckets = { readonly of: (storage: string) => Bucket; readonly clear: () => void };

function createBuckets(): Buckets {
  const buckets = new Map<string, Bucket>();
  return {
    of: (storage) => {
      const found = buckets.get(storage);
      if (found !== undefined) return found;
      const made: Bucket = { entries: new Map(), keys: [] };
      buckets.set(storage, made);
      return made;
    },
    clear: () => buckets.clear(),
  };
}

type Writer = Pick<Store, 'put' | 'remove'>;

function createWriter(buckets: Buckets, record: (change: Change) => void, nextRevision: () => number): Writer {
  return {
    put: (type, object) => {
      const { namespace = '', name } = object.metadata;
      const bucket = buckets.of(type.storage);
      const key = keyOf(namespace, name);
      const existing = bucket.entries.get(key);
      const previous = existing === undefined ? undefined : readEntry(existing);
      const revision = nextRevision();
      const stored = withRevision(object, revision, previous?.metadata.uid ?? object.metadata.uid ?? randomUUID());
      insert(bucket, { key, namespace, name, object: stored });
      const common = { revision, storage: type.storage, object: stored };
      record(previous === undefined ? { ...common, type: 'ADDED' } : { ...common, type: 'MODIFIED', previous });
      return stored;
    },
    remove: (type, namespace, name) => {
      const bucket = buckets.of(type.storage);
      const key = keyOf(namespace, name);
      const existing = bucket.entries.get(key);
      if (existing === undefined) return undefined;
      const previous = readEntry(existing);
      drop(bucket, key);
      const revision = nextRevision();
      const object = withRevision(previous, revision);
      record({ revision, storage: type.storage, type: 'DELETED', object, previous });
      return object;
    },
  };
}

export function createStore(): Store {
  const buckets = createBuckets();
  const history = createHistory();
  let revision = 1;
  const nextRevision = (): number => {
    revision += 1;
    return revision;
  };

  return {
    ...createWriter(buckets, history.record, nextRevision),
    revision: () => revision,
    compactedRevision: history.compacted,
    get: (type, namespace, name) => {
      const entry = buckets.of(type.storage).entries.get(keyOf(namespace, name));
      return entry === undefined ? undefined : readEntry(entry);
    },
    scan: (type, namespace, start = '') =>
      scanBucket(buckets.of(type.storage), namespace === '' ? '' : `${namespace}/`, start),
    countAfter: (type, namespace, key) => {
      const { keys } = buckets.of(type.storage);
      // No name sorts after U+FFFF.
      const end = namespace === '' ? keys.length : lowerBound(keys, `${namespace}/\uffff`);
      return end - lowerBound(keys, `${key}\0`);
    },
    count: (type) => buckets.of(type.storage).keys.length,
    load: (type, objects) => {
      revision = Math.max(revision, fill(buckets.of(type.storage), objects));
      history.forget(revision);
    },
    changesSince: history.since,
    subscribe: history.subscribe,
    compact: () => history.forget(nextRevision()),
    clear: () => {
      buckets.clear();
      // Revisions never go back, as on a restored etcd: clients with old ones must relist.
      history.forget(nextRevision());
    },
  };
}
