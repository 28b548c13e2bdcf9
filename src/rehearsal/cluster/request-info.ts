/** Reads a request line the way the API server's RequestInfo does: which resource, which verb. */
import { isIP } from 'node:net';

export type ResourceRequest = {
  readonly kind: 'resource';
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly path: string;
  readonly query: URLSearchParams;
};

export type PathRequest = {
  readonly kind: 'path';
  readonly verb: string;
  readonly path: string;
  readonly query: URLSearchParams;
};

export type RequestInfo = ResourceRequest | PathRequest;

type Target = Pick<ResourceRequest, 'namespace' | 'resource' | 'subresource' | 'name'>;

/** Subresources of a namespace itself: everything else below `namespaces/x/` is a resource in it. */
const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(['status', 'finalize']);

export function isTrue(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0';
}

function targetOf(parts: readonly string[]): Target {
  const [first = '', second = '', third = '', fourth = '', fifth = ''] = parts;
  const inNamespace = first === 'namespaces' && third !== '' && !NAMESPACE_SUBRESOURCES.has(third);
  if (inNamespace) return { namespace: second, resource: third, name: fourth, subresource: fifth };
  if (first === 'namespaces') return { namespace: second, resource: first, name: second, subresource: third };
  return { namespace: '', resource: first, name: second, subresource: third };
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch' };

function verbOf(method: string, name: string, query: URLSearchParams): string {
  const read = method === 'GET' || method === 'HEAD';
  if (read && isTrue(query.get('watch'))) return 'watch';
  if (read) return name === '' ? 'list' : 'get';
  if (method === 'DELETE') return name === '' ? 'deletecollection' : 'delete';
  return VERBS[method] ?? method.toLowerCase();
}

/** `metadata.name=x` in a field selector names the object: RBAC's resourceNames apply to list and watch then. */
function nameFromSelector(query: URLSearchParams): string {
  const found = /(?:^|,)metadata\.name==?([^,]+)/.exec(query.get('fieldSelector') ?? '');
  return found?.[1] ?? '';
}

export function parseRequest(method: string, url: string): RequestInfo {
  const parsed = new URL(url, 'https://cluster.invalid');
  const query = parsed.searchParams;
  const path = parsed.pathname;
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const [root = '', second = '', third = ''] = parts;
  const isCore = root === 'api' && parts.length > 2;
  const isGroup = root === 'apis' && parts.length > 3;
  if (!isCore && !isGroup) return { kind: 'path', verb: method === 'HEAD' ? 'get' : method.toLowerCase(), path, query };

  const target = targetOf(parts.slice(isCore ? 2 : 3));
  const verb = verbOf(method, target.name, query);
  const name = target.name === '' && verb !== 'create' ? nameFromSelector(query) : target.name;
  return {
    kind: 'resource',
    group: isCore ? '' : second,
    version: isCore ? second : third,
    ...target,
    name: verb === 'list' || verb === 'watch' || target.name !== '' ? name : target.name,
    verb,
    path,
    query,
  };
}

/** Host part of a URL, bracketed where it is an IPv6 address. */
export function urlHost(address: string): string {
  return isIP(address) === 6 ? `[${address}]` : address;
}
