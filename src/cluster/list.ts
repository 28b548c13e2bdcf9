import { z } from 'zod';
import { OpsError } from '../core/errors.ts';
import type { ListQuery } from '../core/ports/ports.ts';
import type { Resource } from '../core/resources.ts';
import { ApiFailure } from './api-status.ts';
import { type Asked, askedFor, type From } from './asked.ts';
import type { Api, ApiCall } from './http.ts';
import { pathOf } from './resource-path.ts';

const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json';
const DEFAULT_PAGE = 500;
/** A server that says "expired" to its own fresh token again and again is broken. */
const MAX_EXPIRED_IN_A_ROW = 3;

const Page = z.object({
  metadata: z.object({ continue: z.string().optional() }).default({}),
  items: z.array(z.unknown()).nullable(),
});

/**
 * The objects of a resource, page by page; only one page is held. When a continue token has expired, the list goes on
 * from the token the server gives with its 410, so objects created or deleted meanwhile may be missing or extra.
 * @throws OpsError NotFound when the group is not served; Expired when the server offers no way on
 */
export async function* listPages(
  api: Api,
  request: { readonly from: From; readonly resource: Resource; readonly query: ListQuery },
  signal: AbortSignal,
): AsyncGenerator<readonly unknown[], void, void> {
  const { resource, query } = request;
  const place = query.namespace === undefined ? {} : { namespace: query.namespace };
  const call: ApiCall = {
    method: 'GET',
    path: pathOf(resource, place),
    accept: query.as === 'metadata' ? METADATA_ONLY : 'application/json',
    asked: askedFor(request.from, 'list', resource, place),
  };
  let token: string | undefined;
  let expired = 0;
  do {
    const page: Fetched = await fetchPage(api, { ...call, query: queryOf(query, token) }, signal);
    expired = page.items === undefined ? expired + 1 : 0;
    if (expired > MAX_EXPIRED_IN_A_ROW || (page.next !== undefined && page.next === token)) throw stuck(call.asked);
    if (page.items !== undefined) yield page.items;
    token = page.next;
  } while (token !== undefined);
}

/** A page without items is an expired token, and `next` the one to go on with. */
type Fetched = { readonly items: readonly unknown[] | undefined; readonly next: string | undefined };

async function fetchPage(api: Api, call: ApiCall, signal: AbortSignal): Promise<Fetched> {
  try {
    const { items, metadata } = await api.json(call, Page, signal);
    for (const item of items ?? []) dropManagedFields(item);
    return { items: items ?? [], next: metadata.continue === '' ? undefined : metadata.continue };
  } catch (thrown: unknown) {
    const next = freshToken(thrown);
    if (next === undefined) throw thrown;
    return { items: undefined, next };
  }
}

function queryOf(query: ListQuery, token: string | undefined): (readonly [string, string])[] {
  return [
    ['limit', String(query.pageSize ?? DEFAULT_PAGE)],
    ...(query.labelSelector === undefined ? [] : [['labelSelector', query.labelSelector] as const]),
    ...(query.fieldSelector === undefined ? [] : [['fieldSelector', query.fieldSelector] as const]),
    ...(token === undefined ? [] : [['continue', token] as const]),
  ];
}

/** Half of a pod's metadata is bookkeeping of field managers, which nobody here reads. Changes the object in place. */
export function dropManagedFields(item: unknown): void {
  if (typeof item !== 'object' || item === null || !('metadata' in item)) return;
  const { metadata } = item;
  if (typeof metadata === 'object' && metadata !== null) Reflect.deleteProperty(metadata, 'managedFields');
}

function freshToken(thrown: unknown): string | undefined {
  if (!(thrown instanceof OpsError) || thrown.code !== 'Expired' || !(thrown.cause instanceof ApiFailure)) return;
  return thrown.cause.status?.metadata?.continue;
}

function stuck(asked: Asked): OpsError {
  return new OpsError('UnexpectedAnswer', `the list of ${asked.what} does not end: the server repeats a page`, {
    nextStep: 'look at the API server, or at a caching proxy before it',
  });
}
