import { reply } from '../../core/replies/reply.ts';
import { holdsIn } from '../../core/run/votes.ts';
import { freezeOf } from '../freeze.ts';
import { everybodyOf, isAmong } from '../people.ts';
import type { Answer } from './answer.ts';
import { type Ballot, minute, notWhileFrozen, ruleOf, voteOf } from './ballot.ts';
import { castVote, type Judged, reasonOf, voteCard } from './vote.ts';

/** In an emergency one person of a short list may approve alone, the own request too; every approver is told. */
export const breakGlass: Answer = voteCard(
  {
    name: 'break-glass',
    summary: 'Approve alone in an emergency, with a reason that all approvers get',
    words: [['break-glass'], ['break', 'glass']],
  },
  (raw, context) =>
    castVote(
      raw,
      context,
      (ballot) => judge(ballot, reasonOf(raw)),
      (run) =>
        reply('warn', `${run.request.run} goes ahead on your word alone`, {
          lines: [{ text: 'Every approver is told, with your reason' }],
        }),
    ),
);

async function judge(ballot: Ballot, { reason }: { readonly reason?: string }): Promise<Judged> {
  const { context, waiting, run } = ballot;
  const rule = ruleOf(ballot);
  const allowed = rule?.breakGlass !== undefined && (await isAmong(context.groups, rule.breakGlass, context.by.user));
  if (rule === undefined || !allowed)
    return { refusal: reply('warn', 'Not counted: you are not among those who may break the glass') };
  if (reason === undefined) {
    const lines = [{ code: `${context.root} break-glass ${run.request.run} <reason>`, text: 'How to type it' }];
    return { refusal: reply('warn', 'It needs a reason', { lines }) };
  }
  const frozen = await freezeOf(context.state.blobs, run.request.cluster);
  if (frozen) return { refusal: notWhileFrozen(run.request.cluster, frozen) };
  const [hold] = holdsIn(waiting.plan.digest, run.votes);
  if (hold) {
    const next = [{ label: 'Release', command: `unhold ${run.request.run}` }];
    return { refusal: reply('warn', `${hold.by.user} holds it since ${minute(hold.at)}`, { next }) };
  }
  const tells = (await everybodyOf(context.groups, rule.approve)).filter((user) => user !== context.by.user);
  return { vote: voteOf(ballot, { verdict: 'approve', breakGlass: true, reason, tells: tells.slice(0, 100) }) };
}
