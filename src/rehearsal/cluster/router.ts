/** From a parsed request to an answer: authenticate, authorise, then find out whether the thing exists. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerReview, isReview } from './access-reviews.ts';
import {
  ApiError,
  badRequest,
  forbidden,
  methodNotAllowed,
  notFound,
  PlainTextError,
  unknownResource,
} from './api-error.ts';
import type { Cluster, ResourceCall } from './cluster-state.ts';
import { deleteCollection, deleteObject } from './deletes.ts';
import { evictPod, readScale, writeScale } from './eviction.ts';
import { type Answer, json } from './http-answer.ts';
import { listObjects } from './list.ts';
import { negotiate } from './media.ts';
import { answerPath } from './path-requests.ts';
import { readLog } from './pod-log.ts';
import { presentList, presentOne, viewOf } from './presentation.ts';
import { denialOf } from './rbac.ts';
import { type PathRequest, parseRequest, type ResourceRequest } from './request-info.ts';
import type { ResourceType } from './resources.ts';
import type { UserInfo } from './users.ts';
import { watchObjects } from './watch.ts';
import { createObject, parseBody, patchObject, updateObject, type WriteInput } from './writes.ts';

/** Body of a request, read to the end. */
type BodyReader = () => Promise<Buffer>;

export type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly user: UserInfo;
  readonly readBody: BodyReader;
};

function authorizePath(cluster: Cluster, user: UserInfo, info: PathRequest): void {
  const asked = { user, verb: info.verb, path: info.path };
  if (cluster.authorizer.admit(asked).allowed) return;
  const message = `forbidden: User "${user.username}" cannot ${info.verb} path "${info.path}"`;
  throw new ApiError(403, 'Forbidden', message, { details: {} });
}

export function authorizeResource(cluster: Cluster, user: UserInfo, info: ResourceRequest): void {
  const { verb, group, resource, subresource, namespace, name } = info;
  const asked = { user, verb, group, resource, subresource, namespace, name };
  if (cluster.authorizer.admit(asked).allowed) return;
  throw forbidden({ group, resource }, name, denialOf(asked));
}

/** @throws PlainTextError 404 for an unknown group or version, ApiError 404 for an unknown resource of a known one. */
export function resolveType(cluster: Cluster, info: ResourceRequest): ResourceType {
  const { group, version, resource } = info;
  const known = cluster.table.hasGroupVersion(group, version) && cluster.groupVisible(group);
  const type = cluster.table.find(group, version, resource);
  if (!known) throw new PlainTextError(404, '404 page not found\n');
  if (type === undefined) {
    // The CRD handler of a known custom group answers in plain text, built-in groups with a Status.
    throw group === '' || !group.includes('cilium')
      ? unknownResource()
      : new PlainTextError(404, '404 page not found\n');
  }
  return type;
}

function getOne(call: ResourceCall): Answer {
  const { cluster, type, info } = call;
  const as = negotiate(call.accept);
  const object = cluster.store.get(type, info.namespace, info.name);
  if (object === undefined) throw notFound(type, info.name);
  return json(presentOne(type, object, as, viewOf(call)));
}

function getList(call: ResourceCall): Answer {
  const { cluster, type, info } = call;
  const as = negotiate(call.accept);
  const tokensExpired = cluster.faults.value('continue-tokens') !== 'off';
  const page = listObjects(cluster.store, type, { namespace: info.namespace, query: info.query, tokensExpired });
  return json(presentList(type, page, as, viewOf(call)));
}

type Handler = (call: ResourceCall, exchange: Exchange) => Answer | Promise<Answer>;

async function withBody(call: ResourceCall, exchange: Exchange): Promise<WriteInput> {
  const body = await exchange.readBody();
  return { call, body, contentType: exchange.request.headers['content-type'] ?? '' };
}

const VERBS: Readonly<Record<string, Handler>> = {
  get: getOne,
  list: getList,
  watch: (call, { request, response }) => {
    watchObjects(call, request, response);
    return { type: 'streamed' };
  },
  create: async (call, exchange) => {
    const input = await withBody(call, exchange);
    return isReview(call) ? answerReview(call, parseBody(input)) : createObject(input);
  },
  update: async (call, exchange) => updateObject(await withBody(call, exchange)),
  patch: async (call, exchange) => patchObject(await withBody(call, exchange)),
  delete: async (call, exchange) => deleteObject(await withBody(call, exchange)),
  deletecollection: async (call, exchange) => deleteCollection(await withBody(call, exchange)),
};

async function scale(call: ResourceCall, exchange: Exchange): Promise<Answer> {
  return call.info.verb === 'get' ? readScale(call) : writeScale(await withBody(call, exchange));
}

/** Subresources that are not the object itself; `status` is read and written like it. */
const SUBRESOURCES: Readonly<Record<string, Handler>> = {
  'pods/log': (call, { response }) => readLog(call, response),
  'pods/exec': () => {
    throw badRequest('Upgrade request required');
  },
  'pods/eviction': async (call, exchange) => evictPod(await withBody(call, exchange)),
  'deployments/scale': scale,
  'replicasets/scale': scale,
  'statefulsets/scale': scale,
};

function handlerOf(type: ResourceType, info: ResourceRequest): Handler {
  const { verb, subresource } = info;
  if (subresource === '') {
    const named = info.name !== '';
    // POST goes to the collection, never to an object.
    if (!type.verbs.includes(verb) || (verb === 'create' && named)) throw methodNotAllowed();
    return VERBS[verb] ?? methodNotAllowedHandler;
  }
  const known = type.subresources.find((candidate) => candidate.subresource === subresource);
  if (known === undefined) throw unknownResource();
  if (!known.verbs.includes(verb)) throw methodNotAllowed();
  return (
    SUBRESOURCES[`${type.resource}/${subresource}`] ??
    (subresource === 'status' ? VERBS[verb] : undefined) ??
    methodNotAllowedHandler
  );
}

function methodNotAllowedHandler(): never {
  throw methodNotAllowed();
}

function answerResource(cluster: Cluster, exchange: Exchange, info: ResourceRequest): Answer | Promise<Answer> {
  const { request, user } = exchange;
  authorizeResource(cluster, user, info);
  const type = resolveType(cluster, info);
  // A Namespace is authorised as living in itself, and stored outside of any.
  const target = type.namespaced ? info : { ...info, namespace: '' };
  const call: ResourceCall = { cluster, type, info: target, user, accept: request.headers.accept };
  return handlerOf(type, info)(call, exchange);
}

/** @throws ApiError, PlainTextError; also as a rejected promise. */
export function answerRequest(cluster: Cluster, exchange: Exchange): Answer | Promise<Answer> {
  const info = parseRequest(exchange.request.method ?? 'GET', exchange.request.url ?? '/');
  if (info.kind === 'resource') return answerResource(cluster, exchange, info);
  authorizePath(cluster, exchange.user, info);
  return answerPath(cluster, info, exchange.request.headers.accept);
}
