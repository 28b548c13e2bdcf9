/** Content negotiation: which of JSON, Table or PartialObjectMetadata a client asks for. */
import { notAcceptable } from './api-error.ts';

export type Representation = 'object' | 'table' | 'metadata';

type MediaRange = { readonly type: string; readonly params: ReadonlyMap<string, string> };

function rangesOf(accept: string): MediaRange[] {
  return accept.split(',').map((range) => {
    const [type = '', ...params] = range.split(';').map((part) => part.trim());
    const pairs = params.map((param): [string, string] => {
      const [key = '', value = ''] = param.split('=');
      return [key, value];
    });
    return { type: type.toLowerCase(), params: new Map(pairs) };
  });
}

const JSON_TYPES: ReadonlySet<string> = new Set(['application/json', 'application/*', '*/*', '']);

function representationOf(range: MediaRange): Representation | undefined {
  const as = range.params.get('as');
  if (!JSON_TYPES.has(range.type)) return undefined;
  if (as === undefined) return 'object';
  if (range.params.get('g') !== 'meta.k8s.io' || range.params.get('v') !== 'v1') return undefined;
  if (as === 'Table') return 'table';
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? 'metadata' : undefined;
}

/** The first range we can serve. @throws ApiError 406 where there is none. */
export function negotiate(accept: string | undefined): Representation {
  for (const range of rangesOf(accept ?? '')) {
    const found = representationOf(range);
    if (found !== undefined) return found;
  }
  throw notAcceptable();
}

/** Aggregated discovery as kubectl and client-go ask for it; older clients get the plain lists. */
export function wantsAggregatedDiscovery(accept: string | undefined): string | undefined {
  const found = rangesOf(accept ?? '').find(
    ({ params }) => params.get('g') === 'apidiscovery.k8s.io' && params.get('as') === 'APIGroupDiscoveryList',
  );
  return found?.params.get('v');
}
