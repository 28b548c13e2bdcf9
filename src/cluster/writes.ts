import { z } from 'zod';
import type { ClusterWritePort } from '../core/ports/change-ports.ts';
import type { ObjectRef } from '../core/ports/ports.ts';
import type { Resource } from '../core/resources.ts';
import { askedFor, type From } from './asked.ts';
import { createEvict } from './evict.ts';
import { isGone } from './gone.ts';
import type { Api, ApiCall } from './http.ts';
import { dropManagedFields } from './list.ts';
import { pathOf } from './resource-path.ts';

const AnyObject = z.looseObject({});
const Named = z.object({ metadata: z.object({ name: z.string(), namespace: z.string().optional() }) });
/** `generateName` needs no name. */
const Placed = z.object({ metadata: z.object({ name: z.string().optional(), namespace: z.string().optional() }) });

type Deps = { readonly api: Api; readonly from: From };

/**
 * Writes, unguarded: see `guardWrites`. A write is sent once; it is sent again only when the server said that it did
 * nothing with it (429, 401). After anything else the caller reads what is there and decides.
 */
export function createWrites({ api, from }: Deps): ClusterWritePort {
  const send = async (call: ApiCall, signal: AbortSignal): Promise<unknown> => {
    const answer = await api.json(call, AnyObject, signal);
    dropManagedFields(answer);
    return answer;
  };
  return {
    create: (resource, object, signal) => {
      const place = placeOf(Placed.parse(object).metadata, ['namespace']);
      const asked = askedFor(from, 'create', resource, placeOf(Placed.parse(object).metadata, ['namespace', 'name']));
      return send({ method: 'POST', path: pathOf(resource, place), body: object, asked }, signal);
    },
    replace: (resource, object, signal) => {
      const place = placeOf(Named.parse(object).metadata, ['namespace', 'name']);
      const asked = askedFor(from, 'update', resource, place);
      return send({ method: 'PUT', path: pathOf(resource, place), body: object, asked }, signal);
    },
    mergePatch: (resource, ref, patch, signal) => {
      const asked = askedFor(from, 'patch', resource, ref);
      const contentType = 'application/merge-patch+json';
      return send({ method: 'PATCH', path: pathOf(resource, ref), body: patch, contentType, asked }, signal);
    },
    remove: (resource, ref, options, signal) => remove({ api, from }, { resource, ref, options }, signal),
    evict: createEvict({ api, from }),
  };
}

type Removal = {
  readonly resource: Resource;
  readonly ref: ObjectRef;
  readonly options: { readonly uid?: string; readonly graceSeconds?: number };
};

async function remove({ api, from }: Deps, { resource, ref, options }: Removal, signal: AbortSignal): Promise<void> {
  const { uid, graceSeconds } = options;
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: 'Background',
    ...(uid === undefined ? {} : { preconditions: { uid } }),
    ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
  };
  try {
    const asked = askedFor(from, 'delete', resource, ref);
    await api.json({ method: 'DELETE', path: pathOf(resource, ref), body, asked }, AnyObject, signal);
  } catch (thrown: unknown) {
    if (!isGone(thrown)) throw thrown;
  }
}

type Place = { readonly name?: string | undefined; readonly namespace?: string | undefined };

function placeOf(metadata: Place, names: readonly (keyof Place)[]): { name?: string; namespace?: string } {
  return Object.fromEntries(
    names.flatMap((name) => (metadata[name] === undefined ? [] : [[name, metadata[name]] as const])),
  );
}
