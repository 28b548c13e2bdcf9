import type { Json } from './json.ts';

export type StoredFile = {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly mimetype: string;
  readonly filetype: string;
  readonly size: number;
  readonly alt_txt: string;
  readonly user: string;
  readonly created: number;
  readonly url_private: string;
  readonly url_private_download: string;
  readonly permalink: string;
  readonly channels: readonly string[];
};

type Reaction = { readonly name: string; readonly users: readonly string[]; readonly count: number };

/** A message as Slack's own API shows it, plus `channel` and, on ephemerals, `ephemeral_to`. */
export type StoredMessage = {
  readonly type: 'message';
  readonly channel: string;
  readonly ts: string;
  readonly team: string;
  readonly user: string;
  readonly text: string;
  readonly bot_id?: string;
  readonly app_id?: string;
  readonly subtype?: string;
  readonly blocks?: readonly Json[];
  readonly attachments?: readonly Json[];
  readonly files?: readonly StoredFile[];
  readonly metadata?: Json;
  readonly thread_ts?: string;
  readonly parent_user_id?: string;
  readonly edited?: { readonly user: string; readonly ts: string };
  readonly reactions?: readonly Reaction[];
  readonly reply_count?: number;
  readonly reply_users?: readonly string[];
  readonly latest_reply?: string;
  readonly ephemeral_to?: string;
};

export type MessageStore = {
  readonly put: (message: StoredMessage) => StoredMessage;
  readonly find: (channel: string, ts: string) => StoredMessage | undefined;
  readonly remove: (channel: string, ts: string) => void;
  /** Oldest first, ephemerals and replies included. */
  readonly inChannel: (channel: string) => readonly StoredMessage[];
  readonly replies: (channel: string, threadTs: string) => readonly StoredMessage[];
  readonly all: () => readonly StoredMessage[];
  readonly clear: () => void;
};

export type MessageWatcher = {
  readonly changed: (message: StoredMessage) => void;
  readonly removed: (channel: string, ts: string) => void;
};

function withReplies(parent: StoredMessage, replies: readonly StoredMessage[]): StoredMessage {
  const { reply_count: _count, reply_users: _users, latest_reply: _latest, ...rest } = parent;
  const last = replies.at(-1);
  if (!last) return rest;
  const users = [...new Set(replies.map((reply) => reply.user))];
  return { ...rest, thread_ts: parent.ts, reply_count: replies.length, reply_users: users, latest_reply: last.ts };
}

export function createMessageStore(watcher: MessageWatcher): MessageStore {
  const channels = new Map<string, Map<string, StoredMessage>>();
  const list = (channel: string) => [...(channels.get(channel)?.values() ?? [])];
  const replies = (channel: string, threadTs: string) =>
    list(channel).filter((message) => message.thread_ts === threadTs && message.ts !== threadTs);

  function write(message: StoredMessage): void {
    const known = channels.get(message.channel) ?? new Map<string, StoredMessage>();
    channels.set(message.channel, known);
    known.set(message.ts, message);
    watcher.changed(message);
  }

  function recount(channel: string, threadTs: string | undefined): void {
    const parent = threadTs === undefined ? undefined : channels.get(channel)?.get(threadTs);
    if (parent)
      write(
        withReplies(
          parent,
          replies(channel, parent.ts).filter((reply) => !reply.ephemeral_to),
        ),
      );
  }

  return {
    put(message) {
      const isNew = !channels.get(message.channel)?.has(message.ts);
      write(message);
      if (isNew && message.thread_ts !== message.ts) recount(message.channel, message.thread_ts);
      return message;
    },
    find: (channel, ts) => channels.get(channel)?.get(ts),
    remove(channel, ts) {
      const message = channels.get(channel)?.get(ts);
      if (!message) return;
      channels.get(channel)?.delete(ts);
      watcher.removed(channel, ts);
      if (message.thread_ts !== ts) recount(channel, message.thread_ts);
    },
    inChannel: list,
    replies,
    all: () => [...channels.keys()].flatMap(list),
    clear: () => channels.clear(),
  };
}
