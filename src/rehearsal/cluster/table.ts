/** The server-side tables that `kubectl get` prints. */
import type { Json } from './http-answer.ts';
import type { KubeObject } from './kube-object.ts';
import type { ListPage } from './list.ts';
import type { ResourceType } from './resources.ts';
import { columnsOf } from './table-columns.ts';

function columnDefinitions(type: ResourceType): Json[] {
  return columnsOf(type).map(({ name, type: columnType = 'string', wide = false }) => ({
    name,
    type: columnType,
    format: name === 'Name' ? 'name' : '',
    description: '',
    priority: wide ? 1 : 0,
  }));
}

/** How to draw: ages count from `now`; `includeObject` is the query parameter, Metadata unless given. */
export type View = { readonly now: Date; readonly includeObject: string };

/** kubectl asks for whole objects when it sorts or watches by fields that are not in the metadata. */
function rowObject(type: ResourceType, object: KubeObject, includeObject: string): Json | null {
  if (includeObject === 'None') return null;
  if (includeObject === 'Object') return { ...object, kind: type.kind, apiVersion: type.apiVersion };
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

/** `withColumns` is false for all but the first event of a watch. */
export function tableOf(type: ResourceType, page: ListPage, view: View, withColumns = true): Json {
  const columns = columnsOf(type);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: page.metadata,
    columnDefinitions: withColumns ? columnDefinitions(type) : null,
    rows: page.items.map((item) => ({
      cells: columns.map(({ cell }) => cell(item, view.now)),
      object: rowObject(type, item, view.includeObject),
    })),
  };
}
