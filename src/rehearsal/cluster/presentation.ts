/** Objects and lists in the representation a client asked for. */

import type { ResourceCall } from './cluster-state.ts';
import type { Json } from './http-answer.ts';
import type { KubeObject } from './kube-object.ts';
import type { ListPage } from './list.ts';
import type { Representation } from './media.ts';
import type { ResourceType } from './resources.ts';
import { tableOf, type View } from './table.ts';

const META_API = 'meta.k8s.io/v1';

export function viewOf({ cluster, info }: ResourceCall): View {
  return { now: cluster.now(), includeObject: info.query.get('includeObject') ?? 'Metadata' };
}

function withKind(type: ResourceType, object: KubeObject): Json {
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = object;
  return { kind: type.kind, apiVersion: type.apiVersion, ...rest };
}

export function metadataOnly(object: KubeObject): Json {
  return { kind: 'PartialObjectMetadata', apiVersion: META_API, metadata: object.metadata };
}

export function presentOne(type: ResourceType, object: KubeObject, as: Representation, view: View): Json {
  if (as === 'metadata') return metadataOnly(object);
  if (as === 'table') {
    const metadata = { resourceVersion: object.metadata.resourceVersion ?? '' };
    return tableOf(type, { metadata, items: [object] }, view);
  }
  return withKind(type, object);
}

/** Built-in resources leave kind and apiVersion out of list items, custom ones keep them: as recorded. */
function listItem(type: ResourceType, object: KubeObject): Json {
  if (type.custom) return { ...object, apiVersion: type.apiVersion };
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = object;
  return rest;
}

export function presentList(type: ResourceType, page: ListPage, as: Representation, view: View): Json {
  if (as === 'table') return tableOf(type, page, view);
  if (as === 'metadata') {
    const items = page.items.map(metadataOnly);
    return { kind: 'PartialObjectMetadataList', apiVersion: META_API, metadata: page.metadata, items };
  }
  const items = page.items.map((item) => listItem(type, item));
  return { kind: `${type.kind}List`, apiVersion: type.apiVersion, metadata: page.metadata, items };
}
