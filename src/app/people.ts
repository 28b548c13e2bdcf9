import type { UserId } from '../core/ids.ts';
import type { People } from '../core/policy/policy.ts';
import type { Groups } from '../core/ports/ports.ts';

/** Groups are asked only when the person is not named. @throws OpsError when a group cannot be looked up: no is safe */
export async function isAmong(groups: Groups, { users, groups: ids }: People, user: UserId): Promise<boolean> {
  if (users.includes(user)) return true;
  for (const id of ids) if ((await groups.members(id)).has(user)) return true;
  return false;
}

export async function everybodyOf(groups: Groups, { users, groups: ids }: People): Promise<readonly UserId[]> {
  const members = await Promise.all(ids.map((id) => groups.members(id)));
  return [...new Set([...users, ...members.flatMap((each) => [...each])])];
}
