import { createHash } from 'node:crypto';
import { z } from 'zod';

/** Ids that must not be swapped are branded; the schema is the one constructor of each. */

export const RunId = z
  .string()
  .regex(/^run-[0-9a-hjkmnp-tv-z]{6}$/, 'a run id looks like run-7f3k2q')
  .brand<'RunId'>();
export type RunId = z.infer<typeof RunId>;

/** Slack user ids are U… or W… (Enterprise Grid); a terminal user is `local:<login>`, and a schedule `schedule:<name>`. */
export const UserId = z
  .string()
  .regex(
    /^([UW][A-Z0-9]{2,20}|local:[\w.@-]{1,64}|schedule:[a-z0-9-]{1,40})$/,
    'a user id looks like U0123ABCD: it is in the profile, not the name',
  )
  .brand<'UserId'>();
export type UserId = z.infer<typeof UserId>;

/** Whether Slack knows this person: only then can they be mentioned, or told something. */
export function isSlackUser(user: UserId): boolean {
  return !user.includes(':');
}

/** A Slack user group. */
export const GroupId = z
  .string()
  .regex(/^S[A-Z0-9]{2,20}$/, 'a user group id looks like S0123ABCD')
  .brand<'GroupId'>();
export type GroupId = z.infer<typeof GroupId>;

/** C… public, G… private or group, D… direct message. */
export const ChannelId = z
  .string()
  .regex(/^[CGD][A-Z0-9]{2,20}$/, 'a channel id looks like C0123ABCD: it is at the end of its details, not the name')
  .brand<'ChannelId'>();
export type ChannelId = z.infer<typeof ChannelId>;

export const ClusterName = z
  .string()
  .regex(/^[a-z0-9-]{1,40}$/, 'a cluster name has 1 to 40 of a-z, 0-9 and -')
  .brand<'ClusterName'>();
export type ClusterName = z.infer<typeof ClusterName>;

// Crockford's alphabet without look-alikes, lower case: ids are read aloud and typed on phones.
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * The run id for a request. The same key gives the same id, so a redelivered Slack request finds the run it already
 * made; `salt` gives the next candidate when two different keys meet on one id (30 bits).
 */
export function runIdFor(requestKey: string, salt = 0): RunId {
  const hash = createHash('sha256').update(`${salt}\n${requestKey}`).digest();
  const letters = [...hash.subarray(0, 6)].map((byte) => ALPHABET.charAt(byte % 32)).join('');
  return RunId.parse(`run-${letters}`);
}
