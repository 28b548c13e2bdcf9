/** POST, PUT, PATCH and DELETE on the store. */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { parse as parseYaml } from 'yaml';
import { ApiError, alreadyExists, badRequest, conflict, notFound, unsupportedMediaType } from './api-error.ts';
import { checkApply } from './apply-conflicts.ts';
import type { ResourceCall } from './cluster-state.ts';
import { PENDING_STATUS, withPodDefaults } from './controllers/pods.ts';
import { type Answer, json } from './http-answer.ts';
import { isKubeObject, isRecord, type KubeObject, type ObjectMeta, recordAt, textAt } from './kube-object.ts';
import { negotiate } from './media.ts';
import { normalize } from './normalize.ts';
import { jsonPatch, mergePatch, PatchError, strategicMergePatch } from './patch.ts';
import { checkPodSecurity } from './pod-security.ts';
import { presentOne, viewOf } from './presentation.ts';
import { decodeProtobuf } from './protobuf-body.ts';
import { validateName } from './validation.ts';

export type WriteInput = { readonly call: ResourceCall; readonly body: Buffer; readonly contentType: string };

const DRY_RUN = 'All';

export function isDryRun({ info }: ResourceCall): boolean {
  return info.query.getAll('dryRun').includes(DRY_RUN);
}

export function present(call: ResourceCall, object: KubeObject, code: number): Answer {
  return json(presentOne(call.type, object, negotiate(call.accept), viewOf(call)), code);
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

function fromProtobuf(body: Buffer): unknown {
  const decoded = decodeProtobuf(body);
  if (decoded === undefined) throw unsupportedMediaType();
  return decoded;
}

/** JSON, or YAML where the client says so. @throws ApiError 400, 415 */
export function parseBody({ call, body, contentType }: WriteInput): unknown {
  const [media = ''] = contentType.split(';');
  const text = body.toString('utf8');
  if (media === 'application/yaml') return parseYaml(text);
  if (media === PROTOBUF) return fromProtobuf(body);
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
  const decoded = type.custom ? parsed : normalize(parsed);
  const metadata = recordAt(decoded, 'metadata');
  const name = textAt(metadata, 'name') || info.name || generatedName(metadata);
  const namespace = type.namespaced ? { namespace: info.namespace } : {};
  const content = isRecord(decoded) ? decoded : {};
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

/** A pod starts Pending, whatever its sender says of its status. */
function newPod(object: KubeObject): KubeObject {
  return { ...object, spec: withPodDefaults(recordAt(object, 'spec')), status: PENDING_STATUS };
}

export function createObject(input: WriteInput): Answer {
  const { call } = input;
  const { cluster, type, info } = call;
  const parsed = parseBody(input);
  const object = toObject(call, parsed);
  requireNamespace(call);
  validateName(type, object.metadata.name);
  checkPodSecurity(call, object);
  const { name } = object.metadata;
  if (cluster.store.get(type, info.namespace, name) !== undefined) throw alreadyExists(type, name);
  const metadata: ObjectMeta = {
    ...object.metadata,
    creationTimestamp: `${cluster.now().toISOString().slice(0, 19)}Z`,
    ...('spec' in object ? { generation: 1 } : {}),
  };
  const born = type.storage === '/pods' ? newPod(object) : object;
  return present(call, store(call, { ...born, metadata }), 201);
}

/** What an update may not change, and what it bumps. `subresource` "status" writes the status alone. */
function merge(call: ResourceCall, before: KubeObject, wanted: KubeObject): KubeObject {
  const onlyStatus = call.info.subresource === 'status';
  const content = onlyStatus ? { ...before, status: wanted['status'] } : wanted;
  const { uid, creationTimestamp, generation = 1 } = before.metadata;
  const changed = !onlyStatus && 'spec' in wanted && !isDeepStrictEqual(before['spec'], wanted['spec']);
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
  if (isDeepStrictEqual(withoutRevision(merged), withoutRevision(before))) return before;
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
    const patch: unknown = media === APPLY ? parseYaml(text) : JSON.parse(text);
    if (media === APPLY) checkApply(before, patch, input.call.info.query);
    const patched = patcher(before, patch);
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
