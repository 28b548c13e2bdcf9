import type { RunId } from '../../core/ids.ts';
import { type Reply, reply } from '../../core/replies/reply.ts';
import type { RunEvent } from '../../core/run/events.ts';
import type { Run } from '../../core/run/run.ts';
import { loadRun, record } from '../record.ts';
import { wakeRenderer } from '../wake.ts';
import type { Answer, AnswerContext } from './answer.ts';
import { namedRun } from './named-run.ts';

export const cancel: Answer = {
  name: 'cancel',
  words: [['cancel'], ['stop']],
  summary: 'Stop a run that waits or works',
  usage: '<run>',
  examples: ['cancel run-7f3k2q'],
  risk: 'read',
  topic: 'manage',
  deadlineMs: 5_000,
  positionals: ['run'],
  flags: {},
  async answer(raw, context) {
    const named = await namedRun(raw['run'], context);
    if (!named.ok) return named.reply;
    const id = named.run.request.run;
    const at = context.clock.now().toISOString();
    const wish: RunEvent = { type: 'cancel-requested', at, by: context.by };
    const asked = await record(context.state.runs, id, wish, named.run);
    if (!asked.ok) return reply('none', `${id} was not cancelled: ${asked.why}`);
    return stop(id, asked.run, context);
  },
};

/**
 * A run that nobody works on ends here and now; a worker that has it is told, and ends it at the next safe point. The
 * wish is on record by now: whatever fails after that is made up for by the worker's next event and by the sweep.
 */
async function stop(id: RunId, run: Run, context: AnswerContext): Promise<Reply> {
  const { state, queues, clock, log, by } = context;
  const missed = (thrown: unknown): void => log.warn({ err: thrown, run: id }, 'cancel not passed on yet');
  if (run.now.state === 'ended')
    return run.now.outcome.type === 'cancelled'
      ? reply('ok', `${id} is cancelled`)
      : reply('none', `${id} was not cancelled: it has just ended (${run.now.outcome.type})`);
  // A change that has begun and waits for its next worker: that worker stops it, and undoes what was done.
  if (run.now.state === 'running' || run.applying) {
    await queues.pushCancel(id).catch(missed);
    await wakeRenderer(queues, id, 'cancel-requested').catch(missed);
    return reply('ok', `${id}: asked its worker to stop`);
  }
  const ended: RunEvent = { type: 'ended', at: clock.now().toISOString(), outcome: { type: 'cancelled', by } };
  const appended = await state.runs.append(id, run.seq, ended);
  // Somebody was first, most likely a worker that began: look again rather than end a run that works.
  if (!appended.ok) {
    const now = await loadRun(state.runs, id);
    if (now.seq > run.seq) return stop(id, now, context);
    // Written by a version that this one cannot read: the worker of that version sees the wish.
    return reply('ok', `${id}: asked to stop`);
  }
  await wakeRenderer(queues, id, 'cancel-requested').catch(missed);
  return reply('ok', run.attempt === 0 ? `${id} is cancelled; nothing had started` : `${id} is cancelled`);
}
