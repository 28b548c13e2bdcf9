/** WATCH: one JSON line per event until the client leaves or timeoutSeconds is over. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ResourceCall } from './cluster-state.ts';
import { commonHeaders, type Json } from './http-answer.ts';
import type { KubeObject } from './kube-object.ts';
import { negotiate, type Representation } from './media.ts';
import { metadataOnly, presentOne, viewOf } from './presentation.ts';
import { isTrue } from './request-info.ts';
import { type Matcher, matcherOf } from './selectors.ts';
import { type Change, readEntry } from './store.ts';
import { toEntry } from './store-entry.ts';
import { tableOf } from './table.ts';

type Event = { readonly type: string; readonly object: KubeObject };

/** Real servers end a watch after 30 to 60 minutes when nobody says otherwise. */
const DEFAULT_TIMEOUT_SECONDS = 2_400;
const DROP_AFTER_MS = 1_000;
const BOOKMARK_INTERVAL_MS = 10_000;

/** What a change looks like through a selector: an object that stops matching is deleted, for this watcher. */
function seenThrough(change: Change, matches: (object: KubeObject) => boolean): Event | undefined {
  const now = change.type !== 'DELETED' && matches(change.object);
  const before = change.previous !== undefined && matches(change.previous);
  if (now && before) return { type: 'MODIFIED', object: change.object };
  if (now) return { type: 'ADDED', object: change.object };
  if (!before) return undefined;
  if (change.type === 'DELETED') return { type: 'DELETED', object: change.object };
  const previous = change.previous ?? change.object;
  const metadata = { ...previous.metadata, resourceVersion: String(change.revision) };
  return { type: 'DELETED', object: { ...previous, metadata } };
}

type Stream = {
  readonly send: (type: string, object: Json) => void;
  readonly sendObject: (event: Event) => void;
  readonly bookmark: (revision: number, initialEventsEnd?: boolean) => void;
};

function createStream(call: ResourceCall, response: ServerResponse, as: Representation): Stream {
  const { type } = call;
  let columnsSent = false;

  const render = (object: KubeObject): Json => {
    if (as === 'metadata') return metadataOnly(object);
    if (as === 'object') return presentOne(type, object, as, viewOf(call));
    const metadata = { resourceVersion: object.metadata.resourceVersion ?? '' };
    const table = tableOf(type, { metadata, items: [object] }, viewOf(call), !columnsSent);
    columnsSent = true;
    return table;
  };

  const send = (event: string, object: Json): void => {
    if (!response.writableEnded) response.write(`${JSON.stringify({ type: event, object })}\n`);
  };

  return {
    send,
    sendObject: ({ type: event, object }) => send(event, render(object)),
    bookmark: (revision, initialEventsEnd = false) => {
      const annotations = initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
      const metadata = { resourceVersion: String(revision), creationTimestamp: null, ...annotations };
      const kind = as === 'metadata' ? 'PartialObjectMetadata' : type.kind;
      const apiVersion = as === 'metadata' ? 'meta.k8s.io/v1' : type.apiVersion;
      send('BOOKMARK', { kind, apiVersion, metadata });
    },
  };
}

function tooOld(revision: number, compacted: number): Json {
  const message = `too old resource version: ${revision} (${compacted})`;
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: 'Expired', code: 410 };
}

/** Everything there is, as ADDED events: for watches that name no revision. */
function sendInitial(call: ResourceCall, stream: Stream, matches: Matcher): void {
  const { cluster, type, info } = call;
  for (const entry of cluster.store.scan(type, info.namespace)) {
    if (matches(entry)) stream.sendObject({ type: 'ADDED', object: readEntry(entry) });
  }
}

/** Sends what the client has missed; false when its revision is too old and the watch is over. */
function sendBacklog(call: ResourceCall, stream: Stream, entryMatches: Matcher): boolean {
  const { cluster, type, info } = call;
  const { store } = cluster;
  const asked = info.query.get('resourceVersion') ?? '';
  const initialEvents = isTrue(info.query.get('sendInitialEvents'));
  if (initialEvents || asked === '' || asked === '0') {
    sendInitial(call, stream, entryMatches);
    if (initialEvents) stream.bookmark(store.revision(), true);
    return true;
  }
  const since = Number(asked);
  if (since < store.compactedRevision()) {
    stream.send('ERROR', tooOld(since, store.compactedRevision()));
    return false;
  }
  const matches = matchesIn(info.namespace, entryMatches);
  for (const change of store.changesSince(type.storage, since)) {
    const event = seenThrough(change, matches);
    if (event !== undefined) stream.sendObject(event);
  }
  return true;
}

function matchesIn(namespace: string, entryMatches: Matcher): (object: KubeObject) => boolean {
  return (object) => {
    const inside = namespace === '' || object.metadata.namespace === namespace;
    return inside && entryMatches(toEntry(object));
  };
}

/** Answers with a stream that ends by itself. @throws ApiError before the first byte: selectors, media type. */
export function watchObjects(call: ResourceCall, request: IncomingMessage, response: ServerResponse): void {
  const { cluster, type, info } = call;
  const as = negotiate(call.accept);
  const entryMatches = matcherOf(type, info.query);
  const matches = matchesIn(info.namespace, entryMatches);

  response.writeHead(200, { ...commonHeaders(), 'Content-Type': 'application/json' });
  response.flushHeaders();
  const stream = createStream(call, response, as);
  if (!sendBacklog(call, stream, entryMatches)) {
    response.end();
    return;
  }

  const unsubscribe = cluster.store.subscribe((change) => {
    if (change.storage !== type.storage) return;
    const event = seenThrough(change, matches);
    if (event !== undefined) stream.sendObject(event);
  });
  const cut = (): void => void request.socket.destroy();
  const unregister = cluster.faults.onWatchDrop(cut);
  const cutSoon = cluster.faults.value('watches') === 'dropped' ? setTimeout(cut, DROP_AFTER_MS) : undefined;
  const seconds = Number(info.query.get('timeoutSeconds') ?? DEFAULT_TIMEOUT_SECONDS);
  const deadline = setTimeout(() => response.end(), (seconds > 0 ? seconds : DEFAULT_TIMEOUT_SECONDS) * 1_000);
  const wantsBookmarks = isTrue(info.query.get('allowWatchBookmarks'));
  const bookmarks = setInterval(() => {
    if (wantsBookmarks) stream.bookmark(cluster.store.revision());
  }, BOOKMARK_INTERVAL_MS);

  response.on('close', () => {
    clearTimeout(deadline);
    clearTimeout(cutSoon);
    clearInterval(bookmarks);
    unsubscribe();
    unregister();
  });
}
