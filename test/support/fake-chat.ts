import { OpsError } from '../../src/core/errors.ts';
import type { ChannelId, UserId } from '../../src/core/ids.ts';
import type { ChatMessage, ChatPort } from '../../src/core/ports/chat.ts';
import type { Reply } from '../../src/core/replies/reply.ts';

export type Posted = {
  readonly channel: ChannelId;
  readonly ts: string;
  readonly threadTs?: string;
  readonly text: string;
  readonly edits: number;
  readonly file?: { readonly name: string; readonly bytes: Uint8Array };
};

export type FakeChat = ChatPort & {
  /** What a reader sees now, in order of arrival. */
  readonly messages: () => readonly Posted[];
  readonly directs: readonly { readonly user: UserId; readonly text: string }[];
  readonly whispers: readonly { readonly url: string; readonly reply: Reply }[];
  /** Calls that reached it, refused ones too: `post`, `update`, `upload`, `whisper`. */
  readonly calls: readonly string[];
  /** The next calls of this method reject with these errors, one each. */
  readonly fail: (method: keyof ChatPort, ...errors: readonly OpsError[]) => void;
  /** As when a person deletes it. */
  readonly remove: (ts: string) => void;
};

/** A Slack of one process: messages, threads, edits, and errors on demand. */
export function createFakeChat(): FakeChat {
  const messages = new Map<string, Posted>();
  const failures = new Map<keyof ChatPort, OpsError[]>();
  const directs: { user: UserId; text: string }[] = [];
  const whispers: { url: string; reply: Reply }[] = [];
  const calls: string[] = [];
  let last = 0;

  function reached(method: keyof ChatPort): void {
    calls.push(method);
    const error = failures.get(method)?.shift();
    if (error) throw error;
  }

  function put(message: Omit<Posted, 'ts' | 'edits'>): string {
    if (message.threadTs !== undefined && !messages.has(message.threadTs)) throw gone('thread_not_found');
    last += 1;
    const ts = `1700000000.${String(last).padStart(6, '0')}`;
    messages.set(ts, { ...message, ts, edits: 0 });
    return ts;
  }

  return {
    calls,
    directs,
    whispers,
    messages: () => [...messages.values()],
    fail: (method, ...errors) => {
      failures.set(method, [...(failures.get(method) ?? []), ...errors]);
    },
    remove: (ts) => {
      messages.delete(ts);
    },
    post: async ({ channel, threadTs }, { text }: ChatMessage) => {
      reached('post');
      return put({ channel, text, ...(threadTs === undefined ? {} : { threadTs }) });
    },
    tell: async (user, _, { text }) => {
      reached('tell');
      directs.push({ user, text });
    },
    update: async ({ ts }, { text }) => {
      reached('update');
      const known = messages.get(ts);
      if (!known) throw gone('message_not_found');
      messages.set(ts, { ...known, text, edits: known.edits + 1 });
    },
    upload: async ({ channel, threadTs }, { name, bytes }, text) => {
      reached('upload');
      put({ channel, threadTs, text, file: { name, bytes } });
    },
    whisper: async (url, reply) => {
      reached('whisper');
      whispers.push({ url, reply });
    },
  };
}

function gone(code: string): OpsError {
  return new OpsError('MessageGone', `Slack has no place for it any more (${code})`);
}
