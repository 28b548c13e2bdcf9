/** Who may talk to the rehearsal cluster: one token each, made at start. */
import { randomBytes } from 'node:crypto';

export type UserInfo = {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
};

/** `context` is the name of the kubeconfig context (and user entry) that carries the token. */
export type Account = { readonly context: string; readonly user: UserInfo; readonly token: string };

export const ANONYMOUS: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] };

const AUTHENTICATED = 'system:authenticated';

function serviceAccountUser(namespace: string, name: string): UserInfo {
  return {
    username: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, AUTHENTICATED],
  };
}

const USERS: readonly { readonly context: string; readonly user: UserInfo }[] = [
  { context: 'admin', user: { username: 'kubernetes-admin', groups: ['system:masters', AUTHENTICATED] } },
  { context: 'chatops', user: serviceAccountUser('cilium-chatops', 'worker') },
  { context: 'viewer', user: { username: 'viewer', groups: ['viewers', AUTHENTICATED] } },
  { context: 'nobody', user: { username: 'nobody', groups: [AUTHENTICATED] } },
  { context: 'limited', user: serviceAccountUser('lab-rbac', 'limited') },
  { context: 'exec-get', user: serviceAccountUser('lab-rbac', 'exec-get') },
  { context: 'exec-create', user: serviceAccountUser('lab-rbac', 'exec-create') },
];

export function createAccounts(): readonly Account[] {
  return USERS.map((entry) => ({ ...entry, token: `rehearsal-${entry.context}-${randomBytes(16).toString('hex')}` }));
}
