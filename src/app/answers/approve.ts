import { reply } from '../../core/replies/reply.ts';
import type { Run } from '../../core/run/run.ts';
import type { Answer, AnswerContext } from './answer.ts';
import { type Ballot, minute, progress, refusedApproval, voteOf } from './ballot.ts';
import { castVote, reasonOf, voteCard } from './vote.ts';

/** Typed without a plan it approves the newest one; a button carries the plan of its card. */
export const approve: Answer = voteCard(
  { name: 'approve', summary: 'Agree to a change that waits for approval' },
  (raw, context: AnswerContext) =>
    castVote(
      raw,
      context,
      async (ballot) => {
        const refusal = await refusedApproval(ballot);
        return refusal ? { refusal } : { vote: voteOf(ballot, { verdict: 'approve', ...reasonOf(raw) }) };
      },
      approved,
    ),
);

function approved(run: Run, { waiting }: Ballot) {
  const id = run.request.run;
  if (run.now.state !== 'awaiting-approval')
    return reply('ok', `Your approval of ${id} counts`, {
      lines: [{ text: 'It was the last one: the plan is checked once more, then it begins' }],
    });
  const { opensAt } = waiting.plan;
  const window = opensAt === undefined ? [] : [{ text: `It begins when its window opens, at ${minute(opensAt)}` }];
  return reply('ok', `Your approval of ${id} counts`, { lines: [{ text: progress(run, waiting) }, ...window] });
}
