import { reply } from '../../core/replies/reply.ts';
import type { Answer } from './answer.ts';
import { mayApprove, notAnApprover, voteOf } from './ballot.ts';
import { castVote, reasonOf, voteCard } from './vote.ts';

/** One rejection ends it. Whoever asked cancels instead; everybody else holds. */
export const reject: Answer = voteCard(
  { name: 'reject', summary: 'Say no to a change that waits for approval' },
  (raw, context) =>
    castVote(
      raw,
      context,
      async (ballot) => {
        const { run } = ballot.run.request;
        if (ballot.run.request.by.user === context.by.user)
          return {
            refusal: reply('warn', 'You asked for this change: cancel it instead', {
              next: [{ label: 'Cancel', command: `cancel ${run}` }],
            }),
          };
        if (!(await mayApprove(ballot))) return { refusal: notAnApprover(ballot) };
        return { vote: voteOf(ballot, { verdict: 'reject', ...reasonOf(raw) }) };
      },
      (run) => reply('ok', `${run.request.run} is rejected; nothing was changed`),
    ),
);
