import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join, normalize } from 'node:path';
import { sendText } from './http-io.ts';

const TYPES: Record<string, string> = {
  html: 'text/html',
  js: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
  map: 'application/json',
};
const NOT_BUILT =
  '<!doctype html><title>Rehearsal Slack</title><p>The page is not built. The rehearsal Slack itself runs: see <code>/_control/state</code>.</p>';

/** The built page, or one line that says it is not built. Never leaves the page's folder. */
export async function servePage(pageDir: string | undefined, path: string, response: ServerResponse): Promise<void> {
  const name =
    path === '/'
      ? 'index.html'
      : normalize(decodeURIComponent(path))
          .replace(/^(\.\.(\/|$))+/, '')
          .replace(/^\//, '');
  if (pageDir !== undefined && !name.startsWith('..')) {
    const content = await readFile(join(pageDir, name)).catch(() => undefined);
    if (content) {
      const type = TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-cache' });
      response.end(content);
      return;
    }
  }
  if (path === '/') sendText(response, 200, NOT_BUILT, 'text/html');
  else sendText(response, 404, 'not found');
}
