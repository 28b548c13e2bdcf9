/** Bearer tokens and impersonation. */
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError, badRequest, unauthorized } from './api-error.ts';
import { type Attributes, type Authorizer, denialOf } from './rbac.ts';
import { type Account, ANONYMOUS, type UserInfo } from './users.ts';

export type Authentication = {
  /** The user the request acts as. @throws ApiError 401 for an unknown token, 403 for a refused impersonation. */
  readonly userOf: (headers: IncomingHttpHeaders) => UserInfo;
  /** The user of a token, for TokenReview. */
  readonly userOfToken: (token: string) => UserInfo | undefined;
};

const EXTRA_PREFIX = 'impersonate-extra-';

function valuesOf(header: string | string[] | undefined): readonly string[] {
  if (header === undefined) return [];
  return (Array.isArray(header) ? header : header.split(',')).map((value) => value.trim());
}

function extraOf(headers: IncomingHttpHeaders): Record<string, readonly string[]> {
  const entries = Object.entries(headers).filter(([key]) => key.startsWith(EXTRA_PREFIX));
  return Object.fromEntries(
    entries.map(([key, value]) => [decodeURIComponent(key.slice(EXTRA_PREFIX.length)), valuesOf(value)]),
  );
}

function serviceAccountOf(username: string): { readonly namespace: string; readonly name: string } | undefined {
  const [system, kind, namespace, name] = username.split(':');
  if (system !== 'system' || kind !== 'serviceaccount' || !namespace || !name) return undefined;
  return { namespace, name };
}

/** The permissions an impersonation needs, one question each. */
function questionsFor(user: UserInfo, target: UserInfo, groups: readonly string[]): Attributes[] {
  const verb = 'impersonate';
  const account = serviceAccountOf(target.username);
  const who: Attributes =
    account === undefined
      ? { user, verb, group: '', resource: 'users', name: target.username }
      : { user, verb, group: '', resource: 'serviceaccounts', ...account };
  const groupQuestions = groups.map((name): Attributes => ({ user, verb, group: '', resource: 'groups', name }));
  const extraQuestions = Object.entries(target.extra ?? {}).flatMap(([key, values]) =>
    values.map((name): Attributes => {
      return { user, verb, group: 'authentication.k8s.io', resource: 'userextras', subresource: key, name };
    }),
  );
  return [who, ...groupQuestions, ...extraQuestions];
}

function refuse(asked: Attributes): ApiError {
  const { group = '', resource = '', name = '' } = asked;
  const qualified = group === '' ? resource : `${resource}.${group}`;
  const message = `${qualified} "${name}" is forbidden: ${denialOf(asked)}`;
  const details = { name, ...(group === '' ? {} : { group }), kind: resource };
  return new ApiError(403, 'Forbidden', message, { details });
}

function targetOf(username: string, groups: readonly string[], headers: IncomingHttpHeaders): UserInfo {
  const account = serviceAccountOf(username);
  const implied = account ? ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`] : [];
  const all = new Set([...(groups.length > 0 ? groups : implied), 'system:authenticated']);
  const extra = extraOf(headers);
  const [uid] = valuesOf(headers['impersonate-uid']);
  return {
    username,
    groups: [...all],
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

export function createAuthentication(accounts: readonly Account[], authorizer: Authorizer): Authentication {
  const byToken = new Map(accounts.map((account) => [account.token, account.user]));

  const authenticate = (header: string | undefined): UserInfo => {
    if (header === undefined) return ANONYMOUS;
    const user = byToken.get(/^Bearer (.+)$/.exec(header)?.[1] ?? '');
    if (user === undefined) throw unauthorized();
    return user;
  };

  const userOf = (headers: IncomingHttpHeaders): UserInfo => {
    const user = authenticate(headers.authorization);
    const [username = ''] = valuesOf(headers['impersonate-user']);
    const groups = valuesOf(headers['impersonate-group']);
    const asksMore = groups.length > 0 || Object.keys(headers).some((key) => key.startsWith(EXTRA_PREFIX));
    if (username === '' && asksMore) {
      throw badRequest('requested impersonation without impersonating a user');
    }
    if (username === '') return user;
    const target = targetOf(username, groups, headers);
    const refused = questionsFor(user, target, groups).find((asked) => !authorizer.authorize(asked).allowed);
    if (refused !== undefined) throw refuse(refused);
    return target;
  };

  return { userOf, userOfToken: (token) => byToken.get(token) };
}
