/** Writing answers: one place that knows the headers of the API server. */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { ApiError, PlainTextError } from './api-error.ts';

/** Something JSON.stringify takes as an object. */
export type Json = Readonly<Record<string, unknown>>;

export type Answer =
  | {
      readonly type: 'json';
      readonly code: number;
      readonly body: Json;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly type: 'text'; readonly code: number; readonly body: string }
  /** The handler wrote the response itself: watches, logs. */
  | { readonly type: 'streamed' };

const FLOW_HEADERS = {
  'Cache-Control': 'no-cache, private',
  'X-Kubernetes-Pf-Flowschema-Uid': 'f1eeacc4-02e2-4a87-8240-57951c314918',
  'X-Kubernetes-Pf-Prioritylevel-Uid': '3c53a72d-9e6d-4e23-a47d-ef6edc8f0943',
};

export function json(body: Json, code = 200): Answer {
  return { type: 'json', code, body };
}

export function text(body: string, code = 200): Answer {
  return { type: 'text', code, body };
}

/** Headers every answer carries. */
export function commonHeaders(): Record<string, string> {
  return { 'Audit-Id': randomUUID(), ...FLOW_HEADERS };
}

type Body = { readonly type: string; readonly text: string; readonly headers: Readonly<Record<string, string>> };

function bodyOf(answer: Exclude<Answer, { readonly type: 'streamed' }>): Body {
  if (answer.type === 'json') {
    return { type: 'application/json', text: `${JSON.stringify(answer.body)}\n`, headers: answer.headers ?? {} };
  }
  return { type: 'text/plain; charset=utf-8', text: answer.body, headers: { 'X-Content-Type-Options': 'nosniff' } };
}

export function writeAnswer(response: ServerResponse, answer: Answer): void {
  if (answer.type === 'streamed') return;
  const { type, text: content, headers } = bodyOf(answer);
  const length = Buffer.byteLength(content);
  response.writeHead(answer.code, { ...commonHeaders(), 'Content-Type': type, 'Content-Length': length, ...headers });
  response.end(content);
}

/** Anything thrown below the router, as the answer a client sees. */
export function answerOf(thrown: unknown): Answer {
  if (thrown instanceof ApiError) return json({ ...thrown.status }, thrown.code);
  if (thrown instanceof PlainTextError) return text(thrown.message, thrown.code);
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  const internal = new ApiError(500, 'InternalError', `Internal error occurred: ${why}`, {
    details: { causes: [{ message: why }] },
  });
  return json({ ...internal.status }, 500);
}
