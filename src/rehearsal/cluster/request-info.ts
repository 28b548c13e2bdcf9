/** Reads a request line the way the API server's RequestInfo does: which resource, which verb. */
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

function partsOf(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  try {
    return parts.map(decodeURIComponent);
  } catch {
    // A stray percent sign names nothing that exists.
    return parts;
  }
}

type Location = { readonly group: string; readonly version: string; readonly rest: readonly string[] };

/** `/api/v1/…` and `/apis/<group>/<version>/…`; undefined for all other paths. */
function locationOf(parts: readonly string[]): Location | undefined {
  const [root = '', second = '', third = ''] = parts;
  if (root === 'api' && parts.length > 2) return { group: '', version: second, rest: parts.slice(2) };
  if (root === 'apis' && parts.length > 3) return { group: second, version: third, rest: parts.slice(3) };
  return undefined;
}

export function parseRequest(method: string, url: string): RequestInfo {
  const { searchParams: query, pathname: path } = new URL(url, 'https://cluster.invalid');
  const location = locationOf(partsOf(path));
  if (location === undefined) return { kind: 'path', verb: pathVerb(method), path, query };

  const { group, version, rest } = location;
  const target = targetOf(rest);
  const verb = verbOf(method, target.name, query);
  const many = verb === 'list' || verb === 'watch';
  const name = many && target.name === '' ? nameFromSelector(query) : target.name;
  return { kind: 'resource', group, version, ...target, name, verb, path, query };
}

function pathVerb(method: string): string {
  return method === 'HEAD' ? 'get' : method.toLowerCase();
}
