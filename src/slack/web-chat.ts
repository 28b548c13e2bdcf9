import type { KnownBlock } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { OpsError } from '../core/errors.ts';
import type { ChatMessage, ChatPort } from '../core/ports/chat.ts';
import type { Log } from '../core/ports/ports.ts';
import { degrade } from '../render/degrade.ts';
import { renderReply } from '../render/reply-message.ts';
import type { MessageBlock } from '../render/slack-message.ts';
import { fromSlack, fromUpload, platformCode } from './slack-errors.ts';

const WHISPER_LIMIT_MS = 5_000;

/** The publisher's view of Slack. Retries, budgets and outages are the publisher's business: nothing is retried here. */
export function createWebChat(client: WebClient, log: Log): ChatPort {
  const pause = createPause();
  return {
    async post({ channel, threadTs, run }, message) {
      const metadata = { event_type: 'cilium_run', event_payload: { run } };
      const thread = threadTs === undefined ? {} : { thread_ts: threadTs };
      const posted = await sent({ what: 'the message', log, pause: pause('chat.postMessage') }, message, (content) =>
        client.chat.postMessage({ channel, ...thread, ...content, metadata, unfurl_links: false, unfurl_media: false }),
      );
      return String(posted.ts);
    },
    async tell(user, run, message) {
      const metadata = { event_type: 'cilium_run', event_payload: { run } };
      // A user id in place of a channel opens the conversation by itself.
      await sent({ what: 'the direct message', log, pause: pause('chat.postMessage') }, message, (content) =>
        client.chat.postMessage({ channel: user, ...content, metadata, unfurl_links: false, unfurl_media: false }),
      );
    },
    async update({ channel, ts }, message) {
      await sent({ what: 'the edit', log, pause: pause('chat.update') }, message, (content) =>
        client.chat.update({ channel, ts, ...content }),
      );
    },
    async upload({ channel, threadTs }, { name, title, altText, bytes }, text) {
      try {
        await client.filesUploadV2({
          channel_id: channel,
          thread_ts: threadTs,
          initial_comment: text,
          filename: name,
          title,
          file: Buffer.from(bytes),
          ...(altText === undefined ? {} : { alt_text: altText }),
        });
      } catch (thrown) {
        throw fromUpload(thrown, name);
      }
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

const BLOCKS_REFUSED = new Set(['invalid_blocks', 'invalid_blocks_format', 'msg_blocks_too_long', 'block_mismatch']);

/**
 * A message whose blocks Slack refuses would simply never appear: it goes out in older blocks, which keep its buttons,
 * and then as plain text, which has the same facts.
 */
async function sent<T>(
  { what, log, pause }: { readonly what: string; readonly log: Log; readonly pause: Pause },
  message: ChatMessage,
  send: (content: Content) => Promise<T>,
): Promise<T> {
  pause.check();
  // Blocks are plain data to everybody but the rooms of Slack: every renderer's output is validated in tests.
  const blocks = message.blocks as MessageBlock[];
  const ways: readonly (() => readonly MessageBlock[])[] = [
    () => blocks,
    () => degrade({ text: message.text, blocks }).blocks,
    () => [],
  ];
  for (const [at, way] of ways.entries()) {
    try {
      return await send({ text: message.text, blocks: [...way()] });
    } catch (thrown) {
      if (at === ways.length - 1 || !BLOCKS_REFUSED.has(platformCode(thrown) ?? ''))
        throw pause.noted(fromSlack(thrown, what));
      log.error({ err: thrown, degraded: at + 1 }, 'blocks refused, sent in a plainer way');
    }
  }
  throw new OpsError('Bug', `${what} was not sent`);
}

type Pause = { readonly check: () => void; readonly noted: (error: OpsError) => OpsError };

/** After a 429 Slack is left alone, method by method, for as long as it asked: whoever calls before gets the rest of the wait. */
function createPause(): (method: string) => Pause {
  const untilMs = new Map<string, number>();
  return (method) => ({
    check() {
      const leftMs = (untilMs.get(method) ?? 0) - Date.now();
      if (leftMs <= 0) return;
      throw new OpsError('SlackRateLimited', `Slack asked to wait, ${Math.ceil(leftMs / 1_000)} s are left`, {
        retryAfterMs: leftMs,
      });
    },
    noted(error) {
      if (error.code === 'SlackRateLimited') untilMs.set(method, Date.now() + (error.retryAfterMs ?? 0));
      return error;
    },
  });
}
