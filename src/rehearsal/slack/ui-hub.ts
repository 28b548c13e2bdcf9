import type { ServerResponse } from 'node:http';
import type { StoredMessage } from './messages.ts';
import type { UiEvent, UiFile, UiMessage } from './ui-protocol.ts';

export type UiHub = {
  readonly emit: (event: UiEvent) => void;
  readonly attach: (response: ServerResponse, first: UiEvent) => void;
  readonly close: () => void;
};

const frame = (event: UiEvent) => `data: ${JSON.stringify(event)}\n\n`;

/** The page's stream: every open browser gets every event; who may see what is the page's "act as". */
export function createUiHub(): UiHub {
  const clients = new Set<ServerResponse>();
  const keepAlive = setInterval(() => {
    for (const client of clients) client.write(': still here\n\n');
  }, 15_000);
  return {
    emit(event) {
      if (clients.size === 0) return;
      const text = frame(event);
      for (const client of clients) client.write(text);
    },
    attach(response, first) {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(frame(first));
      clients.add(response);
      response.on('close', () => clients.delete(response));
    },
    close() {
      clearInterval(keepAlive);
      for (const client of clients) client.end();
      // What closes after us still reports; it must find nobody to tell.
      clients.clear();
    },
  };
}

/** The page reads files without a token, from the rehearsal's own address. */
function uiFilePath(id: string, name: string): string {
  return `/_ui/files/${id}/${encodeURIComponent(name)}`;
}

export function toUiMessage(message: StoredMessage): UiMessage {
  const files = (message.files ?? []).map(
    (file): UiFile => ({
      id: file.id,
      name: file.name,
      title: file.title,
      mimetype: file.mimetype,
      sizeBytes: file.size,
      altText: file.alt_txt,
      url: uiFilePath(file.id, file.name),
    }),
  );
  const isReply = message.thread_ts !== undefined && message.thread_ts !== message.ts;
  return {
    channel: message.channel,
    ts: message.ts,
    ...(isReply ? { threadTs: message.thread_ts } : {}),
    user: message.user,
    text: message.text,
    blocks: message.blocks ?? [],
    files,
    ...(message.ephemeral_to === undefined ? {} : { ephemeralTo: message.ephemeral_to }),
    ...(message.edited === undefined ? {} : { editedAt: message.edited.ts }),
    replyCount: message.reply_count ?? 0,
  };
}
