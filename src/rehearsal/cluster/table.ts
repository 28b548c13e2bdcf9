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

function tableRow(type: ResourceType, object: KubeObject, now: Date): Json {
  return {
    cells: columnsOf(type).map(({ cell }) => cell(object, now)),
    object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
  };
}

/** `withColumns` is false for all but the first event of a watch. */
export function tableOf(type: ResourceType, page: ListPage, now: Date, withColumns = true): Json {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: page.metadata,
    columnDefinitions: withColumns ? columnDefinitions(type) : null,
    rows: page.items.map((item) => tableRow(type, item, now)),
  };
}
