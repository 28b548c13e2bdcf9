/** The pieces that tables of `kubectl get` are made of. */
import { ageOf, orNone } from './cells.ts';
import { type KubeObject, listAt, numberAt, recordAt, textAt } from './kube-object.ts';

export type Cell = string | number | boolean;

export type Column = {
  readonly name: string;
  readonly type?: 'string' | 'integer' | 'date';
  /** Shown by `-o wide` only. */
  readonly wide?: boolean;
  readonly cell: (object: KubeObject, now: Date) => Cell;
};

export const NAME: Column = { name: 'Name', cell: (object) => object.metadata.name };
export const AGE: Column = { name: 'Age', cell: (object, now) => ageOf(object.metadata.creationTimestamp, now) };
export const CREATED_AT: Column = { name: 'Created At', cell: (object) => object.metadata.creationTimestamp ?? '' };

export function textColumn(name: string, ...path: readonly string[]): Column {
  return { name, cell: (object) => orNone(textAt(object, ...path)) };
}

export function countColumn(name: string, ...path: readonly string[]): Column {
  return { name, type: 'integer', cell: (object) => numberAt(object, ...path) };
}

export function column(name: string, cell: (object: KubeObject, now: Date) => Cell): Column {
  return { name, cell };
}

export function wide(found: Column): Column {
  return { ...found, wide: true };
}

/** `3/3`: a status count of a spec count. */
export function ofColumn(name: string, done: readonly string[], wanted: readonly string[]): Column {
  return column(name, (object) => `${numberAt(object, ...done)}/${numberAt(object, ...wanted)}`);
}

export function pairs(record: Readonly<Record<string, unknown>>): string {
  const text = Object.entries(record).map(([key, value]) => `${key}=${String(value)}`);
  return orNone(text.sort().join(','));
}

/** `NotIn` and its kin, as selectors are printed. */
function expression(term: unknown): string {
  const key = textAt(term, 'key');
  const values = `(${listAt(term, 'values').join(',')})`;
  const texts: Readonly<Record<string, string>> = {
    In: `${key} in ${values}`,
    NotIn: `${key} notin ${values}`,
    Exists: key,
    DoesNotExist: `!${key}`,
  };
  return texts[textAt(term, 'operator')] ?? key;
}

export function selectorText(selector: unknown): string {
  const labels = Object.entries(recordAt(selector, 'matchLabels')).map(([key, value]) => `${key}=${String(value)}`);
  return orNone([...labels.sort(), ...listAt(selector, 'matchExpressions').map(expression)].join(','));
}

/** Names, images and selector of a workload's pods. */
export function templateColumns(withSelector = true): readonly Column[] {
  const containers = (field: string) =>
    wide(
      column(field === 'name' ? 'Containers' : 'Images', (object) =>
        listAt(object, 'spec', 'template', 'spec', 'containers')
          .map((container) => textAt(container, field))
          .join(','),
      ),
    );
  const selector = wide(column('Selector', (object) => selectorText(recordAt(object, 'spec', 'selector'))));
  return [containers('name'), containers('image'), ...(withSelector ? [selector] : [])];
}
