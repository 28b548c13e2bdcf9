import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import { type Clock, MINUTE_MS } from '../core/clock.ts';
import { OpsError } from '../core/errors.ts';
import { type GroupId, UserId } from '../core/ids.ts';
import type { Groups } from '../core/ports/ports.ts';
import { fromSlack } from './slack-errors.ts';

const Members = z.array(UserId);

type Known = { readonly atMs: number; readonly members: Promise<ReadonlySet<UserId>> };

/** Somebody who was taken out of a group may approve for a minute more; a vote does not cost a call each. */
const KEPT_MS = MINUTE_MS;
/** A click is answered within Slack's 3 s. */
const LOOK_UP_MS = 1_500;

/**
 * Slack's user groups. When they cannot be read nobody is a member: a vote is then not counted, and says why. Help and
 * the App Home ask about many commands at once: whoever asks while an answer is under way waits for that one.
 */
export function createGroups(client: WebClient, clock: Clock): Groups {
  const known = new Map<GroupId, Known>();
  return {
    members(group) {
      const nowMs = clock.now().getTime();
      const kept = known.get(group);
      if (kept && nowMs - kept.atMs < KEPT_MS) return kept.members;
      const members = lookUp(client, group).then((users) => new Set(users));
      const asked = { atMs: nowMs, members };
      known.set(group, asked);
      // What failed is asked again.
      members.catch(() => known.get(group) === asked && known.delete(group));
      return members;
    },
  };
}

async function lookUp(client: WebClient, group: GroupId): Promise<readonly UserId[]> {
  try {
    const answer = await inTime(client.usergroups.users.list({ usergroup: group }));
    return Members.parse(answer.users ?? []);
  } catch (thrown) {
    const error = fromSlack(thrown, 'the question');
    throw new OpsError(error.code, `nobody could look up who is in the group ${group}, so it was not counted`, {
      nextStep: 'Try again; if it stays so, the bot may lack the scope usergroups:read, or the group is gone',
      cause: thrown,
    });
  }
}

async function inTime<T>(asking: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${LOOK_UP_MS} ms`)), LOOK_UP_MS);
  });
  try {
    return await Promise.race([asking, late]);
  } finally {
    clearTimeout(timer);
  }
}
