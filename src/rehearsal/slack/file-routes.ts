import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody, sendText } from './http-io.ts';
import { parseParts } from './multipart.ts';
import type { World } from './world.ts';

/** Takes the bytes for an upload URL: the raw body, or the one file of a multipart form. */
export async function serveUpload(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const secret = (request.url ?? '').split('/').at(-1)?.split('?')[0] ?? '';
  const pending = world.files.pending.get(secret);
  const body = await readBody(request);
  if (!pending) return sendText(response, 404, 'no such upload');
  const contentType = request.headers['content-type'] ?? '';
  const isForm = contentType.startsWith('multipart/form-data');
  const content = isForm ? parseParts(contentType, body)?.find((part) => part.fileName !== undefined)?.content : body;
  if (content?.length !== pending.lengthBytes) {
    return sendText(response, 400, `expected ${pending.lengthBytes} bytes, got ${content?.length ?? 0}`);
  }
  pending.content = content;
  const detail = { file: pending.id, name: pending.name, bytes: content.length };
  world.journal.add({ direction: 'from_bot', kind: 'files', summary: `upload of ${pending.name}`, detail });
  sendText(response, 200, `OK - ${content.length}`);
}

function sendFile(world: World, id: string, response: ServerResponse): void {
  const entry = world.files.shared.get(id);
  if (!entry) {
    sendText(response, 404, 'file_not_found');
    return;
  }
  // A picture may be drawn by a bot from cluster data: it is shown, never run.
  response.writeHead(200, {
    'content-type': entry.file.mimetype,
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    'x-content-type-options': 'nosniff',
  });
  response.end(entry.content);
}

/** `/_ui/files/<id>/<name>`: for the page, without a token. */
export function serveUiFile(world: World, path: string, response: ServerResponse): void {
  sendFile(world, path.split('/')[3] ?? '', response);
}

/** `/files-pri/<team>-<id>/<name>`: `url_private`, which wants the bot's token. */
export function servePrivateFile(world: World, request: IncomingMessage, response: ServerResponse): void {
  const path = new URL(request.url ?? '/', world.origin.url).pathname;
  const isBot = request.headers.authorization === `Bearer ${world.workspace.tokens.botToken}`;
  if (isBot) sendFile(world, path.split('/')[2]?.split('-').at(-1) ?? '', response);
  else sendText(response, 403, 'not_authed');
}
