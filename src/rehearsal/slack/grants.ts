import { newId, newSecret } from './ids.ts';

/** What a trigger_id or a response_url was handed out for. */
type TriggerGrant = { readonly user: string; readonly expiresAt: number };

export type ResponseGrant = {
  readonly user: string;
  readonly channel: string;
  readonly threadTs?: string;
  /** The message the interaction came from; absent for slash commands. */
  readonly source?: { readonly ts: string };
};

export type Grants = {
  readonly newTrigger: (user: string) => string;
  /** A trigger works once and for three seconds. */
  readonly spendTrigger: (
    id: string,
  ) => TriggerGrant | 'invalid_trigger_id' | 'expired_trigger_id' | 'exchanged_trigger_id';
  readonly newResponsePath: (kind: 'commands' | 'actions', grant: ResponseGrant) => string;
  /** A response_url works five times and for thirty minutes. */
  readonly spendResponse: (path: string) => ResponseGrant | 'not_found' | 'expired_url' | 'used_url';
  readonly clear: () => void;
};

export type GrantTimes = { readonly triggerTtlMs: number; readonly responseUrlTtlMs: number };

const RESPONSE_URL_USES = 5;

export function createGrants(teamId: string, now: () => number, times: GrantTimes): Grants {
  const triggers = new Map<string, TriggerGrant & { used: boolean }>();
  const responses = new Map<string, { grant: ResponseGrant; expiresAt: number; usesLeft: number }>();
  return {
    newTrigger(user) {
      const id = `${Math.floor(now())}.${newId('', 6)}.${newSecret(8)}`;
      triggers.set(id, { user, expiresAt: now() + times.triggerTtlMs, used: false });
      return id;
    },
    spendTrigger(id) {
      const trigger = triggers.get(id);
      if (!trigger) return 'invalid_trigger_id';
      if (trigger.used) return 'exchanged_trigger_id';
      if (now() > trigger.expiresAt) return 'expired_trigger_id';
      trigger.used = true;
      return trigger;
    },
    newResponsePath(kind, grant) {
      const path = `/${kind}/${teamId}/${newId('', 12)}/${newSecret()}`;
      responses.set(path, { grant, expiresAt: now() + times.responseUrlTtlMs, usesLeft: RESPONSE_URL_USES });
      return path;
    },
    spendResponse(path) {
      const response = responses.get(path);
      if (!response) return 'not_found';
      if (now() > response.expiresAt) return 'expired_url';
      if (response.usesLeft === 0) return 'used_url';
      response.usesLeft -= 1;
      return response.grant;
    },
    clear() {
      triggers.clear();
      responses.clear();
    },
  };
}
