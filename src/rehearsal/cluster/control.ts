/**
 * The control API, plain HTTP on loopback:
 *   GET  /_control/faults               -> { switchboards: [board] }
 *   POST /_control/faults               { id, value, board? } -> { ok, switchboards }
 *   GET  /_control/log                  -> { requests: [{ verb, path, user, status, bytes, … }] }; DELETE empties it
 *   POST /_control/reset                objects, agents and switches as at start, log empty
 *   POST /_control/objects              { object } creates or replaces; DELETE { apiVersion, kind, namespace?, name }
 *   POST /_control/compact              older resourceVersions and continue tokens become 410 Expired
 *   GET  /_control/decisions            -> { decisions: [{ user, verb, group, resource, …, allowed }] }; DELETE forgets
 *   GET  /_control/agents               -> { agents: [{ node, startedAt, config }] }: what each started with
 *   GET  /_control/violations           -> { violations: [{ namespace, name, pod, … }] }: budgets that were not asked
 *   POST /_control/agents               { node, settings? } restarts one agent, with settings over the ConfigMap's
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Cluster } from './cluster-state.ts';
import { isKubeObject, isRecord, textAt } from './kube-object.ts';
import type { RequestLog } from './request-log.ts';
import type { ResourceType } from './resources.ts';

export type ControlInput = { readonly cluster: Cluster; readonly log: RequestLog; readonly reset: () => void };

type Body = Readonly<Record<string, unknown>>;

class BadControlRequest extends Error {}

async function readJson(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  if (text === '') return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (isRecord(parsed)) return parsed;
  } catch (thrown: unknown) {
    throw new BadControlRequest('the body is not JSON', { cause: thrown });
  }
  throw new BadControlRequest('the body is not an object');
}

function typeOf(cluster: Cluster, body: unknown): ResourceType {
  const apiVersion = textAt(body, 'apiVersion');
  const kind = textAt(body, 'kind');
  const type = cluster.table.byKind(apiVersion, kind);
  if (type === undefined) throw new BadControlRequest(`no resource serves ${apiVersion} ${kind}`);
  return type;
}

function setFault({ cluster }: ControlInput, body: Body): Body {
  try {
    cluster.faults.set(textAt(body, 'id'), textAt(body, 'value'));
  } catch (thrown: unknown) {
    if (thrown instanceof RangeError) throw new BadControlRequest(thrown.message, { cause: thrown });
    throw thrown;
  }
  return { switchboards: [cluster.faults.board()] };
}

function putObject({ cluster }: ControlInput, body: Body): Body {
  const object = body['object'];
  if (!isKubeObject(object)) throw new BadControlRequest('object has no metadata');
  return { object: cluster.store.put(typeOf(cluster, object), object) };
}

function deleteObject({ cluster }: ControlInput, body: Body): Body {
  const removed = cluster.store.remove(typeOf(cluster, body), textAt(body, 'namespace'), textAt(body, 'name'));
  if (removed === undefined) throw new BadControlRequest(`there is no ${textAt(body, 'kind')} ${textAt(body, 'name')}`);
  return {};
}

function restartAgent({ cluster }: ControlInput, body: Body): Body {
  const node = textAt(body, 'node');
  const { agents } = cluster.agents;
  if (agents.on(node) === undefined) throw new BadControlRequest(`there is no node ${node}`);
  const { settings } = body;
  if (isRecord(settings)) agents.override(node, settings as Readonly<Record<string, string>>);
  else agents.restart(node);
  return {};
}

function listAgents({ cluster }: ControlInput): Body {
  const { agents } = cluster.agents;
  const list = agents.nodes().map(({ name }) => {
    const agent = agents.on(name);
    return { node: name, startedAt: new Date(agent?.startedAtMs ?? 0).toISOString(), config: agent?.config ?? {} };
  });
  return { agents: list };
}

type Route = (input: ControlInput, body: Body) => Body;

const ROUTES: Readonly<Record<string, Route>> = {
  'GET /_control/faults': ({ cluster }) => ({ switchboards: [cluster.faults.board()] }),
  'POST /_control/faults': setFault,
  'GET /_control/log': ({ log }) => ({ requests: log.entries() }),
  'DELETE /_control/log': ({ log }) => {
    log.clear();
    return {};
  },
  'GET /_control/decisions': ({ cluster }) => ({ decisions: cluster.authorizer.decisions() }),
  'DELETE /_control/decisions': ({ cluster }) => {
    cluster.authorizer.forgetDecisions();
    return {};
  },
  'POST /_control/reset': ({ reset }) => {
    reset();
    return {};
  },
  'POST /_control/objects': putObject,
  'PUT /_control/objects': putObject,
  'DELETE /_control/objects': deleteObject,
  'GET /_control/violations': ({ cluster }) => ({ violations: cluster.controllers.violations() }),
  'POST /_control/compact': ({ cluster }) => {
    cluster.store.compact();
    return {};
  },
  'GET /_control/agents': listAgents,
  'POST /_control/agents': restartAgent,
};

function send(response: ServerResponse, code: number, body: Body): void {
  response.writeHead(code, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

export async function answerControl(
  input: ControlInput,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://control.invalid').pathname;
  const route = ROUTES[`${request.method ?? 'GET'} ${path}`];
  if (route === undefined) {
    send(response, 404, { ok: false, error: `there is no ${request.method ?? 'GET'} ${path}` });
    return;
  }
  try {
    send(response, 200, { ok: true, ...route(input, await readJson(request)) });
  } catch (thrown: unknown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    send(response, thrown instanceof BadControlRequest ? 400 : 500, { ok: false, error: message });
  }
}
