import type { CommandCard } from '../../core/grammar/command-card.ts';
import type { Reply } from '../../core/replies/reply.ts';
import type { RunEventOf } from '../../core/run/events.ts';
import type { Run } from '../../core/run/run.ts';
import { settle } from '../execute/settle.ts';
import { loadAfter } from '../record.ts';
import { wakeRenderer } from '../wake.ts';
import type { Answer, AnswerContext } from './answer.ts';
import { type Ballot, notWaiting, refusedAtAll } from './ballot.ts';
import { namedRun } from './named-run.ts';

type Vote = RunEventOf<'voted'>;

/** What a person's wish comes to, judged against the run as it is now: a vote, or why not. */
export type Judged = { readonly vote: Vote } | { readonly refusal: Reply };

/**
 * Casts one vote: judged and appended against the same version of the run, and judged again when somebody was first,
 * so that of any number of clicks at one moment each gets the answer that fits what it met.
 */
export async function castVote(
  raw: Readonly<Record<string, unknown>>,
  context: AnswerContext,
  judge: (ballot: Ballot) => Promise<Judged>,
  told: (run: Run, ballot: Ballot) => Reply,
): Promise<Reply> {
  const named = await namedRun(raw['run'], context);
  if (!named.ok) return named.reply;
  return withPeople(named.run, context, await cast(named.run, { raw, context, judge, told }));
}

type Casting = {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly context: AnswerContext;
  readonly judge: (ballot: Ballot) => Promise<Judged>;
  readonly told: (run: Run, ballot: Ballot) => Reply;
};

/** Whoever is named in an answer about a run is one of these. */
function withPeople({ request, votes, plan }: Run, { by }: AnswerContext, said: Reply): Reply {
  const users = [
    ...(said.people?.users ?? []),
    by.user,
    request.by.user,
    ...votes.map((vote) => vote.by.user),
    ...(plan?.approvers?.users ?? []),
  ];
  return { ...said, people: { users: [...new Set(users)].slice(0, 100), groups: plan?.approvers?.groups ?? [] } };
}

async function cast(from: Run, { raw, context, judge, told }: Casting): Promise<Reply> {
  const digest = typeof raw['digest'] === 'string' ? raw['digest'] : undefined;
  for (let run = from; ; run = await loadAfter(context.state.runs, run)) {
    if (run.now.state !== 'awaiting-approval') return notWaiting(run);
    const ballot: Ballot = { run, waiting: run.now, digest, context };
    const refusal = refusedAtAll(ballot);
    if (refusal) return afterwards(context, run, refusal);
    const judged = await judge(ballot);
    if ('refusal' in judged) return judged.refusal;
    const appended = await context.state.runs.append(run.request.run, run.seq, judged.vote);
    if (!appended.ok) continue;
    return told(await follow(context, run), ballot);
  }
}

/** A click on what has run out is also when it is noticed. */
async function afterwards(context: AnswerContext, run: Run, said: Reply): Promise<Reply> {
  await settle(context, run.request.run);
  return said;
}

async function follow(context: AnswerContext, { request }: Run): Promise<Run> {
  const { queues, log } = context;
  const missed = (thrown: unknown): void => log.warn({ err: thrown, run: request.run }, 'vote not passed on yet');
  await wakeRenderer(queues, request.run, 'voted').catch(missed);
  return settle(context, request.run);
}

/**
 * A digest has eight letters of a to f and 0 to 9: what comes after it, or in its place, is the reason. Capitals come
 * from phones: taken for a reason, an outdated plan that was typed would count for the newest one.
 */
export function takeDigest(raw: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { digest, reason } = raw;
  if (typeof digest !== 'string') return raw;
  if (/^[0-9a-f]{8,64}$/i.test(digest)) return { ...raw, digest: digest.toLowerCase() };
  const { digest: _, ...rest } = raw;
  return { ...rest, reason: typeof reason === 'string' ? `${digest} ${reason}` : digest };
}

export function reasonOf(raw: Readonly<Record<string, unknown>>): { readonly reason?: string } {
  const { reason } = raw;
  return typeof reason === 'string' && reason.trim() !== '' ? { reason: reason.slice(0, 1_000) } : {};
}

type Words = Pick<CommandCard, 'name' | 'summary'> & { readonly words?: CommandCard['words'] };

export function voteCard({ name, summary, words }: Words, answer: Answer['answer']): Answer {
  return {
    name,
    words: words ?? [[name]],
    summary,
    usage: '<run> [plan] [reason]',
    examples: [`${name} run-7f3k2q`],
    risk: 'read',
    topic: 'approve',
    deadlineMs: 5_000,
    positionals: ['run', 'digest', 'reason'],
    freeText: true,
    flags: { reason: { type: 'string', help: 'why; stands in the thread' } },
    answer: (raw, context) => answer(takeDigest(raw), context),
  };
}
