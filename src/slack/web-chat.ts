import type { KnownBlock } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import type { ChatMessage, ChatPort } from '../core/chat.ts';
import type { Log } from '../core/ports.ts';
import { renderReply } from '../render/reply-message.ts';
import { fromSlack, platformCode } from './slack-errors.ts';

const WHISPER_LIMIT_MS = 5_000;

/** The publisher's view of Slack. Retries, budgets and outages are the publisher's business: nothing is retried here. */
export function createWebChat(client: WebClient, log: Log): ChatPort {
  return {
    async post({ channel, threadTs, run }, message) {
      const metadata = { event_type: 'cilium_run', event_payload: { run } };
      const thread = threadTs === undefined ? {} : { thread_ts: threadTs };
      const posted = await sent('the message', log, message, (content) =>
        client.chat.postMessage({ channel, ...thread, ...content, metadata, unfurl_links: false, unfurl_media: false }),
      );
      return String(posted.ts);
    },
    async update({ channel, ts }, message) {
      await sent('the edit', log, message, (content) => client.chat.update({ channel, ts, ...content }));
    },
    async whisper(responseUrl, reply) {
      const { text, blocks } = renderReply(reply);
      const body = JSON.stringify({ response_type: 'ephemeral', replace_original: false, text, blocks });
      try {
        await fetch(responseUrl, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
          signal: AbortSignal.timeout(WHISPER_LIMIT_MS),
        });
      } catch (thrown) {
        throw fromSlack(thrown, 'the private answer');
      }
    },
  };
}

type Content = { text: string; blocks: KnownBlock[] };

/** A message that Slack finds invalid would simply never appear: it goes out as plain text instead, with the same facts. */
async function sent<T>(
  what: string,
  log: Log,
  message: ChatMessage,
  send: (content: Content) => Promise<T>,
): Promise<T> {
  try {
    // Blocks are plain data to everybody but Slack's own types, and every renderer's output is validated in tests.
    return await send({ text: message.text, blocks: [...message.blocks] as KnownBlock[] });
  } catch (thrown) {
    const code = platformCode(thrown);
    if (code !== 'invalid_blocks' && code !== 'msg_blocks_too_long') throw fromSlack(thrown, what);
    log.error({ err: thrown }, 'blocks refused, sent as text');
    return send({ text: message.text, blocks: [] }).catch((again: unknown) => {
      throw fromSlack(again, what);
    });
  }
}
