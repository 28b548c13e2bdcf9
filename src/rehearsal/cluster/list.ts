/** LIST: selectors, pages, continue tokens and what a resourceVersion means. */
import { ApiError, badRequest, expired } from './api-error.ts';
import type { KubeObject } from './kube-object.ts';
import type { ResourceType } from './resources.ts';
import { type Matcher, matcherOf } from './selectors.ts';
import { readEntry, type Store } from './store.ts';
import type { Entry } from './store-entry.ts';

type ListMetadata = {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
};

export type ListPage = { readonly metadata: ListMetadata; readonly items: readonly KubeObject[] };

const TOKEN_VERSION = 'meta.k8s.io/v1';

const EXPIRED_TOKEN =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
  'deleted between the time the first chunk was returned and now may show up in the list.';

function encodeContinue(revision: number, key: string): string {
  // A consistent token's key begins with a slash, the one offered after a 410 does not: as recorded.
  const start = revision < 0 ? key : `/${key}`;
  return Buffer.from(JSON.stringify({ v: TOKEN_VERSION, rv: revision, start })).toString('base64url');
}

type Continue = { readonly revision: number; readonly start: string };

function decodeContinue(token: string): Continue {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  try {
    const { v, rv, start } = JSON.parse(text) as { v?: unknown; rv?: unknown; start?: unknown };
    if (v !== TOKEN_VERSION || typeof rv !== 'number' || typeof start !== 'string') throw new TypeError('not a token');
    return { revision: rv, start: start.replace(/^\//, '') };
  } catch {
    throw badRequest(`invalid continue token: continue key is not valid: ${jsonComplaint(text)}`);
  }
}

/** Go's words for the commonest garbage, so that clients that match on them see the same. */
function jsonComplaint(text: string): string {
  const second = text[1] ?? '';
  if (text.startsWith('n') && second !== 'u') return `invalid character '${second}' in literal null (expecting 'u')`;
  return `invalid character '${text[0] ?? ''}' looking for beginning of value`;
}

function checkToken(store: Store, token: Continue, forceExpired: boolean): void {
  const tooOld = token.revision >= 0 && (token.revision < store.compactedRevision() || forceExpired);
  if (tooOld) throw expired(EXPIRED_TOKEN, encodeContinue(-1, token.start));
}

function checkResourceVersion(store: Store, query: URLSearchParams): void {
  const asked = query.get('resourceVersion') ?? '';
  if (asked === '' || asked === '0') return;
  const revision = Number(asked);
  if (!Number.isInteger(revision)) throw badRequest(`resourceVersion: Invalid value: "${asked}": strconv.ParseUint`);
  if (revision > store.revision()) {
    const message = `Timeout: Too large resource version: ${asked}, current: ${store.revision()}`;
    throw new ApiError(504, 'Timeout', message, {
      details: {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
      },
    });
  }
  if (query.get('resourceVersionMatch') === 'Exact' && revision < store.compactedRevision()) {
    throw expired('The resourceVersion for the provided list is too old.');
  }
}

function limitOf(query: URLSearchParams): number {
  const limit = Number(query.get('limit') ?? 0);
  // resourceVersion=0 is served from the watch cache, which knows no pages (recorded: limit=5 returned everything).
  const fromCache = query.get('resourceVersion') === '0' && query.get('continue') === null;
  return Number.isInteger(limit) && limit > 0 && !fromCache ? limit : Number.POSITIVE_INFINITY;
}

export type ListOptions = {
  readonly namespace: string;
  readonly query: URLSearchParams;
  readonly tokensExpired: boolean;
};

type Cut = { readonly items: readonly KubeObject[]; readonly lastKey: string };

function cutPage(entries: Iterable<Entry>, matches: Matcher, limit: number): Cut {
  const items: KubeObject[] = [];
  let lastKey = '';
  for (const entry of entries) {
    if (!matches(entry)) continue;
    items.push(readEntry(entry));
    lastKey = entry.key;
    if (items.length >= limit) break;
  }
  return { items, lastKey };
}

/**
 * One page. Pages are cut from the present state, not from a snapshot at the token's revision: objects written between
 * two pages may appear, which a real server shows only after a 410.
 * @throws ApiError 400 (selectors, token), 410 (expired token or revision), 504 (revision of the future).
 */
export function listObjects(store: Store, type: ResourceType, options: ListOptions): ListPage {
  const { namespace, query, tokensExpired } = options;
  const matches = matcherOf(type, query);
  const token = query.get('continue') ?? '';
  const from = token === '' ? undefined : decodeContinue(token);
  if (from === undefined) checkResourceVersion(store, query);
  else checkToken(store, from, tokensExpired);

  const entries = store.scan(type, namespace, from?.start ?? '');
  const limit = limitOf(query);
  const { items, lastKey } = cutPage(entries, matches, limit);
  const remaining = items.length < limit ? 0 : store.countAfter(type, namespace, lastKey);
  const revision = from !== undefined && from.revision >= 0 ? from.revision : store.revision();
  const resourceVersion = String(revision);
  if (remaining === 0) return { metadata: { resourceVersion }, items };
  const more = { resourceVersion, continue: encodeContinue(revision, `${lastKey}\0`) };
  // With a selector nobody knows how many of the rest match.
  const selective = query.has('labelSelector') || query.has('fieldSelector');
  return { metadata: selective ? more : { ...more, remainingItemCount: remaining }, items };
}
