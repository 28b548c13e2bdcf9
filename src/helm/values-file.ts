import { OpsError } from '../core/errors.ts';
import type { HelmValues } from '../core/ports/change-ports.ts';

/** Names as the charts have them; escapes for dots in names are not needed and not taken. */
const PATH = /^[A-Za-z][\w-]*(?:\.[A-Za-z][\w-]*)*$/;

type Values = Readonly<Record<string, unknown>>;

/**
 * The user's values with `set` put in; a null takes a value away, and with it what gets empty by that. Upgrades hand
 * helm the whole of them (`--reset-values`): with `--reset-then-reuse-values` helm 4.1 writes the nulls into the record
 * of the revision before, where a later rollback would find them.
 * @throws OpsError Bug for paths that are none, or lead through a value
 */
export function valuesWith(config: Values, set: HelmValues): Values {
  return Object.entries(set).reduce<Values>((values, [path, value]) => {
    if (!PATH.test(path)) throw new OpsError('Bug', `${JSON.stringify(path)} is not the path of a Helm value`);
    return value === null ? without(values, path.split('.')) : put(values, path.split('.'), value);
  }, config);
}

function put(values: Values, [name = '', ...rest]: readonly string[], value: unknown): Values {
  if (rest.length === 0) return { ...values, [name]: value };
  const below = own(values, name) ?? {};
  if (!isMap(below)) throw new OpsError('Bug', `${name} is a Helm value and has others below`);
  return { ...values, [name]: put(below, rest, value) };
}

function without(values: Values, [name = '', ...rest]: readonly string[]): Values {
  const { [name]: _, ...others } = values;
  if (rest.length === 0) return others;
  const below = own(values, name);
  if (!isMap(below)) return values;
  const left = without(below, rest);
  return Object.keys(left).length === 0 ? others : { ...values, [name]: left };
}

function own(values: Values, name: string): unknown {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Paths at which two sets of user values differ, apart from those that were to be set. Upgrading must not change what
 * nobody asked for: losing `ipam.mode` or `k8sServiceHost` is an outage.
 */
export function changedBesides(before: Values, after: Values, set: HelmValues): readonly string[] {
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
