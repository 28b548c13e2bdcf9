import { type ClusterName, ClusterName as ClusterNameSchema } from '../../core/ids.ts';
import type { Freeze } from '../../core/policy/freeze.ts';
import { type Reply, reply } from '../../core/replies/reply.ts';
import { settle } from '../execute/settle.ts';
import { type FreezePlace, freezeAt, putFreeze } from '../freeze.ts';
import { isAmong } from '../people.ts';
import { loadRun } from '../record.ts';
import { wakeRenderer } from '../wake.ts';
import type { Answer, AnswerContext } from './answer.ts';

const card = {
  usage: '[cluster] [--all] [reason]',
  risk: 'read',
  topic: 'manage',
  deadlineMs: 5_000,
  positionals: ['cluster', 'reason'],
  freeText: true,
  flags: {
    all: { type: 'boolean', help: 'every cluster of this bot' },
    reason: { type: 'string', help: 'why; everybody who is refused reads it' },
  },
} as const;

type Raw = Readonly<Record<string, unknown>>;
type Place = { readonly place: FreezePlace; readonly reason?: string };

/** Anybody may stop. A change that has begun goes on; no other begins. */
export const freeze: Answer = {
  ...card,
  name: 'freeze',
  words: [['freeze']],
  summary: 'No changes from now on, whatever is approved',
  examples: ['freeze prod', 'freeze --all incident 4711'],
  async answer(raw, context) {
    const where = placeOf(raw, context);
    if ('said' in where) return where.said;
    const { place, reason } = where;
    const known = await freezeAt(context.state.blobs, place);
    if (known)
      return reply('none', `${named(place)} is frozen already, by ${known.by.user} since ${known.at.slice(0, 16)} UTC`);
    const at = context.clock.now().toISOString();
    const next: Freeze = {
      by: context.by,
      at,
      everywhere: place === 'everywhere',
      ...(reason === undefined ? {} : { reason: reason.slice(0, 1_000) }),
    };
    await putFreeze(context.state.blobs, place, next);
    await wakeWaiting(context, place);
    return reply('ok', `${named(place)} is frozen: nothing can be approved or begun`, {
      next: [{ label: 'Unfreeze', command: place === 'everywhere' ? 'unfreeze --all' : `unfreeze ${place}` }],
    });
  },
};

/** Whoever froze, or anybody who may approve changes there. */
export const unfreeze: Answer = {
  ...card,
  name: 'unfreeze',
  words: [['unfreeze'], ['thaw']],
  summary: 'Allow changes again',
  examples: ['unfreeze prod', 'unfreeze --all'],
  async answer(raw, context) {
    const where = placeOf(raw, context);
    if ('said' in where) return where.said;
    const { place } = where;
    const known = await freezeAt(context.state.blobs, place);
    if (!known) return reply('none', `${named(place)} is not frozen`);
    if (known.by.user !== context.by.user && !(await mayThaw(context, place)))
      return reply('warn', `Not allowed: ${known.by.user} froze ${named(place)}`, {
        people: { users: [known.by.user], groups: [] },
        lines: [{ text: 'That person or somebody who may approve changes there can unfreeze it' }],
      });
    await putFreeze(context.state.blobs, place, undefined);
    await wakeWaiting(context, place);
    return reply('ok', `${named(place)} is not frozen any more`);
  },
};

function placeOf(raw: Raw, { clusters }: AnswerContext): Place | { readonly said: Reply } {
  const words = [raw['cluster'], raw['reason']].filter((word) => typeof word === 'string');
  const [first, ...rest] = words;
  const parsed = ClusterNameSchema.safeParse(first);
  const typed = parsed.success && clusters.includes(parsed.data) ? parsed.data : undefined;
  const reason = (typed === undefined ? words : rest).join(' ');
  const because = reason === '' ? {} : { reason };
  if (raw['all'] === true) return { place: 'everywhere', ...because };
  const [only] = clusters;
  const place = typed ?? (clusters.length === 1 ? only : undefined);
  if (place !== undefined) return { place, ...because };
  return {
    said: reply('warn', 'Which cluster?', { lines: [{ text: `Here: ${clusters.slice(0, 12).join(', ')}; or --all` }] }),
  };
}

function named(place: FreezePlace): string {
  return place === 'everywhere' ? 'Every cluster' : place;
}

async function mayThaw({ config, groups, by }: AnswerContext, place: FreezePlace): Promise<boolean> {
  for (const rule of config.policy.rules) {
    const applies = place === 'everywhere' ? rule.clusters === undefined : (rule.clusters?.includes(place) ?? true);
    if (applies && (await isAmong(groups, rule.approve, by.user))) return true;
  }
  return false;
}

/** Cards say that their cluster is frozen; and what had votes enough goes on after a thaw. */
async function wakeWaiting(context: AnswerContext, place: FreezePlace): Promise<void> {
  const { state, queues, log } = context;
  const concerns = (cluster: ClusterName): boolean => place === 'everywhere' || cluster === place;
  for (const { run: id } of await state.runs.recent({ limit: 100 })) {
    const run = await loadRun(state.runs, id).catch(() => undefined);
    if (run?.now.state !== 'awaiting-approval' || !concerns(run.request.cluster)) continue;
    const missed = (thrown: unknown): void => log.warn({ err: thrown, run: id }, 'card not brought up yet');
    await settle(context, id).catch(missed);
    await wakeRenderer(queues, id, 'voted').catch(missed);
  }
}
