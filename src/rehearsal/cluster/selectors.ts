/** Label selectors (equality and set based) and field selectors, with the API server's own error words. */
import { badRequest } from './api-error.ts';
import type { ResourceType } from './resources.ts';
import { type Entry, fieldOf, labelsOf } from './store-entry.ts';

type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;
export type Matcher = (entry: Entry) => boolean;

const TOKEN = /\s*(==|!=|=|!|,|\(|\)|<|>|[^\s=!,()<>]+)\s*/y;
const SYMBOLS: ReadonlySet<string> = new Set(['==', '!=', '=', '!', ',', '(', ')', '<', '>']);

function tokensOf(selector: string): string[] {
  const tokens: string[] = [];
  const scanner = new RegExp(TOKEN);
  while (scanner.lastIndex < selector.length) {
    const found = scanner.exec(selector);
    if (found?.[1] === undefined) break;
    tokens.push(found[1]);
  }
  return tokens;
}

function unexpected(found: string | undefined, expected: string): Error {
  return badRequest(`unable to parse requirement: found '${found ?? ''}', expected: ${expected}`);
}

/** Reads a token list front to back. */
type Cursor = { readonly peek: () => string | undefined; readonly take: () => string | undefined };

function cursorOf(tokens: readonly string[]): Cursor {
  let index = 0;
  return { peek: () => tokens[index], take: () => tokens[index++] };
}

function takeValues(cursor: Cursor): ReadonlySet<string> {
  const open = cursor.take();
  if (open !== '(') throw unexpected(open, "'('");
  const values = new Set<string>();
  for (;;) {
    const token = cursor.take();
    if (token === ')') return values;
    if (token === undefined) throw unexpected('', "',', or ')'");
    if (token === ',') continue;
    if (SYMBOLS.has(token)) throw unexpected(token, "',', ')' or identifier");
    values.add(token);
  }
}

function takeValue(cursor: Cursor): string {
  const next = cursor.peek();
  if (next === undefined || next === ',') return '';
  cursor.take();
  if (SYMBOLS.has(next)) throw unexpected(next, 'identifier');
  return next;
}

function has(labels: Labels, key: string): boolean {
  return Object.hasOwn(labels, key);
}

function compare(key: string, operator: string, cursor: Cursor): Requirement {
  if (operator === 'in') {
    const values = takeValues(cursor);
    return (labels) => has(labels, key) && values.has(labels[key] ?? '');
  }
  if (operator === 'notin') {
    const values = takeValues(cursor);
    return (labels) => !has(labels, key) || !values.has(labels[key] ?? '');
  }
  const value = takeValue(cursor);
  if (operator === '!=') return (labels) => labels[key] !== value;
  if (operator === '=' || operator === '==') return (labels) => labels[key] === value;
  const wanted = BigInt(/^-?\d+$/.test(value) ? value : '0');
  const numeric = (labels: Labels): bigint | undefined =>
    /^-?\d+$/.test(labels[key] ?? '') ? BigInt(labels[key] ?? '') : undefined;
  return (labels) => {
    const found = numeric(labels);
    return found !== undefined && (operator === '<' ? found < wanted : found > wanted);
  };
}

const OPERATORS: ReadonlySet<string> = new Set(['=', '==', '!=', 'in', 'notin', '<', '>']);

function takeRequirement(cursor: Cursor): Requirement {
  const first = cursor.take();
  if (first === '!') {
    const key = cursor.take();
    if (key === undefined || SYMBOLS.has(key)) throw unexpected(key, 'identifier');
    return (labels) => !has(labels, key);
  }
  if (first === undefined || SYMBOLS.has(first)) throw unexpected(first, "!, identifier, or 'end of string'");
  const next = cursor.peek();
  if (next === undefined || next === ',') return (labels) => has(labels, first);
  cursor.take();
  if (!OPERATORS.has(next)) throw unexpected(next, 'in, notin, =, ==, !=, gt, lt');
  return compare(first, next, cursor);
}

/** @throws ApiError 400, worded as the API server does. */
export function parseLabelSelector(selector: string): (labels: Labels) => boolean {
  const cursor = cursorOf(tokensOf(selector));
  const requirements: Requirement[] = [];
  while (cursor.peek() !== undefined) {
    requirements.push(takeRequirement(cursor));
    const separator = cursor.take();
    if (separator !== undefined && separator !== ',') throw unexpected(separator, "',' or 'end of string'");
  }
  return (labels) => requirements.every((requirement) => requirement(labels));
}

const COMMON_FIELDS = ['metadata.name', 'metadata.namespace'];

/** Which field labels each resource supports: others are a 400. Custom resources have the common two only. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  '/pods': [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  '/nodes': ['spec.unschedulable'],
  '/namespaces': ['status.phase'],
  '/secrets': ['type'],
  '/services': ['spec.clusterIP', 'spec.type'],
  'apps/replicasets': ['status.replicas'],
  'batch/jobs': ['status.successful'],
  '/events': [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
};

function supports(type: ResourceType, field: string): boolean {
  return COMMON_FIELDS.includes(field) || (FIELDS[type.storage]?.includes(field) ?? false);
}

function fieldValue(entry: Entry, field: string): string {
  if (field === 'source') return fieldOf(entry, 'source.component');
  // An absent boolean is selected as false.
  if (field === 'spec.hostNetwork' || field === 'spec.unschedulable')
    return fieldOf(entry, field) === 'true' ? 'true' : 'false';
  return fieldOf(entry, field);
}

/** @throws ApiError 400 for a field the resource does not index, or for anything but = == and !=. */
function parseFieldSelector(type: ResourceType, selector: string): Matcher {
  const terms = selector.split(',').filter((term) => term !== '');
  const requirements = terms.map((term): Matcher => {
    const found = /^([^=!]+)(==|!=|=)(.*)$/.exec(term);
    if (found === null) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
    const [, field = '', operator = '', value = ''] = found;
    if (!supports(type, field)) throw badRequest(`field label not supported: ${field}`);
    return (entry) => (fieldValue(entry, field) === value) === (operator !== '!=');
  });
  return (entry) => requirements.every((requirement) => requirement(entry));
}

/** Both selectors of a request as one predicate. */
export function matcherOf(type: ResourceType, query: URLSearchParams): Matcher {
  const labelSelector = query.get('labelSelector') ?? '';
  const fieldSelector = query.get('fieldSelector') ?? '';
  const byLabel = labelSelector === '' ? undefined : parseLabelSelector(labelSelector);
  const byField = fieldSelector === '' ? undefined : parseFieldSelector(type, fieldSelector);
  return (entry) => (byLabel === undefined || byLabel(labelsOf(entry))) && (byField === undefined || byField(entry));
}
