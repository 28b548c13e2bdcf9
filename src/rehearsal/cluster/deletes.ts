/** DELETE, with grace for pods and preconditions for all. */
import { ApiError, notFound } from './api-error.ts';
import type { ResourceCall } from './cluster-state.ts';
import { type Answer, type Json, json } from './http-answer.ts';
import { type KubeObject, type ObjectMeta, recordAt, textAt } from './kube-object.ts';
import { listObjects } from './list.ts';
import { isDryRun, parseBody, present, type WriteInput } from './writes.ts';

export function checkPreconditions(call: ResourceCall, object: KubeObject, options: unknown): void {
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

/** The first delete of a pod only sets deletionTimestamp: its kubelet ends it, or nobody does while that is gone. */
export function deletePod(call: ResourceCall, pod: KubeObject, graceSeconds: number): Answer {
  const { cluster, type } = call;
  const { namespace = '', name, deletionTimestamp } = pod.metadata;
  if (deletionTimestamp !== undefined && graceSeconds > 0) return present(call, pod, 200);
  const at = new Date(cluster.now().getTime() + graceSeconds * 1_000);
  const metadata: ObjectMeta = {
    ...pod.metadata,
    deletionTimestamp: `${at.toISOString().slice(0, 19)}Z`,
    deletionGracePeriodSeconds: graceSeconds,
  };
  const marked = cluster.store.put(type, { ...pod, metadata });
  const unscheduled = textAt(pod, 'spec', 'nodeName') === '';
  if (graceSeconds === 0 || unscheduled) cluster.store.remove(type, namespace, name);
  return present(call, marked, 200);
}

export function graceOf(pod: KubeObject, call: ResourceCall, options: unknown): number {
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
  for (const item of items) {
    if (type.storage === '/pods') deletePod(call, item, graceOf(item, call, {}));
    else cluster.store.remove(type, item.metadata.namespace ?? '', item.metadata.name);
  }
  return json({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' });
}
