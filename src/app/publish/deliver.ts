import { createHash } from 'node:crypto';
import { MINUTE_MS, SECOND_MS } from '../../core/clock.ts';
import { OpsError } from '../../core/errors.ts';
import type { ChannelId, RunId } from '../../core/ids.ts';
import type { ChatFile, ChatMessage, RenderedRun } from '../../core/ports/chat.ts';
import type { Run } from '../../core/run/run.ts';
import { type Delivery, type Sent, saveDelivery } from './delivery.ts';
import type { PublishDeps } from './publishing.ts';

/**
 * chat.update is a tier 3 method: 50 a minute for the whole workspace. We use 40 of them, and keep the last ten for
 * final edits, so that a busy rollout never hides how another run ended.
 */
const EDITS_PER_MINUTE = 40;
const RESERVED_FOR_ENDINGS = 10;
/** Between two edits of one message that only show progress. */
const EDIT_SPACING_MS = 5 * SECOND_MS;

export type Place = {
  readonly run: Run;
  readonly delivery: Delivery;
  readonly channel: ChannelId;
  readonly thread: string | undefined;
};

/** What is known to be sent now, and when to come back for what may not be sent yet. */
export type Brought = { readonly delivery: Delivery; readonly waitMs?: number };

/** Posts the parent, or edits it when it says something else by now. */
export async function bringUpParent(deps: PublishDeps, place: Place, message: ChatMessage): Promise<Brought> {
  const { run, delivery, channel, thread } = place;
  const { parent } = delivery;
  const hash = hashOf(message);
  if (parent?.hash === hash) return { delivery };
  if (parent) {
    const waitMs = await untilEdit(deps, run, parent);
    if (waitMs !== undefined) return { delivery, waitMs };
    await deps.chat.update({ channel, ts: parent.ts }, message);
  }
  const ts = parent?.ts ?? (await deps.chat.post(placed(channel, run.request.run, thread), message));
  const next: Delivery = { ...delivery, channel, parent: sentNow(deps, run, { ts, hash }) };
  await saveDelivery(deps.state.blobs, run.request.run, next);
  return { delivery: next };
}

/** Posts the replies that are not there yet, in order, and edits the editable ones that changed. */
export async function bringUpReplies(
  deps: PublishDeps,
  place: Place,
  replies: RenderedRun['replies'],
): Promise<Brought> {
  const thread = place.thread ?? place.delivery.parent?.ts;
  if (thread === undefined) throw new OpsError('Bug', 'a run has replies before it has a parent');
  let { delivery } = place;
  const waits: number[] = [];
  for (const each of replies) {
    const next = await bringUpReply(deps, { ...place, delivery, thread }, each);
    delivery = next.delivery;
    if (next.waitMs !== undefined) waits.push(next.waitMs);
  }
  return waits.length === 0 ? { delivery } : { delivery, waitMs: Math.min(...waits) };
}

async function bringUpReply(
  deps: PublishDeps,
  { run, delivery, channel, thread = '' }: Place,
  { key, message, editable }: RenderedRun['replies'][number],
): Promise<Brought> {
  const hash = hashOf(message);
  const sent = delivery.replies[key];
  if (sent && (sent.hash === hash || !editable)) return { delivery };
  if (sent) {
    const waitMs = await untilEdit(deps, run, sent);
    if (waitMs !== undefined) return { delivery, waitMs };
    await deps.chat.update({ channel, ts: sent.ts }, message);
  }
  const ts = sent?.ts ?? (await postReply(deps, { channel, run: run.request.run, threadTs: thread }, message));
  const next = { ...delivery, replies: { ...delivery.replies, [key]: sentNow(deps, run, { ts, hash }) } };
  await saveDelivery(deps.state.blobs, run.request.run, next);
  return { delivery: next };
}

type Thread = { readonly channel: ChannelId; readonly run: RunId; readonly threadTs: string };

/** A reply with a file goes out as the file's comment, or as text alone when the file cannot be shared. */
async function postReply(deps: PublishDeps, to: Thread, message: ChatMessage): Promise<string> {
  const [file] = message.files ?? [];
  if (!file) return deps.chat.post(to, message);
  const problem = await share(deps, to, { file, text: message.text });
  if (problem === undefined) return '';
  const instead = file.instead === undefined ? '' : `\n${file.instead}`;
  return deps.chat.post(to, { text: `${message.text}\nNot attached: ${problem}${instead}`, blocks: [] });
}

/** Answers why the file is not in the thread, undefined when it is. A run never fails on it. */
async function share(
  { state, chat, log }: PublishDeps,
  { channel, run, threadTs }: Thread,
  { file, text }: { readonly file: ChatFile; readonly text: string },
): Promise<string | undefined> {
  const bytes = await state.blobs.get(file.key);
  if (bytes === undefined) return 'it is no longer kept';
  try {
    await chat.upload({ channel, threadTs }, { ...file, bytes }, text);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof OpsError) || thrown.code !== 'UploadRefused') throw thrown;
    log.warn({ run, err: thrown }, 'file not shared');
    return thrown.message;
  }
}

/** ms until the message may be edited; undefined when it may be now. Takes from the workspace's budget in that case. */
async function untilEdit(deps: PublishDeps, run: Run, sent: Sent): Promise<number | undefined> {
  const sinceMs = deps.clock.now().getTime() - sent.editedAtMs;
  if (sent.look === lookOf(run) && sinceMs < EDIT_SPACING_MS) return EDIT_SPACING_MS - sinceMs;
  const limit = run.now.state === 'ended' ? EDITS_PER_MINUTE : EDITS_PER_MINUTE - RESERVED_FOR_ENDINGS;
  const budget = await deps.state.budget.take('slack-edits', limit, MINUTE_MS);
  return budget.ok ? undefined : budget.retryAfterMs;
}

/** What an edit must not wait for: a change of state, a vote, and that somebody's wish to stop was heard. */
function lookOf(run: Run): string {
  return `${run.now.state}${run.cancel ? ' cancel' : ''} ${run.attempt} ${run.votes.length}`;
}

function sentNow(deps: PublishDeps, run: Run, { ts, hash }: Pick<Sent, 'ts' | 'hash'>): Sent {
  return { ts, hash, look: lookOf(run), editedAtMs: deps.clock.now().getTime() };
}

function placed(channel: ChannelId, run: RunId, threadTs: string | undefined) {
  return { channel, run, ...(threadTs === undefined ? {} : { threadTs }) };
}

function hashOf(message: ChatMessage): string {
  return createHash('sha256').update(JSON.stringify(message)).digest('base64url').slice(0, 22);
}

/** Each person hears each thing once. Somebody who cannot be reached does not keep the others from it. */
export async function tellPeople(
  deps: PublishDeps,
  { run, delivery }: Pick<Place, 'run' | 'delivery'>,
  directs: NonNullable<RenderedRun['directs']>,
): Promise<Delivery> {
  const id = run.request.run;
  let told = delivery;
  for (const { key, user, message } of directs) {
    if (told.told.includes(key)) continue;
    await deps.chat.tell(user, id, message).catch((thrown: unknown) => {
      const unreachable =
        thrown instanceof OpsError && (thrown.code === 'SlackRefused' || thrown.code === 'NotInChannel');
      if (!unreachable) throw thrown;
      deps.log.warn({ run: id, err: thrown }, 'person cannot be told');
    });
    told = { ...told, told: [...told.told, key] };
    await saveDelivery(deps.state.blobs, id, told);
  }
  return told;
}
