import { reply } from '../../core/replies/reply.ts';
import type { Answer } from './answer.ts';
import { namedRun } from './named-run.ts';

/**
 * A run that ended cannot go on, but its command converges: asked again it plans what is left to do, and people agree
 * to that.
 */
export const continueRun: Answer = {
  name: 'continue',
  words: [['continue']],
  summary: 'Go on with a change that ended half-way: plans what is left of it',
  usage: '<run>',
  examples: ['continue run-7f3k2q'],
  risk: 'read',
  topic: 'manage',
  deadlineMs: 5_000,
  positionals: ['run'],
  flags: {},
  async answer(raw, context) {
    const named = await namedRun(raw['run'], context);
    if (!named.ok) return named.reply;
    const { request, now } = named.run;
    const id = request.run;
    if (now.state !== 'ended')
      return reply('none', `${id} has not ended: it goes on by itself`, {
        next: [{ label: 'Show', command: `show ${id}` }],
      });
    if (request.risk !== 'change') return reply('none', `${id} changed nothing: there is nothing to go on with`);
    return reply('none', `${id} ended as ${now.outcome.type}. Asked again, it plans only what is left to do`, {
      lines: [{ label: 'Ask again', code: `${context.root} ${request.text}`.slice(0, 300) }],
      next: request.text.length > 200 ? [] : [{ label: 'Ask again', command: request.text }],
    });
  },
};
