import type { IncomingMessage, ServerResponse } from 'node:http';
import { asJson, type Json, parseJson } from './json.ts';
import { parseParts } from './multipart.ts';

const BODY_LIMIT_BYTES = 64 * 1024 * 1024;

/** @throws RangeError when the body is longer than 64 MiB */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) throw new RangeError(`body is longer than ${BODY_LIMIT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export type ParsedBody =
  | { readonly type: 'args'; readonly args: Json }
  | { readonly type: 'bad'; readonly error: 'invalid_json' | 'json_not_object' | 'invalid_form_data' };

function toArgs(pairs: Iterable<[string, string]>): Json {
  return Object.fromEntries(pairs);
}

function parseMultipart(contentType: string, body: Buffer): ParsedBody {
  const all = parseParts(contentType, body);
  if (!all) return { type: 'bad', error: 'invalid_form_data' };
  const args: Json = {};
  for (const { field, fileName, content } of all) {
    // No method here takes a file in its arguments: uploads have an address of their own.
    if (fileName === undefined) args[field] = content.toString('utf8');
  }
  return { type: 'args', args };
}

/** Slack takes its arguments from a form, from JSON, from multipart or from the query string. */
export function parseArgs(contentType: string, body: Buffer, query: URLSearchParams): ParsedBody {
  const fromQuery = toArgs(query);
  if (body.length === 0) return { type: 'args', args: fromQuery };
  if (contentType.startsWith('multipart/form-data')) return parseMultipart(contentType, body);
  if (contentType.startsWith('application/json')) {
    const parsed = parseJson(body.toString('utf8'));
    if (parsed === undefined) return { type: 'bad', error: 'invalid_json' };
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
      return { type: 'bad', error: 'json_not_object' };
    }
    return { type: 'args', args: { ...fromQuery, ...asJson(parsed) } };
  }
  return { type: 'args', args: { ...fromQuery, ...toArgs(new URLSearchParams(body.toString('utf8'))) } };
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  if (response.writableEnded || response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(text);
}

export function sendText(response: ServerResponse, status: number, text: string, contentType = 'text/plain'): void {
  response.writeHead(status, { 'content-type': `${contentType}; charset=utf-8` });
  response.end(text);
}
