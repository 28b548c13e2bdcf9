import type { ClusterName, UserId } from '../../core/ids.ts';
import type { Freeze } from '../../core/policy/freeze.ts';
import { type Rule, ruleFor } from '../../core/policy/policy.ts';
import { type Reply, reply } from '../../core/replies/reply.ts';
import type { RunEventOf } from '../../core/run/events.ts';
import type { Run, RunState } from '../../core/run/run.ts';
import { approversOf, holdsIn } from '../../core/run/votes.ts';
import { freezeOf, frozenWords } from '../freeze.ts';
import { isAmong } from '../people.ts';
import type { AnswerContext } from './answer.ts';

/** A run that waits for votes, and one person who wants to cast one. */
export type Ballot = {
  readonly run: Run;
  readonly waiting: Extract<RunState, { state: 'awaiting-approval' }>;
  /** The first letters of the digest on the card that was clicked; whoever types takes the newest plan. */
  readonly digest: string | undefined;
  readonly context: AnswerContext;
};

type Vote = RunEventOf<'voted'>;

/** Why a vote of any kind is refused; undefined when it may be cast. */
export function refusedAtAll({ run, waiting, digest, context: { clock } }: Ballot): Reply | undefined {
  const { run: id } = run.request;
  if (digest !== undefined && !waiting.plan.digest.startsWith(digest))
    return reply('warn', `Not counted: that card is outdated, ${id} has another plan since`, {
      lines: [
        { text: `You voted on plan ${digest}; now it is ${short(waiting.plan.digest)}. Look at the newest card` },
      ],
    });
  if (clock.now().getTime() >= Date.parse(waiting.plan.expiresAt))
    return reply('warn', `Not counted: ${id} expired at ${minute(waiting.plan.expiresAt)}`);
  return undefined;
}

/** @throws OpsError when groups or the freeze cannot be read: the vote is not counted then */
export async function refusedApproval(ballot: Ballot): Promise<Reply | undefined> {
  const { run, waiting, context } = ballot;
  const { request, votes } = run;
  const user = context.by.user;
  const frozen = await freezeOf(context.state.blobs, request.cluster);
  if (frozen) return notWhileFrozen(request.cluster, frozen);
  const [hold] = holdsIn(waiting.plan.digest, votes);
  if (hold)
    return reply('warn', `Not counted: ${hold.by.user} holds ${request.run} since ${minute(hold.at)}`, {
      lines: [{ text: 'Ask for its release; whoever may approve can release it too' }],
      next: [{ label: 'Release', command: `unhold ${request.run}` }],
    });
  if (user === request.by.user && waiting.plan.selfApproval !== true) return ownRequest(ballot);
  if (approversOf(waiting.plan, request.by.user, votes).includes(user))
    return reply('none', `You have approved ${request.run} already`, { lines: [{ text: progress(run, waiting) }] });
  return (await mayApprove(ballot)) ? undefined : notAnApprover(ballot);
}

export function notWhileFrozen(cluster: ClusterName, frozen: Freeze): Reply {
  return reply('warn', `Not counted: ${frozenWords(cluster, frozen)}`, {
    people: { users: [frozen.by.user], groups: [] },
    next: [{ label: 'Unfreeze', command: `unfreeze ${frozen.everywhere ? '--all' : cluster}` }],
  });
}

export function ruleOf({ run, context }: Pick<Ballot, 'run' | 'context'>): Rule | undefined {
  return ruleFor(context.config.policy, { ...run.request, risk: 'change' });
}

/** By the configuration and the groups of this moment, not of when the plan was made. */
export async function mayApprove(ballot: Ballot): Promise<boolean> {
  const { waiting, context } = ballot;
  if (waiting.plan.alsoApprove?.includes(context.by.user)) return true;
  const rule = ruleOf(ballot);
  return rule !== undefined && isAmong(context.groups, rule.approve, context.by.user);
}

function ownRequest({ run, waiting }: Ballot): Reply {
  const { cluster } = run.request;
  const missing = waiting.plan.approvals - approversOf(waiting.plan, run.request.by.user, run.votes).length;
  const people = missing === 1 ? 'one other person' : `${missing} other people`;
  return reply('warn', `Not counted: you asked for this change; ${cluster} needs ${people}`, {
    lines: [{ text: whoMay(waiting) }],
  });
}

export function notAnApprover({ run, waiting }: Ballot): Reply {
  return reply('warn', `Not counted: you are not among those who may approve ${run.request.run}`, {
    lines: [{ text: whoMay(waiting) }, { text: 'Anybody may hold it until a question is answered' }],
    next: [{ label: 'Hold', command: `hold ${run.request.run}` }],
  });
}

function whoMay({ plan }: Ballot['waiting']): string {
  const named: readonly string[] = [...(plan.approvers?.users ?? []), ...(plan.approvers?.groups ?? [])];
  return named.length === 0 ? 'Nobody is named who may approve' : `May approve: ${named.join(', ')}`;
}

export function progress(run: Run, { plan }: Pick<Ballot['waiting'], 'plan'>): string {
  const given = approversOf(plan, run.request.by.user, run.votes);
  return `${given.length} of ${plan.approvals} so far${given.length === 0 ? '' : ` (${named(given)})`}`;
}

function named(users: readonly UserId[]): string {
  return users.join(', ');
}

/** What is said to a vote that comes when nobody waits for it any more. */
export function notWaiting(run: Run): Reply {
  const id = run.request.run;
  const { now } = run;
  if (run.plan === undefined && run.request.risk !== 'change') return reply('none', `${id} needs no approval`);
  switch (now.state) {
    case 'ended':
      return reply('none', `Too late: ${id} has ended (${now.outcome.type})`, {
        next: [{ label: 'Show', command: `show ${id}` }],
      });
    case 'approved':
      return reply('none', `${id} is approved already`, { next: [{ label: 'Cancel', command: `cancel ${id}` }] });
    case 'queued':
    case 'running':
      if (run.approvedDigest === undefined) return reply('none', `${id} has no plan yet: wait for its card`);
      return reply('none', `${id} is approved and under way`, { next: [{ label: 'Cancel', command: `cancel ${id}` }] });
    case 'awaiting-approval':
      return reply('none', `${id} waits for votes`);
    default:
      throw new Error(`unhandled ${JSON.stringify(now satisfies never)}`);
  }
}

export function voteOf(ballot: Ballot, vote: Pick<Vote, 'verdict'> & Partial<Vote>): Vote {
  const { context, waiting } = ballot;
  const at = context.clock.now().toISOString();
  return { type: 'voted', at, by: context.by, digest: waiting.plan.digest, ...vote };
}

export function short(digest: string): string {
  return digest.slice(0, 8);
}

export function minute(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}
