import type { IncomingMessage, ServerResponse } from 'node:http';
import { postAnswer } from './acts/answer.ts';
import { editedMessage, removeMessage } from './api/chat.ts';
import { Refusal, refuse, toArgs } from './api/method.ts';
import { contentOf } from './compose.ts';
import type { ResponseGrant } from './grants.ts';
import { readBody, sendJson } from './http-io.ts';
import { isJson, type Json, parseJson } from './json.ts';
import type { World } from './world.ts';

export function isResponsePath(path: string): boolean {
  return path.startsWith('/commands/') || path.startsWith('/actions/');
}

/** The message the interaction came from; ephemerals too, which nothing else can change. */
function replaceOriginal(world: World, grant: ResponseGrant, answer: Json): void {
  const source = grant.source && world.messages.find(grant.channel, grant.source.ts);
  if (!source) refuse('message_not_found');
  if (source.ephemeral_to !== undefined && answer['response_type'] === 'in_channel') refuse('invalid_response_type');
  world.messages.put(editedMessage(world, source, contentOf(world, toArgs(answer))));
}

function deleteOriginal(world: World, grant: ResponseGrant): void {
  const source = grant.source && world.messages.find(grant.channel, grant.source.ts);
  if (!source) refuse('message_not_found');
  removeMessage(world, source);
}

function respond(world: World, grant: ResponseGrant, answer: Json): void {
  if (answer['delete_original'] === true) deleteOriginal(world, grant);
  else if (answer['replace_original'] === true && grant.source) replaceOriginal(world, grant, answer);
  else {
    const place = { channel: grant.channel, user: grant.user };
    postAnswer(world, grant.threadTs === undefined ? place : { ...place, threadTs: grant.threadTs }, answer);
  }
}

function outcome(world: World, path: string, body: string): { readonly status: number; readonly answer: Json } {
  const grant = world.grants.spendResponse(path);
  if (typeof grant === 'string') return { status: 404, answer: { ok: false, error: grant } };
  const payload = parseJson(body);
  if (!isJson(payload)) return { status: 400, answer: { ok: false, error: 'invalid_payload' } };
  try {
    respond(world, grant, payload);
    return { status: 200, answer: { ok: true } };
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    return { status: 400, answer: { ok: false, error: thrown.code, ...thrown.extra } };
  }
}

/**
 * A response_url: five uses in thirty minutes, no token, ephemeral unless it says `in_channel`
 * ("Handling user interaction"). The status codes of refusals are not documented; ours are never 2xx.
 */
export async function serveResponseUrl(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = new URL(request.url ?? '/', world.origin.url).pathname;
  const body = (await readBody(request)).toString('utf8');
  const { status, answer } = outcome(world, path, body);
  const detail = { path, status, request: parseJson(body) ?? body, response: answer };
  world.journal.add({ direction: 'from_bot', kind: 'response_url', summary: `response_url → ${status}`, detail });
  sendJson(response, status, answer);
}
