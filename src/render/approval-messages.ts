import type { Actor } from '../core/actor.ts';
import { isSlackUser, type UserId } from '../core/ids.ts';
import type { Run } from '../core/run/run.ts';
import { bold, type Line, text, time, who } from './lines.ts';
import { outcomeHead } from './outcome-head.ts';
import { titleOf, voteLine } from './plan-card.ts';
import { simple, type ThreadReply } from './run-thread.ts';
import type { SlackMessage } from './slack-message.ts';

export type DirectMessage = { readonly key: string; readonly user: UserId; readonly message: SlackMessage };

/** The record of an approval: each vote, on earlier plans too, and why an approval was taken back. */
export function approvalReplies(run: Run): readonly ThreadReply[] {
  const replyTo = (vote: Run['votes'][number]): ThreadReply => ({
    key: `vote-${vote.at}-${vote.by.user}-${vote.verdict}`,
    editable: false,
    message: simple(run, [[...voteLine(vote), text(` · plan ${vote.digest.slice(0, 8)}`)]]),
  });
  return [...run.earlierVotes.map(replyTo), ...voidedReplies(run), ...run.votes.map(replyTo)];
}

function voidedReplies(run: Run): readonly ThreadReply[] {
  const { voided } = run;
  if (!voided) return [];
  const changed: readonly Line[] = voided.changed.map((line) => [text(`· ${line}`, 300)]);
  const lines: readonly Line[] = [
    [text('⚠️ '), bold('The world changed after the approval'), text(' · noticed at '), time(voided.at, '{time_secs}')],
    ...changed,
    [text('Nothing was changed. The votes do not count any more; the card above shows the new plan.')],
  ];
  return [{ key: `voided-${voided.at}`, editable: false, message: simple(run, lines) }];
}

/** A change's end is said once more in the thread, to those whose it was: an edit notifies nobody. */
export function outcomeReplies(run: Run): readonly ThreadReply[] {
  if (run.plan === undefined || run.now.state !== 'ended') return [];
  const people = concerned(run).flatMap((by, at): Line => [...(at === 0 ? [] : [text(', ')]), who(by)]);
  const lines = [...outcomeHead(run, run.now.outcome).lines.slice(0, 3), [text('For '), ...people]];
  return [{ key: 'outcome', editable: false, message: simple(run, lines) }];
}

/** Whoever asked or voted hears the end; every approver hears that the glass was broken. */
export function directsOf(run: Run): readonly DirectMessage[] {
  return [...brokenGlass(run), ...outcomeDirects(run)];
}

function outcomeDirects(run: Run): readonly DirectMessage[] {
  if (run.plan === undefined || run.now.state !== 'ended') return [];
  const { lines } = outcomeHead(run, run.now.outcome);
  const message = simple(run, [...lines.slice(0, 4), ...where(run)]);
  return concerned(run)
    .filter((by) => isSlackUser(by.user))
    .map((by) => ({ key: `ended-${by.user}`, user: by.user, message }));
}

function brokenGlass(run: Run): readonly DirectMessage[] {
  return run.votes
    .filter((vote) => vote.breakGlass === true)
    .flatMap((vote) => {
      const lines: readonly Line[] = [
        [text('⚠️ '), bold(titleOf(run)), text(' goes ahead without its approvals')],
        [who(vote.by), text(' broke the glass at '), time(vote.at)],
        [text(`Reason: ${vote.reason ?? ''}`, 1_000)],
        ...where(run),
      ];
      const message = simple(run, lines);
      return (vote.tells ?? []).map((user) => ({ key: `glass-${vote.at}-${user}`, user, message }));
    });
}

function where({ request: { origin, run } }: Run): readonly Line[] {
  if (origin.type !== 'slack') return [];
  return [[text(`More: show ${run}, or the thread in the channel where it was asked`)]];
}

function concerned(run: Run): readonly Actor[] {
  const people = [run.request.by, ...run.votes.map((vote) => vote.by)];
  return people.filter((by, at) => people.findIndex((other) => other.user === by.user) === at);
}
