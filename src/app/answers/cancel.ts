import type { RunEvent } from '../../core/events.ts';
import { RunId } from '../../core/ids.ts';
import { type Reply, reply } from '../../core/reply.ts';
import type { Run } from '../../core/run.ts';
import { loadRun, record } from '../record.ts';
import type { Answer, AnswerContext } from './answer.ts';

export const cancel: Answer = {
  name: 'cancel',
  words: [['cancel'], ['stop']],
  summary: 'Stop a run that waits or works',
  usage: '<run>',
  examples: ['cancel run-7f3k2q'],
  risk: 'read',
  deadlineMs: 5_000,
  positionals: ['run'],
  flags: {},
  async answer(raw, context) {
    const id = RunId.safeParse(raw['run']);
    if (!id.success) return reply('warn', 'Which run? A run id looks like run-7f3k2q and stands on every message', {});
    const at = context.clock.now().toISOString();
    const asked = await record(context.state.runs, id.data, { type: 'cancel-requested', at, by: context.by });
    if (!asked.ok) return reply('none', `${id.data} was not cancelled: ${asked.why}`);
    return stop(id.data, asked.run, context);
  },
};

/** A run that nobody works on ends here and now; a worker that has it is told, and ends it at the next safe point. */
async function stop(id: RunId, run: Run, context: AnswerContext): Promise<Reply> {
  const { state, queues, clock, by } = context;
  if (run.now.state !== 'running') {
    const ended: RunEvent = { type: 'ended', at: clock.now().toISOString(), outcome: { type: 'cancelled', by } };
    const appended = await state.runs.append(id, run.seq, ended);
    // Somebody was first, most likely a worker that began: look again rather than end a run that works.
    if (!appended.ok) return stop(id, await loadRun(state.runs, id), context);
    await queues.add({ type: 'render' }, id);
    return reply('ok', `${id} is cancelled; nothing had started`);
  }
  await queues.pushCancel(id);
  await queues.add({ type: 'render' }, id);
  return reply('ok', `${id}: asked its worker to stop`);
}
