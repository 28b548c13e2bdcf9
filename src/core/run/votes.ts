import type { Actor } from '../actor.ts';
import type { UserId } from '../ids.ts';
import type { RunEventOf } from './events.ts';

type Vote = RunEventOf<'voted'>;
export type Planned = RunEventOf<'planned'>;

/** The terms under which a plan waits: they are in its event, so that every process counts alike. */
export type Terms = Pick<Planned, 'digest' | 'approvals' | 'expiresAt' | 'selfApproval' | 'opensAt'>;

/** What the votes so far come to. */
export type Decision =
  | { readonly type: 'wait'; readonly missing: number }
  | { readonly type: 'wait-for-window'; readonly opensAt: string }
  | { readonly type: 'hold'; readonly holds: readonly Vote[] }
  | { readonly type: 'go'; readonly approvedBy: readonly UserId[] }
  | { readonly type: 'stop'; readonly by: Actor; readonly reason?: string }
  | { readonly type: 'expired' };

/**
 * Same votes, same time, same answer. Votes on another plan do not count, nor does one of somebody from elsewhere, nor
 * the requester's own; of one person's the latest counts. A rejection stands; a hold stops the others' votes until it
 * is released, and does not stop the time.
 */
export function decide(terms: Terms, requester: UserId, votes: readonly Vote[], now: Date): Decision {
  const latest = latestVotes(terms.digest, votes);
  const rejection = latest.find((vote) => vote.verdict === 'reject');
  if (rejection) return stop(rejection);
  if (now.getTime() >= Date.parse(terms.expiresAt)) return { type: 'expired' };
  const holds = holdsIn(terms.digest, votes);
  if (holds.length > 0) return { type: 'hold', holds };
  const approvedBy = approversOf(terms, requester, votes);
  const broken = latest.some((vote) => vote.breakGlass === true);
  const missing = broken ? 0 : terms.approvals - approvedBy.length;
  if (missing > 0) return { type: 'wait', missing };
  if (!broken && terms.opensAt !== undefined && now.getTime() < Date.parse(terms.opensAt))
    return { type: 'wait-for-window', opensAt: terms.opensAt };
  return { type: 'go', approvedBy };
}

function stop({ by, reason }: Vote): Decision {
  return { type: 'stop', by, ...(reason === undefined ? {} : { reason }) };
}

/** Who has approved this plan and counts. */
export function approversOf(terms: Terms, requester: UserId, votes: readonly Vote[]): readonly UserId[] {
  return latestVotes(terms.digest, votes)
    .filter((vote) => vote.verdict === 'approve')
    .filter((vote) => vote.breakGlass === true || terms.selfApproval === true || vote.by.user !== requester)
    .map((vote) => vote.by.user);
}

/** Approvals and rejections, one per person: the latest. */
function latestVotes(digest: string, votes: readonly Vote[]): readonly Vote[] {
  const byUser = new Map<UserId, Vote>();
  for (const vote of votes) {
    const counts = vote.digest === digest && isOurs(vote.by);
    if (counts && (vote.verdict === 'approve' || vote.verdict === 'reject')) byUser.set(vote.by.user, vote);
  }
  return [...byUser.values()];
}

/** Holds that nobody has released, oldest first; one per person. */
export function holdsIn(digest: string, votes: readonly Vote[]): readonly Vote[] {
  const holds = new Map<UserId, Vote>();
  for (const vote of votes.filter((each) => each.digest === digest && isOurs(each.by))) {
    if (vote.verdict === 'hold' && !holds.has(vote.by.user)) holds.set(vote.by.user, vote);
    for (const user of releasedBy(vote)) holds.delete(user);
  }
  return [...holds.values()];
}

function isOurs({ external, unverified }: Vote['by']): boolean {
  return !external && unverified === undefined;
}

function releasedBy({ verdict, releases, by }: Vote): readonly UserId[] {
  return verdict === 'unhold' ? (releases ?? [by.user]) : [];
}
