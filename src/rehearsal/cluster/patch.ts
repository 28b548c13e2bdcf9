/** The patch types of the API, applied to plain JSON. */
import { isRecord } from './kube-object.ts';

/** RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

export class PatchError extends Error {}

type Operation = { readonly op: string; readonly path: string; readonly from?: string; readonly value?: unknown };

function pointerParts(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function valueAt(document: unknown, pointer: string): unknown {
  let here = document;
  for (const part of pointerParts(pointer)) {
    if (Array.isArray(here)) here = here[Number(part)];
    else if (isRecord(here)) here = here[part];
    else here = undefined;
    if (here === undefined) throw new PatchError(`doc is missing path: ${pointer}: missing value`);
  }
  return here;
}

function setIn(parent: unknown, key: string, value: unknown, replace: boolean): void {
  if (Array.isArray(parent)) {
    const index = key === '-' ? parent.length : Number(key);
    parent.splice(index, replace ? 1 : 0, value);
  } else if (isRecord(parent)) {
    parent[key] = value;
  } else {
    throw new PatchError('add operation does not apply: doc is missing path');
  }
}

function removeIn(parent: unknown, key: string): void {
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else if (isRecord(parent)) delete parent[key];
}

type Place = {
  readonly document: unknown;
  readonly parent: unknown;
  readonly key: string;
  readonly operation: Operation;
};

const OPERATIONS: Readonly<Record<string, (place: Place) => void>> = {
  add: ({ parent, key, operation }) => setIn(parent, key, operation.value, false),
  copy: ({ document, parent, key, operation }) => {
    setIn(parent, key, structuredClone(valueAt(document, operation.from ?? '')), false);
  },
  test: ({ document, operation }) => {
    const same = JSON.stringify(valueAt(document, operation.path)) === JSON.stringify(operation.value);
    if (!same) throw new PatchError(`testing value ${operation.path} failed: test failed`);
  },
  replace: ({ document, parent, key, operation }) => {
    valueAt(document, operation.path);
    setIn(parent, key, operation.value, true);
  },
  remove: ({ document, parent, key, operation }) => {
    valueAt(document, operation.path);
    removeIn(parent, key);
  },
};

function applyOperation(document: unknown, operation: Operation): void {
  const apply = OPERATIONS[operation.op];
  if (apply === undefined) throw new PatchError(`unexpected kind: ${operation.op}`);
  const cut = operation.path.lastIndexOf('/');
  const [key = ''] = pointerParts(operation.path.slice(cut));
  apply({ document, parent: valueAt(document, operation.path.slice(0, cut)), key, operation });
}

/** RFC 6902; the document is changed in place, so hand in a copy. @throws PatchError */
export function jsonPatch(document: unknown, operations: readonly unknown[]): void {
  for (const operation of operations) {
    if (!isRecord(operation) || typeof operation['path'] !== 'string') throw new PatchError('operation has no path');
    applyOperation(document, operation as Operation);
  }
}

/** Lists that a strategic merge patch merges by key; all others are replaced. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  volumes: 'name',
  env: 'name',
  volumeMounts: 'mountPath',
  ports: 'containerPort',
  conditions: 'type',
  ownerReferences: 'uid',
  imagePullSecrets: 'name',
  secrets: 'name',
  addresses: 'type',
  taints: 'key',
  hostAliases: 'ip',
};

function mergeList(target: readonly unknown[], patch: readonly unknown[], key: string): unknown[] {
  const result = [...target];
  for (const item of patch) {
    if (!isRecord(item)) continue;
    const index = result.findIndex((candidate) => isRecord(candidate) && candidate[key] === item[key]);
    if (item['$patch'] === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (index >= 0) {
      result[index] = strategicMergePatch(result[index], item);
    } else {
      result.push(item);
    }
  }
  return result;
}

function mergeKeyOf(field: string, target: readonly unknown[]): string | undefined {
  // A Service's ports merge by port, a container's by containerPort.
  const servicePorts =
    field === 'ports' && target.some((item) => isRecord(item) && item['containerPort'] === undefined);
  return servicePorts ? 'port' : MERGE_KEYS[field];
}

function mergeField(field: string, before: unknown, value: unknown): unknown {
  if (!Array.isArray(value)) return strategicMergePatch(before, value);
  const existing: readonly unknown[] = Array.isArray(before) ? before : [];
  const key = mergeKeyOf(field, [...existing, ...value]);
  return key === undefined ? value : mergeList(existing, value, key);
}

/** Strategic merge for the built-in types, `$patch: delete|replace` understood; order directives are ignored. */
export function strategicMergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const { $patch: directive, $retainKeys: _retain, ...fields } = patch;
  if (directive === 'replace') return fields;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(fields)) {
    if (field.startsWith('$')) continue;
    if (value === null) delete result[field];
    else result[field] = mergeField(field, result[field], value);
  }
  return result;
}
