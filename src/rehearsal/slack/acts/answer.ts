import { botMessage } from '../api/chat.ts';
import { Refusal, toArgs } from '../api/method.ts';
import { contentOf } from '../compose.ts';
import { asJson, type Json } from '../json.ts';
import type { StoredMessage } from '../messages.ts';
import { SLACKBOT_ID } from '../workspace.ts';
import type { World } from '../world.ts';
import { channelOf } from './payload.ts';

export type Place = { readonly channel: string; readonly user: string; readonly threadTs?: string };

function threadPart(threadTs: string | undefined): { thread_ts?: string } {
  return threadTs === undefined || threadTs === '' ? {} : { thread_ts: threadTs };
}

/** What Slack itself tells one person, for example that the app did not respond. */
export function tellAsSlackbot(world: World, place: Place, text: string): StoredMessage {
  return world.messages.put({
    type: 'message',
    channel: place.channel,
    ts: world.clock.nextTs(),
    team: world.workspace.teamId,
    user: SLACKBOT_ID,
    text,
    ephemeral_to: place.user,
    ...threadPart(place.threadTs),
  });
}

/**
 * A message that the bot gives as an answer, in an acknowledgement or through a response_url: ephemeral unless it
 * says `in_channel`. No membership is needed, which is how a bot answers where it was not invited.
 * @throws Refusal no_text, invalid_blocks, …
 */
export function postAnswer(world: World, place: Place, answer: Json): StoredMessage {
  const content = contentOf(world, toArgs(answer));
  const isPublic = answer['response_type'] === 'in_channel';
  const threadTs = typeof answer['thread_ts'] === 'string' ? answer['thread_ts'] : place.threadTs;
  return world.messages.put({
    ...botMessage(world, channelOf(world, place.channel), content),
    ...threadPart(threadTs),
    ...(isPublic ? {} : { ephemeral_to: place.user }),
  });
}

/** The body of an acknowledgement as a message; an empty body says nothing. Answers the error where it is refused. */
export function postAcknowledgement(world: World, place: Place, body: unknown): string | undefined {
  const answer = typeof body === 'string' ? { text: body } : asJson(body);
  if (Object.keys(answer).length === 0 || answer['text'] === '') return undefined;
  try {
    postAnswer(world, place, answer);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown.code;
    throw thrown;
  }
}
