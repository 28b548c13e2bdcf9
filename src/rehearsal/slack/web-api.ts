import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Args, type Method, Refusal, toArgs } from './api/method.ts';
import { METHODS } from './api/registry.ts';
import { parseArgs, readBody, sendJson } from './http-io.ts';
import { newId } from './ids.ts';
import type { Json } from './json.ts';
import type { World } from './world.ts';

/** The Retry-After of a rate limit that somebody switched on, in seconds. */
const FAULT_RETRY_AFTER_S = 3;

type Answer = { readonly status: number; readonly body: Json; readonly headers: Record<string, string> };

function tokenOf(request: IncomingMessage, args: Args): string {
  const header = request.headers.authorization ?? '';
  return header.startsWith('Bearer ') ? header.slice('Bearer '.length).trim() : args.text('token');
}

/** The error of a token that may not make this call, null where it may. */
function tokenError(world: World, method: Method, token: string): string | null {
  if (method.token === 'none') return null;
  if (token === '') return 'not_authed';
  const { botToken, appToken } = world.workspace.tokens;
  if (token !== botToken && token !== appToken) return 'invalid_auth';
  const wanted = method.token === 'app' ? appToken : botToken;
  return token === wanted ? null : 'not_allowed_token_type';
}

function grantedScopes(world: World): readonly string[] {
  const taken = world.faults.value('missing-scope');
  return world.installation.scopes.filter((scope) => scope !== taken);
}

function scopeError(world: World, method: Method): Json | null {
  if (method.scope === null || method.token === 'app') return null;
  const needed = typeof method.scope === 'string' ? [method.scope] : method.scope;
  const granted = grantedScopes(world);
  if (needed.some((scope) => granted.includes(scope))) return null;
  return { ok: false, error: 'missing_scope', needed: needed.join(','), provided: granted.join(',') };
}

function limitedByFault(world: World, name: string): boolean {
  const fault = world.faults.value('rate-limits');
  if (fault === 'all') return true;
  if (fault === 'updates') return name === 'chat.update';
  return (
    fault === 'writes' && ['chat.postMessage', 'chat.update', 'chat.postEphemeral', 'views.publish'].includes(name)
  );
}

function waitSeconds(world: World, name: string, method: Method, args: Args): number {
  if (limitedByFault(world, name)) return FAULT_RETRY_AFTER_S;
  return world.limits.take({ method: name, tier: method.tier, channel: args.text('channel') });
}

function run(world: World, method: Method, args: Args): Json {
  try {
    return { ok: true, ...method.run({ world, args }) };
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    return { ok: false, error: thrown.code, ...thrown.extra };
  }
}

function answer(world: World, name: string, request: IncomingMessage, args: Args): Answer {
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  if (!method) return { status: 200, body: { ok: false, error: 'unknown_method', req_method: name }, headers: {} };
  const wrongToken = tokenError(world, method, tokenOf(request, args));
  if (wrongToken !== null) return { status: 200, body: { ok: false, error: wrongToken }, headers: {} };
  const accepted = typeof method.scope === 'string' ? method.scope : (method.scope ?? []).join(',');
  const headers = {
    'x-oauth-scopes': method.token === 'app' ? 'connections:write' : grantedScopes(world).join(','),
    'x-accepted-oauth-scopes': accepted,
    'x-slack-req-id': newId('', 16).toLowerCase(),
  };
  const wrongScope = scopeError(world, method);
  if (wrongScope) return { status: 200, body: wrongScope, headers };
  const seconds = waitSeconds(world, name, method, args);
  if (seconds > 0) {
    return {
      status: 429,
      body: { ok: false, error: 'ratelimited' },
      headers: { ...headers, 'retry-after': String(seconds) },
    };
  }
  return { status: 200, body: run(world, method, args), headers };
}

/** `/api/<method>`: token, scope and rate limit first, then the method itself. */
export async function serveWebApi(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', world.origin.url);
  const name = url.pathname.replace(/^\/api\//, '');
  const body = await readBody(request);
  const parsed = parseArgs(request.headers['content-type'] ?? '', body, url.searchParams);
  if (parsed.type === 'bad') return sendJson(response, 200, { ok: false, error: parsed.error });
  const result = answer(world, name, request, toArgs(parsed.args));
  const { token: _token, ...shown } = parsed.args;
  const outcome = result.body['ok'] === true ? 'ok' : String(result.body['error']);
  world.journal.add({
    direction: 'from_bot',
    kind: 'web_api',
    summary: `${name} → ${outcome}`,
    detail: { method: name, status: result.status, request: shown, response: result.body },
  });
  sendJson(response, result.status, result.body, result.headers);
}
