import { DAY_MS, SECOND_MS } from '../../core/clock.ts';
import { OpsError } from '../../core/errors.ts';
import type { RunId } from '../../core/ids.ts';
import type { RenderedRun } from '../../core/ports/chat.ts';
import type { Processed } from '../../core/ports/ports.ts';
import { errorReply } from '../../core/replies/replies.ts';
import type { News } from '../../core/run/news.ts';
import { isResultFile } from '../../core/run/result-file.ts';
import type { Run } from '../../core/run/run.ts';
import { freezeOf } from '../freeze.ts';
import { loadRun } from '../record.ts';
import { newsOf } from '../schedules/schedule-news.ts';
import { bringUpParent, bringUpReplies, type Place, tellPeople } from './deliver.ts';
import { type Delivery, loadDelivery, saveDelivery } from './delivery.ts';
import type { Around, PublishDeps } from './publishing.ts';
import { takeResponseUrl } from './response-url.ts';
import { isResultWanted } from './wanted-files.ts';

/** When Slack gives no time of its own. */
const RATE_LIMITED_MS = 30 * SECOND_MS;

/**
 * Brings Slack up to a run as it is now: level-triggered, so any number of calls does the same as one, and a bot that
 * was down loses nothing. A crash between a post and its record posts a second parent: nothing can exclude that, and
 * both work.
 * @throws OpsError SlackUnavailable, SlackRefused and store errors: the queue tries again.
 */
export async function publish(deps: PublishDeps, id: RunId): Promise<Processed> {
  const run = await known(deps, id);
  if (run === undefined || run.request.origin.type === 'terminal') return { type: 'done' };
  const news = await newsOf(deps.state, run);
  if (run.request.origin.type === 'schedule' && news === undefined) return { type: 'done' };
  const delivery = await loadDelivery(deps.state.blobs, id);
  if (delivery.undeliverable !== undefined) return { type: 'done' };
  try {
    return await bringUp(deps, { run, delivery, news });
  } catch (thrown) {
    if (!(thrown instanceof OpsError)) throw thrown;
    return afterRefusal(deps, run, thrown);
  }
}

/** A run that was removed has nothing to say: trying again would not bring it back. */
async function known({ state }: PublishDeps, id: RunId): Promise<Run | undefined> {
  return loadRun(state.runs, id).catch((thrown: unknown) => {
    if (thrown instanceof OpsError && thrown.code === 'UnknownRun') return undefined;
    throw thrown;
  });
}

type Showing = { readonly run: Run; readonly delivery: Delivery; readonly news: News | undefined };

async function bringUp(deps: PublishDeps, { run, delivery, news }: Showing): Promise<Processed> {
  const rendered = deps.render(run, { ...(await aroundOf(deps, run)), news });
  const parent = await bringUpParent(deps, placeOf(run, delivery), rendered.parent);
  const wanted = await wantedReplies(deps, run, rendered.replies);
  const replies = await bringUpReplies(deps, placeOf(run, parent.delivery), wanted);
  await tellPeople(deps, { run, delivery: replies.delivery }, rendered.directs ?? []);
  const waits = [parent.waitMs, replies.waitMs].filter((wait) => wait !== undefined);
  return waits.length === 0 ? { type: 'done' } : { type: 'later', afterMs: Math.min(...waits) };
}

async function aroundOf({ state }: PublishDeps, run: Run): Promise<Around> {
  if (run.now.state !== 'awaiting-approval') return {};
  return { frozen: await freezeOf(state.blobs, run.request.cluster) };
}

function placeOf(run: Run, delivery: Delivery): Place {
  const { origin } = run.request;
  // `publish` lets no other origin in.
  if (origin.type === 'terminal') throw new OpsError('Bug', 'a run of the terminal has no place in Slack');
  const asked = origin.type === 'slack' ? origin.threadTs : undefined;
  const thread = delivery.threadGone === true ? undefined : asked;
  return { run, delivery, channel: delivery.channel ?? origin.channel, thread };
}

type Replies = RenderedRun['replies'];

/** Pictures and differences belong in the thread; the raw result is there for whoever asked for it. */
async function wantedReplies({ state }: PublishDeps, run: Run, replies: Replies): Promise<Replies> {
  const others = replies.filter(({ message }) => !message.files?.some((file) => isResultFile(file.name)));
  if (others.length === replies.length) return replies;
  return (await isResultWanted(state.blobs, run.request.run)) ? replies : others;
}

async function afterRefusal(deps: PublishDeps, run: Run, error: OpsError): Promise<Processed> {
  const id = run.request.run;
  if (error.code === 'SlackRateLimited') return { type: 'later', afterMs: error.retryAfterMs ?? RATE_LIMITED_MS };
  if (error.code === 'NotInChannel') return giveUp(deps, run, error);
  if (error.code === 'MessageGone') return startAnew(deps, run, error);
  // Somebody may mend a token or a scope, so a refusal is tried again; but not for ever.
  const ageMs = deps.clock.now().getTime() - Date.parse(run.lastEventAt);
  if (error.code !== 'SlackRefused' || ageMs < DAY_MS) throw error;
  deps.log.error({ run: id, err: error }, 'given up: Slack refuses it');
  return { type: 'done' };
}

async function giveUp(deps: PublishDeps, run: Run, error: OpsError): Promise<Processed> {
  await explain(deps, run, error);
  const delivery = await loadDelivery(deps.state.blobs, run.request.run);
  await saveDelivery(deps.state.blobs, run.request.run, { ...delivery, undeliverable: error.message });
  return { type: 'done' };
}

/** Somebody deleted our message or the thread. How a run ends must be readable somewhere: it gets a new message. */
async function startAnew(deps: PublishDeps, run: Run, error: OpsError): Promise<Processed> {
  const id = run.request.run;
  deps.log.warn({ run: id, err: error }, 'message or thread is gone, posting a new one');
  const old = await loadDelivery(deps.state.blobs, id);
  const { parent: _, ...rest } = old;
  // Only a missing thread refuses a first post.
  const threadGone = old.parent === undefined ? { threadGone: true } : {};
  if (old.parent === undefined && old.threadGone === true) throw error;
  await saveDelivery(deps.state.blobs, id, { ...rest, replies: {}, ...threadGone });
  return { type: 'later', afterMs: 0 };
}

/** The thread cannot be written, so the person hears it the way they asked. */
async function explain(deps: PublishDeps, run: Run, error: OpsError): Promise<void> {
  const url = await takeResponseUrl(deps.state.blobs, run.request.run);
  deps.log.warn({ run: run.request.run, code: error.code }, 'thread cannot be written');
  if (url !== undefined) await deps.chat.whisper(url, errorReply(error));
}
