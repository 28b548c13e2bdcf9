import type { Actor } from '../../core/actor.ts';
import { toOpsError } from '../../core/errors.ts';
import { RunId } from '../../core/ids.ts';
import { errorReply } from '../../core/replies/replies.ts';
import { type Reply, reply } from '../../core/replies/reply.ts';
import { loadRun } from '../record.ts';
import { type SubmitDeps, submit } from '../submit.ts';
import type { HomePage } from './home.ts';

export type HomeClick = {
  /** What the button says: a line that anybody could type. */
  readonly line: string;
  readonly root: string;
  readonly by: Actor;
  readonly requestKey: string;
};

/**
 * A button of the App Home is a typed line, typed in the channel that the run belongs to: there is no channel in a
 * Home, and everything that is asked about a vote (may this cluster be operated from here? who may approve?) is asked
 * as it is in the run's own thread. Only lines about a run that this person's Home shows are taken: nobody reaches a
 * channel through it that they could not see. The answer goes to whoever clicked.
 * Never throws.
 */
export async function clickOnHome(deps: SubmitDeps, page: HomePage, click: HomeClick): Promise<Reply> {
  const { line, root, by, requestKey } = click;
  if (by.external) return reply('warn', 'Not allowed: people from other organisations cannot use this bot');
  try {
    const id = RunId.safeParse(/\brun-[0-9a-z]{6}\b/.exec(line)?.[0]);
    if (!id.success) return reply('warn', `Type it in a channel: ${root} ${line}`.slice(0, 600));
    const { request } = await loadRun(deps.state.runs, id.data);
    if (request.origin.type !== 'slack' || !(await page.shows(by, request)))
      return reply('warn', `There is no run ${id.data} here`);
    const { channel } = request.origin;
    const submitted = await submit(deps, {
      line,
      root,
      by,
      origin: { type: 'slack', channel, via: 'button' },
      requestKey,
    });
    if (submitted.type === 'reply') return submitted.reply;
    await submitted.queue();
    return reply('ok', `${submitted.run} is on its way, in the channel of ${id.data}`);
  } catch (thrown) {
    const error = toOpsError(thrown);
    if (error.code !== 'UnknownRun') deps.log.warn({ err: error, requestKey }, 'click on a Home failed');
    return errorReply(error);
  }
}
