import { type Reply, reply } from '../../core/replies/reply.ts';
import { isResultFile } from '../../core/run/result-file.ts';
import type { Run } from '../../core/run/run.ts';
import { planDiff } from '../execute/plan-diff.ts';
import { loadDelivery } from '../publish/delivery.ts';
import { wantResult } from '../publish/wanted-files.ts';
import { linkOf } from '../run-link.ts';
import type { Answer, AnswerContext } from './answer.ts';
import { namedRun } from './named-run.ts';
import { checksReply, diffReply } from './plan-replies.ts';
import { summaryOf } from './run-summary.ts';

export const show: Answer = {
  name: 'show',
  words: [['show']],
  summary: 'A run again, for you alone; with --json its whole result as a file in its thread',
  usage: '<run> [--checks] [--diff] [--json]',
  examples: ['show run-7f3k2q', 'show run-7f3k2q --json', 'show run-7f3k2q --checks'],
  risk: 'read',
  deadlineMs: 5_000,
  positionals: ['run'],
  flags: {
    json: { type: 'boolean', help: 'share the raw result (JSON) in the thread of the run' },
    checks: { type: 'boolean', help: 'every check of its plan' },
    diff: { type: 'boolean', help: 'the beginning of the diff of its plan; the whole is a file in the thread' },
  },
  async answer(raw, context) {
    const named = await namedRun(raw['run'], context);
    if (!named.ok) return named.reply;
    if (raw['checks'] === true) return checksReply(named.run);
    if (raw['diff'] === true) return diffReply(named.run, await planDiff(context.state.blobs, named.run));
    if (raw['json'] === true) return shareResult(named.run, context);
    const { state, linkTo } = context;
    return summaryOf(named.run, await linkOf({ blobs: state.blobs, linkTo }, named.run.request));
  },
};

/** Asking twice shares it once: the thread is the record, and `publish` knows what is in it. */
async function shareResult(run: Run, { state, queues }: AnswerContext): Promise<Reply> {
  const id = run.request.run;
  const result = run.artifacts.find((artifact) => isResultFile(artifact.name));
  if (!result) {
    const why = run.now.state === 'ended' ? 'it ended without one' : 'it has not ended yet';
    return reply('none', `${id} has no result to share: ${why}`);
  }
  const delivery = await loadDelivery(state.blobs, id);
  if (delivery.undeliverable !== undefined)
    return reply('warn', `${id} has no thread to share it in: ${delivery.undeliverable}`);
  if (Object.hasOwn(delivery.replies, `artifact-${result.name}`))
    return reply('none', `${result.name} is in the thread of ${id} already`);
  await wantResult(state.blobs, id);
  // Not swallowed: the sweep does not look at runs that ended long ago.
  await queues.add({ type: 'render' }, id);
  return reply('ok', `${result.name} goes into the thread of ${id}`);
}
