/** RBAC, evaluated from the Role and binding objects in the store on each request, as a real authorizer does. */
import { type KubeObject, listAt, stringsAt, textAt } from './kube-object.ts';
import type { ResourceTable, ResourceType } from './resources.ts';
import { readEntry, type Store } from './store.ts';
import type { UserInfo } from './users.ts';

/** What is asked: a verb on a resource, or on a path where `path` is set. */
export type Attributes = {
  readonly user: UserInfo;
  readonly verb: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly path?: string;
};

type Verdict = { readonly allowed: boolean; readonly reason: string };

/** One rule and the binding that grants it; `namespace` is empty for cluster-wide grants. */
type Grant = { readonly rule: unknown; readonly namespace: string; readonly because: string };

/** What a request was allowed, or refused; the same question is kept once. */
export type Decision = Omit<Attributes, 'user'> & { readonly user: string; readonly allowed: boolean };

export type Authorizer = {
  /** A question, as an access review asks it. */
  readonly authorize: (attributes: Attributes) => Verdict;
  /** The same for a request that is about to be served: remembered, for tests that ask which rights were used. */
  readonly admit: (attributes: Attributes) => Verdict;
  readonly decisions: () => readonly Decision[];
  readonly forgetDecisions: () => void;
  readonly grantsOf: (user: UserInfo, namespace: string) => readonly Grant[];
};

const RBAC = 'rbac.authorization.k8s.io';
const MASTERS = 'system:masters';
const MAX_DECISIONS = 20_000;

function matchesSubject(subject: unknown, user: UserInfo, bindingNamespace: string): boolean {
  const name = textAt(subject, 'name');
  const kind = textAt(subject, 'kind');
  if (kind === 'Group') return user.groups.includes(name);
  if (kind === 'User') return user.username === name;
  const namespace = textAt(subject, 'namespace') || bindingNamespace;
  return kind === 'ServiceAccount' && user.username === `system:serviceaccount:${namespace}:${name}`;
}

function subjectText(subject: unknown): string {
  const kind = textAt(subject, 'kind');
  const namespace = textAt(subject, 'namespace');
  // The recorded words put the name before the namespace.
  const name = kind === 'ServiceAccount' ? `${textAt(subject, 'name')}/${namespace}` : textAt(subject, 'name');
  return `${kind} "${name}"`;
}

function includes(values: readonly string[], wanted: string): boolean {
  return values.includes('*') || values.includes(wanted);
}

function matchesResource(resources: readonly string[], resource: string, subresource: string): boolean {
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  return includes(resources, full) || (subresource !== '' && resources.includes(`*/${subresource}`));
}

function matchesPath(urls: readonly string[], path: string): boolean {
  return urls.some((url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))));
}

function ruleAllows(rule: unknown, asked: Attributes): boolean {
  if (!includes(stringsAt(rule, 'verbs'), asked.verb)) return false;
  if (asked.path !== undefined) return matchesPath(stringsAt(rule, 'nonResourceURLs'), asked.path);
  const { group = '', resource = '', subresource = '', name = '' } = asked;
  const names = stringsAt(rule, 'resourceNames');
  return (
    includes(stringsAt(rule, 'apiGroups'), group) &&
    matchesResource(stringsAt(rule, 'resources'), resource, subresource) &&
    (names.length === 0 || names.includes(name))
  );
}

export function createAuthorizer(store: Store, table: ResourceTable): Authorizer {
  const type = (resource: string): ResourceType | undefined => table.find(RBAC, 'v1', resource);

  const objects = (resource: string, namespace: string): KubeObject[] => {
    const found = type(resource);
    return found === undefined ? [] : [...store.scan(found, namespace)].map(readEntry);
  };

  const rulesOf = (roleRef: unknown, namespace: string): readonly unknown[] => {
    const cluster = textAt(roleRef, 'kind') === 'ClusterRole';
    const found = type(cluster ? 'clusterroles' : 'roles');
    const role = found && store.get(found, cluster ? '' : namespace, textAt(roleRef, 'name'));
    return listAt(role, 'rules');
  };

  const grantsOfBinding = (binding: KubeObject, user: UserInfo): Grant[] => {
    const namespace = binding.metadata.namespace ?? '';
    const subject = listAt(binding, 'subjects').find((candidate) => matchesSubject(candidate, user, namespace));
    if (subject === undefined) return [];
    const roleRef = binding['roleRef'];
    const named = namespace === '' ? binding.metadata.name : `${binding.metadata.name}/${namespace}`;
    const role = `${textAt(roleRef, 'kind')} "${textAt(roleRef, 'name')}"`;
    const because = `RBAC: allowed by ${binding.kind} "${named}" of ${role} to ${subjectText(subject)}`;
    return rulesOf(roleRef, namespace).map((rule) => ({ rule, namespace, because }));
  };

  const grantsOf = (user: UserInfo, namespace: string): readonly Grant[] => {
    const clusterWide = objects('clusterrolebindings', '');
    const local = namespace === '' ? [] : objects('rolebindings', namespace);
    return [...clusterWide, ...local].flatMap((binding) => grantsOfBinding(binding, user));
  };

  const authorize = (asked: Attributes): Verdict => {
    if (asked.user.groups.includes(MASTERS)) return { allowed: true, reason: '' };
    const grant = grantsOf(asked.user, asked.namespace ?? '').find(({ rule }) => ruleAllows(rule, asked));
    return grant === undefined ? { allowed: false, reason: '' } : { allowed: true, reason: grant.because };
  };

  const decided = new Map<string, Decision>();
  const admit = (asked: Attributes): Verdict => {
    const verdict = authorize(asked);
    const decision = { ...asked, user: asked.user.username, allowed: verdict.allowed };
    // Watches and paging ask the same again and again.
    if (decided.size < MAX_DECISIONS) decided.set(JSON.stringify(decision), decision);
    return verdict;
  };

  return {
    authorize,
    admit,
    grantsOf,
    decisions: () => [...decided.values()],
    forgetDecisions: () => decided.clear(),
  };
}

/** The words after "is forbidden: ", as recorded. */
export function denialOf(asked: Attributes): string {
  const { user, verb, group = '', resource = '', subresource = '', namespace = '' } = asked;
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  return `User "${user.username}" cannot ${verb} resource "${full}" in API group "${group}" ${where}`;
}
