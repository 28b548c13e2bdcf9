/** Columns of `kubectl get`, per resource; the names are the real server's. */
import { ageOf, NONE, orNone } from './cells.ts';
import { type KubeObject, numberAt, textAt } from './kube-object.ts';
import type { ResourceType } from './resources.ts';

export type Cell = string | number | boolean;

export type Column = {
  readonly name: string;
  readonly type?: 'string' | 'integer' | 'date';
  /** Shown by `-o wide` only. */
  readonly wide?: boolean;
  readonly cell: (object: KubeObject, now: Date) => Cell;
};

const NAME: Column = { name: 'Name', cell: (object) => object.metadata.name };
const AGE: Column = { name: 'Age', cell: (object, now) => ageOf(object.metadata.creationTimestamp, now) };

function textColumn(name: string, ...path: readonly string[]): Column {
  return { name, cell: (object) => orNone(textAt(object, ...path)) };
}

function numberColumn(name: string, ...path: readonly string[]): Column {
  return { name, type: 'integer', cell: (object) => numberAt(object, ...path) };
}

const TABLES: Readonly<Record<string, readonly Column[]>> = {};

export function columnsOf(type: ResourceType): readonly Column[] {
  return TABLES[type.storage] ?? [NAME, AGE];
}

export { NONE, numberColumn, textColumn };
