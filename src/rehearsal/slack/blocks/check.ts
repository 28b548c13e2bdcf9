import { isJson, type Json } from '../json.ts';

/** Where blocks are shown. What is allowed, and how much of it, depends on this. */
export type Surface = 'message' | 'modal' | 'home';

/** A place in the payload that is being checked. */
export type At = {
  readonly path: string;
  readonly surface: Surface;
  /** Inside a plan, a container … a block obeys other rules than at the top. */
  readonly inside: string;
  readonly report: (problem: string) => void;
};

/** Looks at one value and reports what Slack would refuse. */
export type Check = (value: unknown, at: At) => void;

function problem(at: At, text: string): void {
  at.report(`${text} [json-pointer:${at.path}]`);
}

export function step(at: At, key: string | number): At {
  return { ...at, path: `${at.path}/${key}` };
}

export function within(at: At, inside: string): At {
  return { ...at, inside };
}

/** A string of `min` to `max` characters. */
export function text(max: number, min = 1): Check {
  return (value, at) => {
    if (typeof value !== 'string') problem(at, 'must provide a string');
    else if (value.length < min) problem(at, `must be more than ${min - 1} characters`);
    else if (value.length > max) problem(at, `must be less than ${max + 1} characters`);
  };
}

export function matching(pattern: RegExp, what: string): Check {
  return (value, at) => {
    if (typeof value !== 'string' || !pattern.test(value)) problem(at, `must be ${what}`);
  };
}

export function oneOf(...allowed: readonly (string | number)[]): Check {
  return (value, at) => {
    if (!allowed.some((candidate) => candidate === value)) problem(at, `must be one of ${allowed.join(', ')}`);
  };
}

export const bool: Check = (value, at) => {
  if (typeof value !== 'boolean') problem(at, 'must provide a boolean');
};

export const finite: Check = (value, at) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) problem(at, 'must provide a number');
};

export function integer(min: number, max: number): Check {
  return (value, at) => {
    if (!Number.isInteger(value) || Number(value) < min || Number(value) > max) {
      problem(at, `must be an integer from ${min} to ${max}`);
    }
  };
}

export function list(item: Check, { min = 1, max }: { min?: number; max: number }): Check {
  return (value, at) => {
    if (!Array.isArray(value)) return problem(at, 'must be an array');
    if (value.length < min) problem(at, `no fewer than ${min} items allowed`);
    if (value.length > max) problem(at, `no more than ${max} items allowed`);
    for (const [index, entry] of value.entries()) item(entry, step(at, index));
  };
}

export type Fields = Readonly<Record<string, Check>>;

const isGiven = (value: unknown) => value !== undefined && value !== null;

/** An object with these fields and no others: Slack refuses what it does not know. */
export function shape(required: Fields, optional: Fields = {}): Check {
  const fields = { ...required, ...optional };
  return (value, at) => {
    if (!isJson(value)) return problem(at, 'must be an object');
    const missing = Object.keys(required).filter((name) => !isGiven(value[name]));
    for (const name of missing) problem(at, `missing required field: ${name}`);
    const unknown = Object.keys(value).filter((name) => !Object.hasOwn(fields, name));
    for (const name of unknown) problem(at, `invalid additional property: ${name}`);
    for (const [name, check] of Object.entries(fields)) {
      if (isGiven(value[name])) check(value[name], step(at, name));
    }
  };
}

/** Picks the check by `type`; the table is asked for late because blocks hold blocks. */
export function byType(table: () => Fields): Check {
  return (value, at) => {
    const type = isJson(value) ? value['type'] : undefined;
    if (typeof type !== 'string') return problem(at, 'missing required field: type');
    const check = Object.hasOwn(table(), type) ? table()[type] : undefined;
    if (check) check(value, at);
    else problem(step(at, 'type'), `unsupported type: ${type}`);
  };
}

export function all(...checks: readonly Check[]): Check {
  return (value, at) => {
    for (const check of checks) check(value, at);
  };
}

/** A rule about the object as a whole; answers what is wrong, undefined where nothing is. */
export function rule(judge: (value: Json, at: At) => string | undefined): Check {
  return (value, at) => {
    const verdict = isJson(value) ? judge(value, at) : undefined;
    if (verdict !== undefined) problem(at, verdict);
  };
}

export const anything: Check = () => undefined;
export const typeField: Fields = { type: anything };
