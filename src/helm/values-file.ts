import type { HelmValues } from '../core/change-ports.ts';
import { OpsError } from '../core/errors.ts';

/** Names as the charts have them; escapes for dots in names are not needed and not taken. */
const PATH = /^[A-Za-z][\w-]*(?:\.[A-Za-z][\w-]*)*$/;

type Tree = { [name: string]: Tree | string | number | boolean | null };

/**
 * Dotted paths as the tree of a values file. A null takes a user's value away; where the user has none it is left out,
 * because Helm would keep the null among the user's values.
 * @throws OpsError Bug for paths that are none, or lead through a value
 */
export function valuesTree(set: HelmValues, config: Readonly<Record<string, unknown>>): Tree {
  const tree: Tree = {};
  for (const [path, value] of Object.entries(set)) {
    if (!PATH.test(path)) throw new OpsError('Bug', `${JSON.stringify(path)} is not the path of a Helm value`);
    if (value !== null || valueAt(config, path) !== undefined) put(tree, path.split('.'), value);
  }
  return tree;
}

function put(tree: Tree, [name = '', ...rest]: readonly string[], value: HelmValues[string]): void {
  if (rest.length === 0) {
    tree[name] = value;
    return;
  }
  const next = Object.hasOwn(tree, name) ? tree[name] : {};
  if (typeof next !== 'object' || next === null)
    throw new OpsError('Bug', `${name} is a Helm value and has others below`);
  tree[name] = next;
  put(next, rest, value);
}

export function valueAt(config: unknown, path: string): unknown {
  let at: unknown = config;
  for (const name of path.split('.'))
    at = typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? Reflect.get(at, name) : undefined;
  return at;
}

/**
 * Paths at which two sets of user values differ, apart from those that were to be set. Upgrading must not change what
 * nobody asked for: losing `ipam.mode` or `k8sServiceHost` is an outage.
 */
export function changedBesides(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  set: HelmValues,
): readonly string[] {
  const [old, now] = [leaves(before), leaves(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((path) => old.get(path) !== now.get(path) && !Object.hasOwn(set, path))
    .sort();
}

function leaves(value: unknown, path = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new Map(value === null || value === undefined ? [] : [[path, JSON.stringify(value)]]);
  return new Map(
    Object.entries(value).flatMap(([name, each]) => [...leaves(each, path === '' ? name : `${path}.${name}`)]),
  );
}
