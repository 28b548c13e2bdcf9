import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { UiEvent, UiSnapshot } from '../../../src/rehearsal/slack/ui-protocol.ts';

export type Post = { readonly path: string; readonly body: Readonly<Record<string, unknown>> };

export type PageStub = {
  readonly url: string;
  /** What the page posted, oldest first. */
  readonly posts: readonly Post[];
  readonly emit: (event: UiEvent) => void;
  /** Decides the answer to posts on `path`; without one they are answered `{ ok: true }`. */
  readonly answer: (path: string, reply: (body: Post['body']) => Readonly<Record<string, unknown>>) => void;
  readonly close: () => Promise<void>;
};

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  css: 'text/css',
  js: 'text/javascript',
  png: 'image/png',
};

/** The page's other end, by nothing but ui-protocol.ts: serves the bundle, streams events, records posts. */
export async function startPageStub(pageDir: string, snapshot: UiSnapshot): Promise<PageStub> {
  const streams = new Set<ServerResponse>();
  const posts: Post[] = [];
  const replies = new Map<string, (body: Post['body']) => Readonly<Record<string, unknown>>>();

  async function take(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await text(request)) as Post['body'];
    posts.push({ path, body });
    const reply = replies.get(path)?.(body) ?? { ok: true };
    response.writeHead(reply['ok'] === true ? 200 : 400, { 'content-type': 'application/json' });
    response.end(JSON.stringify(reply));
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://stub');
    if (pathname === '/_ui/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify(snapshot)}\n\n`);
      streams.add(response);
      request.once('close', () => streams.delete(response));
      return;
    }
    if (request.method === 'POST') return take(pathname.replace('/_control/', ''), request, response);
    const name = pathname === '/' ? 'index.html' : pathname.slice(1);
    response.setHeader('content-type', TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream');
    response.end(await readFile(join(pageDir, name)));
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.writeHead(404).end());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    posts,
    emit: (event) => {
      for (const stream of streams) stream.write(`data: ${JSON.stringify(event)}\n\n`);
    },
    answer: (path, reply) => replies.set(path, reply),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
