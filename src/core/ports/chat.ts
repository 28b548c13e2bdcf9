import type { ChannelId, RunId, UserId } from '../ids.ts';
import type { Reply } from '../replies/reply.ts';

/** Bytes that belong to a message: `key` is where the blob store has them. */
export type ChatFile = {
  readonly name: string;
  readonly title: string;
  readonly mimetype: string;
  readonly key: string;
  readonly altText?: string;
  /** Said in its place where it cannot be shared; rendered like the message. */
  readonly instead?: string;
};

/** A rendered message. `text` is what notifications and screen readers get; `blocks` is Block Kit. */
export type ChatMessage = {
  readonly text: string;
  readonly blocks: readonly unknown[];
  readonly files?: readonly ChatFile[];
};

/** How a run looks now: `render/` makes it, `app/publish` brings Slack up to it. */
export type RenderedRun = {
  readonly parent: ChatMessage;
  /** Thread replies by a stable key. Each is posted once; `editable` ones are edited when they change. */
  readonly replies: readonly { readonly key: string; readonly message: ChatMessage; readonly editable: boolean }[];
  /** To one person each; each is sent once under its key. */
  readonly directs?: readonly { readonly key: string; readonly user: UserId; readonly message: ChatMessage }[];
};

/**
 * Slack as the publisher needs it.
 * @throws OpsError SlackRateLimited (with retryAfterMs), SlackUnavailable, NotInChannel, SlackRefused, MessageGone
 * (the message to edit or the thread to answer in is not there any more)
 */
export type ChatPort = {
  readonly post: (
    to: { readonly channel: ChannelId; readonly threadTs?: string; readonly run: RunId },
    message: ChatMessage,
  ) => Promise<string>;
  readonly update: (at: { readonly channel: ChannelId; readonly ts: string }, message: ChatMessage) => Promise<void>;
  /** Shares a file in the thread, with the message's text beside it. @throws OpsError UploadRefused when it may not */
  readonly upload: (
    to: { readonly channel: ChannelId; readonly threadTs: string },
    file: ChatFile & { readonly bytes: Uint8Array },
    text: string,
  ) => Promise<void>;
  /** To one person, in the bot's own conversation with them. */
  readonly tell: (user: UserId, run: RunId, message: ChatMessage) => Promise<void>;
  /** Tells the person who asked, and nobody else, through the request's own response URL. */
  readonly whisper: (responseUrl: string, reply: Reply) => Promise<void>;
};
