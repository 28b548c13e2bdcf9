import type { UserId } from '../../core/ids.ts';
import { reply } from '../../core/replies/reply.ts';
import { holdsIn } from '../../core/run/votes.ts';
import type { Answer } from './answer.ts';
import { type Ballot, mayApprove, minute, voteOf } from './ballot.ts';
import { castVote, reasonOf, voteCard } from './vote.ts';

/** Anybody may stop, few may go: a hold needs no right, only a person who has a question. */
export const hold: Answer = voteCard(
  { name: 'hold', summary: 'Keep a change from being approved until a question is answered' },
  (raw, context) =>
    castVote(
      raw,
      context,
      async (ballot) => {
        const mine = holdsOf(ballot).find((each) => each.by.user === context.by.user);
        if (mine) return { refusal: reply('none', `You hold it already, since ${minute(mine.at)}`) };
        return { vote: voteOf(ballot, { verdict: 'hold', ...reasonOf(raw) }) };
      },
      (run, { waiting }) =>
        reply('ok', `You hold ${run.request.run}`, {
          lines: [
            {
              text: `Nobody can approve it until it is released; it still expires at ${minute(waiting.plan.expiresAt)}`,
            },
          ],
          next: [{ label: 'Release', command: `unhold ${run.request.run}` }],
        }),
    ),
);

/** One's own hold; whoever may approve may release every hold. */
export const unhold: Answer = voteCard(
  { name: 'unhold', summary: 'Release a held change', words: [['unhold'], ['release']] },
  (raw, context) =>
    castVote(
      raw,
      context,
      async (ballot) => {
        const holders = holdsOf(ballot).map((each) => each.by.user);
        if (holders.length === 0) return { refusal: reply('none', `Nobody holds ${ballot.run.request.run}`) };
        const releases = await releasable(ballot, holders);
        if (releases.length > 0) return { vote: voteOf(ballot, { verdict: 'unhold', releases, ...reasonOf(raw) }) };
        return {
          refusal: reply('warn', `Not released: ${holders.join(', ')} holds it`, {
            lines: [{ text: 'Ask for the release; whoever may approve can release it too' }],
          }),
        };
      },
      (run, ballot) => {
        const left = holdsIn(ballot.waiting.plan.digest, run.votes);
        if (left.length === 0) return reply('ok', `${run.request.run} is released`);
        return reply('ok', 'Your hold is released', {
          lines: [{ text: `Still held by ${left.map(({ by }) => by.user).join(', ')}` }],
        });
      },
    ),
);

function holdsOf({ run, waiting }: Ballot) {
  return holdsIn(waiting.plan.digest, run.votes);
}

async function releasable(ballot: Ballot, holders: readonly UserId[]): Promise<UserId[]> {
  if (await mayApprove(ballot)) return [...holders];
  return holders.filter((user) => user === ballot.context.by.user);
}
