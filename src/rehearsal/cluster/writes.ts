/** POST, PUT, PATCH and DELETE on the store. */
import { randomBytes } from 'node:crypto';
import { parse as parseYaml } from 'yaml';
import { ApiError, alreadyExists, badRequest, conflict, notFound, unsupportedMediaType } from './api-error.ts';
import type { ResourceCall } from './cluster-state.ts';
import { type Answer, type Json, json } from './http-answer.ts';
import { isKubeObject, isRecord, type KubeObject, type ObjectMeta, recordAt, textAt } from './kube-object.ts';
import { listObjects } from './list.ts';
import { negotiate } from './media.ts';
import { jsonPatch, mergePatch, PatchError, strategicMergePatch } from './patch.ts';
import { presentOne, viewOf } from './presentation.ts';
import { decodeProtobuf } from './protobuf-body.ts';
import { validateName } from './validation.ts';

export type WriteInput = { readonly call: ResourceCall; readonly body: Buffer; readonly contentType: string };

const DRY_RUN = 'All';

function isDryRun({ info }: ResourceCall): boolean {
  return info.query.getAll('dryRun').includes(DRY_RUN);
}

function present(call: ResourceCall, object: KubeObject, code: number): Answer {
  return json(presentOne(call.type, object, negotiate(call.accept), viewOf(call)), code);
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

function fromProtobuf(call: ResourceCall, body: Buffer): unknown {
  const decoded = decodeProtobuf(body, call.type.kind);
  if (decoded === undefined) throw unsupportedMediaType();
  return decoded;
}

/** JSON, or YAML where the client says so. @throws ApiError 400, 415 */
export function parseBody({ call, body, contentType }: WriteInput): unknown {
  const [media = ''] = contentType.split(';');
  const text = body.toString('utf8');
  if (media === 'application/yaml') return parseYaml(text);
  if (media === PROTOBUF) return fromProtobuf(call, body);
  if (media !== '' && media !== 'application/json') throw unsupportedMediaType();
  try {
    return JSON.parse(text);
  } catch {
    const unexpected = `couldn't get version/kind; json parse error: unexpected end of JSON input (${text.slice(0, 60)})`;
    throw badRequest(`the object provided is unrecognized (must be of type ${call.type.kind}): ${unexpected}`);
  }
}

function generatedName(metadata: Readonly<Record<string, unknown>>): string {
  const prefix = textAt(metadata, 'generateName');
  return prefix === '' ? '' : `${prefix}${randomBytes(8).toString('hex').slice(0, 5)}`;
}

function toObject(call: ResourceCall, parsed: unknown): KubeObject {
  const { type, info } = call;
  const metadata = recordAt(parsed, 'metadata');
  const name = textAt(metadata, 'name') || info.name || generatedName(metadata);
  const namespace = type.namespaced ? { namespace: info.namespace } : {};
  const content = isRecord(parsed) ? parsed : {};
  return { ...content, apiVersion: type.apiVersion, kind: type.kind, metadata: { ...metadata, ...namespace, name } };
}

function requireNamespace(call: ResourceCall): void {
  const { cluster, type, info } = call;
  if (!type.namespaced) return;
  const namespaces = cluster.table.find('', 'v1', 'namespaces');
  if (namespaces !== undefined && cluster.store.get(namespaces, '', info.namespace) === undefined) {
    throw notFound(namespaces, info.namespace);
  }
}

/** Writes, or in a dry run only says what would be written. */
function store(call: ResourceCall, object: KubeObject): KubeObject {
  return isDryRun(call) ? object : call.cluster.store.put(call.type, object);
}

export function createObject(input: WriteInput): Answer {
  const { call } = input;
  const { cluster, type, info } = call;
  const parsed = parseBody(input);
  const object = toObject(call, parsed);
  requireNamespace(call);
  validateName(type, object.metadata.name);
  const { name } = object.metadata;
  if (cluster.store.get(type, info.namespace, name) !== undefined) throw alreadyExists(type, name);
  const metadata: ObjectMeta = {
    ...object.metadata,
    creationTimestamp: `${cluster.now().toISOString().slice(0, 19)}Z`,
    ...('spec' in object ? { generation: 1 } : {}),
  };
  return present(call, store(call, { ...object, metadata }), 201);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** What an update may not change, and what it bumps. `subresource` "status" writes the status alone. */
function merge(call: ResourceCall, before: KubeObject, wanted: KubeObject): KubeObject {
  const onlyStatus = call.info.subresource === 'status';
  const content = onlyStatus ? { ...before, status: wanted['status'] } : wanted;
  const { uid, creationTimestamp, generation = 1 } = before.metadata;
  const changed = !onlyStatus && 'spec' in wanted && !same(before['spec'], wanted['spec']);
  const metadata: ObjectMeta = {
    ...(onlyStatus ? before.metadata : wanted.metadata),
    ...(uid === undefined ? {} : { uid }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...('spec' in before ? { generation: changed ? generation + 1 : generation } : {}),
  };
  return { ...content, metadata };
}

function withoutRevision(object: KubeObject): KubeObject {
  const { resourceVersion: _version, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** @throws ApiError 409 when the caller's resourceVersion is not the present one. */
function saveUpdate(call: ResourceCall, before: KubeObject, wanted: KubeObject): KubeObject {
  const { resourceVersion } = wanted.metadata;
  const stale = resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion;
  if (stale) throw conflict(call.type, before.metadata.name);
  const merged = merge(call, before, wanted);
  // A write that changes nothing gets no new revision, as on a real server.
  if (same(withoutRevision(merged), withoutRevision(before))) return before;
  return store(call, merged);
}

export function updateObject(input: WriteInput): Answer {
  const { call } = input;
  const { cluster, type, info } = call;
  const parsed = parseBody(input);
  if (!isKubeObject(parsed)) throw badRequest('metadata.name: Required value');
  const before = cluster.store.get(type, info.namespace, info.name);
  if (before === undefined) throw notFound(type, info.name);
  return present(call, saveUpdate(call, before, toObject(call, parsed)), 200);
}

const PATCHERS: Readonly<Record<string, (before: KubeObject, patch: unknown) => unknown>> = {
  'application/merge-patch+json': mergePatch,
  'application/strategic-merge-patch+json': strategicMergePatch,
  'application/json-patch+json': (before, patch) => {
    const copy: unknown = structuredClone(before);
    if (!Array.isArray(patch))
      throw badRequest('json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp');
    jsonPatch(copy, patch);
    return copy;
  },
  // Server-side apply without ownership of fields: what is applied is merged, nothing conflicts.
  'application/apply-patch+yaml': strategicMergePatch,
};

const APPLY = 'application/apply-patch+yaml';

function applyPatch(input: WriteInput, before: KubeObject, media: string): KubeObject {
  const patcher = PATCHERS[media];
  const custom = input.call.type.custom && media === 'application/strategic-merge-patch+json';
  if (patcher === undefined || custom) throw unsupportedMediaType();
  const text = input.body.toString('utf8');
  try {
    const patched = patcher(before, media === APPLY ? parseYaml(text) : JSON.parse(text));
    return toObject(input.call, patched);
  } catch (thrown: unknown) {
    if (thrown instanceof PatchError) {
      const rest = { details: {} };
      throw new ApiError(
        422,
        'Invalid',
        `the server rejected our request due to an error in our request: ${thrown.message}`,
        rest,
      );
    }
    if (thrown instanceof SyntaxError) throw badRequest(`error decoding patch: ${thrown.message}`);
    throw thrown;
  }
}

export function patchObject(input: WriteInput): Answer {
  const { call, contentType } = input;
  const { cluster, type, info } = call;
  const [media = ''] = contentType.split(';');
  if (PATCHERS[media] === undefined) throw unsupportedMediaType();
  const before = cluster.store.get(type, info.namespace, info.name);
  if (before === undefined) {
    if (media !== APPLY) throw notFound(type, info.name);
    return createObject({ ...input, contentType: 'application/yaml' });
  }
  return present(call, saveUpdate(call, before, applyPatch(input, before, media)), 200);
}

function checkPreconditions(call: ResourceCall, object: KubeObject, options: unknown): void {
  const wanted = recordAt(options, 'preconditions');
  const { uid = '', resourceVersion = '', name } = object.metadata;
  const refuse = (field: string, asked: unknown, found: string): ApiError => {
    const why = `the ${field} in the precondition (${String(asked)}) does not match the ${field} in record (${found})`;
    const message = `Operation cannot be fulfilled on ${call.type.kind} "${name}": ${why}. The object might have been deleted and then recreated`;
    return new ApiError(409, 'Conflict', message, { details: { name, kind: call.type.kind } });
  };
  if (wanted['uid'] !== undefined && wanted['uid'] !== uid) throw refuse('UID', wanted['uid'], uid);
  const revision = wanted['resourceVersion'];
  if (revision !== undefined && revision !== resourceVersion)
    throw refuse('ResourceVersion', revision, resourceVersion);
}

function deleted(call: ResourceCall, object: KubeObject): Answer {
  const { type } = call;
  const { name, uid = '' } = object.metadata;
  const details = { name, ...(type.group === '' ? {} : { group: type.group }), kind: type.resource, uid };
  const body: Json = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
  return json(body);
}

/** Pods end when the kubelet has stopped them, not at once: the first delete only sets deletionTimestamp. */
const POD_STOP_MS = 200;

function deletePod(call: ResourceCall, pod: KubeObject, graceSeconds: number): Answer {
  const { cluster, type } = call;
  const { namespace = '', name, deletionTimestamp } = pod.metadata;
  if (deletionTimestamp !== undefined) return present(call, pod, 200);
  const at = new Date(cluster.now().getTime() + graceSeconds * 1_000);
  const metadata: ObjectMeta = {
    ...pod.metadata,
    deletionTimestamp: `${at.toISOString().slice(0, 19)}Z`,
    deletionGracePeriodSeconds: graceSeconds,
  };
  const marked = cluster.store.put(type, { ...pod, metadata });
  const stop = (): void => void cluster.store.remove(type, namespace, name);
  if (graceSeconds === 0) stop();
  else setTimeout(stop, Math.min(POD_STOP_MS, graceSeconds * 1_000)).unref();
  return present(call, marked, 200);
}

function graceOf(pod: KubeObject, call: ResourceCall, options: unknown): number {
  const asked = call.info.query.get('gracePeriodSeconds') ?? recordAt(options)['gracePeriodSeconds'];
  const own = recordAt(pod, 'spec')['terminationGracePeriodSeconds'];
  return Number(asked ?? own ?? 30);
}

export function deleteObject(input: WriteInput): Answer {
  const { call, body } = input;
  const { cluster, type, info } = call;
  const object = cluster.store.get(type, info.namespace, info.name);
  if (object === undefined) throw notFound(type, info.name);
  const options = body.length === 0 ? {} : parseBody(input);
  checkPreconditions(call, object, options);
  if (isDryRun(call)) return deleted(call, object);
  if (type.storage === '/pods') return deletePod(call, object, graceOf(object, call, options));
  cluster.store.remove(type, info.namespace, info.name);
  return deleted(call, object);
}

export function deleteCollection({ call }: WriteInput): Answer {
  const { cluster, type, info } = call;
  const { items } = listObjects(cluster.store, type, {
    namespace: info.namespace,
    query: info.query,
    tokensExpired: false,
  });
  for (const { metadata } of items) cluster.store.remove(type, metadata.namespace ?? '', metadata.name);
  return json({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' });
}
