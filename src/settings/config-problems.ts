import { type Document, isMap, isNode, isPair, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';
import { nearest } from '../core/grammar/nearest.ts';
import { ChatopsConfig } from '../core/policy/chatops-config.ts';
import { looksSecret } from '../core/secrets.ts';

/** One thing that is wrong with the file, and where: both count from 1. */
export type Problem = {
  readonly line: number;
  readonly column: number;
  /** `policy.rules[0].approve`; empty for the file as a whole. */
  readonly path: string;
  /** What is wrong, with the wrong value where it is no secret, and what is allowed. */
  readonly message: string;
};

export type Understood =
  | { readonly ok: true; readonly config: ChatopsConfig }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** `chatops.yaml` as text; all of its problems at once, in the order of the file. Reads and throws nothing. */
export function understandConfig(text: string, commands: readonly string[]): Understood {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): Pick<Problem, 'line' | 'column'> => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (document.errors.length > 0)
    return wrong(document.errors.map((error) => ({ ...at(error.pos[0]), path: '', message: error.message })));
  const value = plainValue(document);
  if (!value.ok) return wrong([{ line: 1, column: 1, path: '', message: value.why }]);
  const parsed = ChatopsConfig.safeParse(value.value);
  const findings = parsed.success
    ? unknownCommands(parsed.data, commands)
    : parsed.error.issues.flatMap((issue) => findingsOf(issue, value.value));
  if (parsed.success && findings.length === 0) return { ok: true, config: parsed.data };
  return wrong(
    findings.map(({ path, message, atKey }) => ({
      ...at(offsetOf(document, path, atKey)),
      path: shown(path),
      message,
    })),
  );
}

function wrong(problems: readonly Problem[]): Understood {
  return { ok: false, problems: problems.toSorted((a, b) => a.line - b.line || a.column - b.column) };
}

/** Aliases that refer to each other without end are refused by the library itself. */
function plainValue(
  document: Document.Parsed,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly why: string } {
  try {
    return { ok: true, value: document.toJS() };
  } catch (thrown) {
    return { ok: false, why: thrown instanceof Error ? thrown.message : 'it cannot be read' };
  }
}

type Path = readonly PropertyKey[];
/** `atKey`: the name itself is wrong, and not what stands behind it. */
type Finding = { readonly path: Path; readonly message: string; readonly atKey?: true };

function findingsOf(issue: z.core.$ZodIssue, file: unknown): readonly Finding[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, path), atKey: true }));
  const value = at(file, path);
  if (value === undefined && path.length > 0 && issue.code !== 'custom')
    return [{ path: path.slice(0, -1), message: `"${String(path.at(-1) ?? '')}" is missing` }];
  const meant = issue.code === 'invalid_union' ? meantBranch(issue) : undefined;
  if (meant) return meant.flatMap((inside) => findingsOf({ ...inside, path: [...path, ...inside.path] }, file));
  return [{ path, message: `${allowed(issue, value)}${isValue(issue, value) ? `; it is ${said(value, path)}` : ''}` }];
}

/** Of several forms that a value may have, the one whose shape it has: what is wrong inside of it is what helps. */
function meantBranch({ errors }: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | undefined {
  const isOther = ({ code, path }: z.core.$ZodIssue): boolean =>
    path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
  return errors.find((issues) => !issues.some(isOther));
}

/** A list or a map is not quoted: what is wrong with it is its kind or its length. */
function isValue(issue: z.core.$ZodIssue, value: unknown): boolean {
  return issue.code !== 'custom' && (typeof value !== 'object' || value === null);
}

function allowed(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'invalid_value' && issue.values.length > 1) {
    const values = issue.values.map(String);
    const meant = typeof value === 'string' ? nearest(value, values) : undefined;
    return `must be one of ${values.join(', ')}${meant === undefined ? '' : `, did you mean "${meant}"?`}`;
  }
  return issue.message
    .replace(/^Invalid input: expected /, 'must be ')
    .replace(/, received .*$/, '')
    .replace(/^Too (?:big|small): expected (?:array|string|number) to (be|have) /, 'must $1 ');
}

function said(value: unknown, path: Path): string {
  const text = String(JSON.stringify(value));
  if (looksSecret(String(path.at(-1) ?? ''), text)) return 'not shown here, because it looks like a secret';
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}

function unknownKey(key: string, path: Path): string {
  const known = keysAt(path);
  const meant = nearest(key, known);
  const hint = meant === undefined ? '' : `, did you mean "${meant}"?`;
  return `there is no setting "${key.slice(0, 60)}"${hint} (allowed here: ${known.join(', ')})`;
}

function unknownCommands({ policy }: ChatopsConfig, known: readonly string[]): readonly Finding[] {
  return policy.rules.flatMap((rule, at) =>
    (rule.commands ?? []).flatMap((name, index): Finding[] => {
      if (known.includes(name)) return [];
      const meant = nearest(name, known);
      const hint = meant === undefined ? '' : `, did you mean "${meant}"?`;
      const message = `there is no command "${name.slice(0, 60)}"${hint} (they are ${known.join(', ')})`;
      return [{ path: ['policy', 'rules', at, 'commands', index], message }];
    }),
  );
}

/** Where the reader has to look: the value, the key, or the nearest thing around what is missing. */
function offsetOf(document: Document.Parsed, path: Path, atKey: true | undefined): number {
  if (atKey) {
    const parent = nodeAt(document, path.slice(0, -1));
    const pair = isMap(parent) ? parent.items.find((item) => keyText(item) === path.at(-1)) : undefined;
    if (isNode(pair?.key)) return pair.key.range?.[0] ?? 0;
  }
  for (let length = path.length; length > 0; length -= 1) {
    const node = nodeAt(document, path.slice(0, length));
    if (node !== undefined) return node.range?.[0] ?? 0;
  }
  return nodeAt(document, [])?.range?.[0] ?? 0;
}

function keyText(item: unknown): string | undefined {
  return isPair(item) && isNode(item.key) ? String(item.key.toJSON()) : undefined;
}

function nodeAt(document: Document.Parsed, path: Path): Node | undefined {
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) ? node : undefined;
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inside, key) => (typeof inside === 'object' && inside !== null ? Reflect.get(inside, key) : undefined),
    value,
  );
}

function shown(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** For editors; `deploy/chatops.schema.json` is this. */
export function configSchema(): JsonSchema {
  return z.toJSONSchema(ChatopsConfig, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema }) => {
      // Of our types, and nothing that an editor should hold against whoever writes the file.
      delete jsonSchema.readOnly;
    },
  });
}

/** The settings that may stand at a place, in every alternative that there is. */
function keysAt(path: Path): readonly string[] {
  let schemas: readonly JsonSchema[] = [configSchema()];
  for (const key of path) {
    schemas = schemas.flatMap(alternatives).flatMap((schema) => {
      const next = typeof key === 'number' ? schema.items : schema.properties?.[String(key)];
      return typeof next === 'object' && !Array.isArray(next) ? [next] : [];
    });
  }
  return [...new Set(schemas.flatMap(alternatives).flatMap((schema) => Object.keys(schema.properties ?? {})))];
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  const inside = [...(schema.anyOf ?? []), ...(schema.allOf ?? [])].filter((each) => typeof each === 'object');
  return inside.length === 0 ? [schema] : [schema, ...inside.flatMap(alternatives)];
}
