import { createHash } from 'node:crypto';
import type { ChatMessage, ChatPort, RenderedRun } from '../core/chat.ts';
import { type Clock, MINUTE_MS, SECOND_MS } from '../core/clock.ts';
import { OpsError } from '../core/errors.ts';
import type { ChannelId, RunId } from '../core/ids.ts';
import type { Log, Processed, State } from '../core/ports.ts';
import { errorReply } from '../core/replies.ts';
import type { Run } from '../core/run.ts';
import { type Delivery, loadDelivery, saveDelivery } from './delivery.ts';
import { loadRun } from './record.ts';
import { takeResponseUrl } from './response-url.ts';

export type PublishDeps = {
  readonly state: State;
  readonly chat: ChatPort;
  readonly render: (run: Run) => RenderedRun;
  readonly clock: Clock;
  readonly log: Log;
};

/**
 * chat.update is a tier 3 method: 50 a minute for the whole workspace. We use 40 of them, and keep the last ten for
 * final edits, so that a busy rollout never hides how another run ended.
 */
const EDITS_PER_MINUTE = 40;
const RESERVED_FOR_ENDINGS = 10;
/** Between two edits of one run that only show progress. */
const EDIT_SPACING_MS = 5 * SECOND_MS;

/**
 * Brings Slack up to a run as it is now: level-triggered, so any number of calls does the same as one, and a bot that
 * was down loses nothing. A crash between a post and its record posts a second parent: nothing can exclude that, and
 * both work.
 * @throws OpsError SlackUnavailable and store errors: the queue tries again.
 */
export async function publish(deps: PublishDeps, id: RunId): Promise<Processed> {
  const run = await loadRun(deps.state.runs, id);
  const { origin } = run.request;
  if (origin.type !== 'slack') return { type: 'done' };
  const delivery = await loadDelivery(deps.state.blobs, id);
  if (delivery.undeliverable !== undefined) return { type: 'done' };
  try {
    return await bringUp(deps, { run, delivery, channel: delivery.channel ?? origin.channel, thread: origin.threadTs });
  } catch (thrown) {
    if (!(thrown instanceof OpsError)) throw thrown;
    if (thrown.code === 'SlackRateLimited') return { type: 'later', afterMs: thrown.retryAfterMs ?? 30 * SECOND_MS };
    if (thrown.code !== 'NotInChannel') throw thrown;
    await explain(deps, run, thrown);
    await saveDelivery(deps.state.blobs, id, { ...delivery, undeliverable: thrown.message });
    return { type: 'done' };
  }
}

type Place = {
  readonly run: Run;
  readonly delivery: Delivery;
  readonly channel: ChannelId;
  readonly thread: string | undefined;
};

async function bringUp(deps: PublishDeps, place: Place): Promise<Processed> {
  const rendered = deps.render(place.run);
  const { delivery, waitMs } = await bringUpParent(deps, place, rendered.parent);
  const threadTs = place.thread ?? delivery.parent?.ts;
  if (threadTs === undefined) return { type: 'later', afterMs: EDIT_SPACING_MS };
  let known = delivery;
  for (const each of rendered.replies) {
    const next = await bringUpReply(deps, { ...place, delivery: known, thread: threadTs }, each);
    if (next === 'wait') return { type: 'later', afterMs: EDIT_SPACING_MS };
    known = next;
  }
  return waitMs === undefined ? { type: 'done' } : { type: 'later', afterMs: waitMs };
}

/** Posts a reply that is not there yet, edits an editable one that changed. Answers what is known to be sent then. */
async function bringUpReply(
  deps: PublishDeps,
  { run, delivery, channel, thread }: Place,
  { key, message, editable }: RenderedRun['replies'][number],
): Promise<Delivery | 'wait'> {
  const id = run.request.run;
  const hash = hashOf(message);
  const sent = delivery.replies[key];
  if (sent && (sent.hash === hash || !editable)) return delivery;
  if (sent) {
    if (!(await mayEdit(deps, run)).ok) return 'wait';
    await deps.chat.update({ channel, ts: sent.ts }, message);
  }
  const ts = sent?.ts ?? (await deps.chat.post(placed(channel, id, thread), message));
  const next = { ...delivery, replies: { ...delivery.replies, [key]: { ts, hash } } };
  await saveDelivery(deps.state.blobs, id, next);
  return next;
}

function placed(channel: ChannelId, run: RunId, threadTs: string | undefined) {
  return { channel, run, ...(threadTs === undefined ? {} : { threadTs }) };
}

type ParentSent = { readonly delivery: Delivery; readonly waitMs?: number };

async function bringUpParent(
  deps: PublishDeps,
  { run, delivery, channel, thread }: Place,
  message: ChatMessage,
): Promise<ParentSent> {
  const id = run.request.run;
  const hash = hashOf(message);
  const look = run.now.state;
  const nowMs = deps.clock.now().getTime();
  const { parent } = delivery;
  if (parent?.hash === hash) return { delivery };
  if (parent) {
    const sinceMs = nowMs - parent.editedAtMs;
    if (look === parent.look && sinceMs < EDIT_SPACING_MS) return { delivery, waitMs: EDIT_SPACING_MS - sinceMs };
    const budget = await mayEdit(deps, run);
    if (!budget.ok) return { delivery, waitMs: budget.retryAfterMs };
    await deps.chat.update({ channel, ts: parent.ts }, message);
  }
  const ts = parent?.ts ?? (await deps.chat.post(placed(channel, id, thread), message));
  const next: Delivery = { ...delivery, channel, parent: { ts, hash, look, editedAtMs: nowMs } };
  await saveDelivery(deps.state.blobs, id, next);
  return { delivery: next };
}

async function mayEdit(deps: PublishDeps, run: Run) {
  const limit = run.now.state === 'ended' ? EDITS_PER_MINUTE : EDITS_PER_MINUTE - RESERVED_FOR_ENDINGS;
  return deps.state.budget.take('slack-edits', limit, MINUTE_MS);
}

function hashOf(message: ChatMessage): string {
  return createHash('sha256').update(JSON.stringify(message)).digest('base64url').slice(0, 22);
}

/** The thread cannot be written, so the person hears it the way they asked. */
async function explain(deps: PublishDeps, run: Run, error: OpsError): Promise<void> {
  const url = await takeResponseUrl(deps.state.blobs, run.request.run);
  deps.log.warn({ run: run.request.run, code: error.code }, 'thread cannot be written');
  if (url !== undefined) await deps.chat.whisper(url, errorReply(error));
}
