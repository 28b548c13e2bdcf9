import { readFileSync } from 'node:fs';
import { isMap, isSeq, parseAllDocuments } from 'yaml';
import { z } from 'zod';

/** One request as the authorizer of the rehearsal cluster remembers it. */
export type Asked = {
  readonly user: string;
  readonly verb: string;
  readonly allowed: boolean;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** Of a request that is about no resource: discovery, /version. */
  readonly path?: string;
};

const KubeObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
export type KubeObject = z.infer<typeof KubeObject>;

/** One verb on one resource, and on one name where the rule has names. `namespace` is empty for cluster-wide rights. */
export type Right = {
  readonly namespace: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string | undefined;
  readonly verb: string;
};

export type NamedRule = {
  /** `rbac-read.yaml: Role kube-system/cilium-chatops-read, rule 3` */
  readonly where: string;
  /** Before the colon of the comment above it. */
  readonly jobs: readonly string[];
  readonly rights: readonly Right[];
};

export type RightsFile = { readonly objects: readonly KubeObject[]; readonly rules: readonly NamedRule[] };

const Rule = z.strictObject({
  apiGroups: z.array(z.string()).min(1),
  resources: z.array(z.string()).min(1),
  resourceNames: z.array(z.string()).min(1).optional(),
  verbs: z.array(z.string()).min(1),
});
const Role = z.looseObject({ rules: z.array(Rule) });

/** @throws where a rule has no comment that names its jobs */
export function readRights(file: string): RightsFile {
  const documents = parseAllDocuments(readFileSync(`deploy/kubernetes/base/${file}`, 'utf8'));
  const objects: KubeObject[] = [];
  const rules: NamedRule[] = [];
  for (const document of documents) {
    const object = KubeObject.parse(document.toJS());
    objects.push(object);
    if (!object.kind.endsWith('Role')) continue;
    const { name, namespace = '' } = object.metadata;
    const comments = commentsOf(document.contents);
    for (const [index, rule] of Role.parse(object).rules.entries()) {
      const where = `${file}: ${object.kind} ${namespace === '' ? '' : `${namespace}/`}${name}, rule ${index + 1}`;
      rules.push({ where, jobs: jobsIn(comments[index], where), rights: rightsOf(rule, namespace) });
    }
  }
  return { objects, rules };
}

/** A comment above the first item belongs to the list. */
function commentsOf(contents: unknown): readonly (string | undefined)[] {
  const rules = isMap(contents) ? contents.get('rules', true) : undefined;
  if (!isSeq(rules)) return [];
  return rules.items.map((item, index) => {
    const own = isMap(item) ? item.commentBefore : undefined;
    return own ?? (index === 0 ? rules.commentBefore : undefined) ?? undefined;
  });
}

function jobsIn(comment: string | undefined, where: string): readonly string[] {
  const named = /^ ([a-z-]+(?:, [a-z-]+)*): \S/.exec(comment ?? '')?.[1];
  if (named === undefined) throw new Error(`${where} does not say which jobs need it, and what for`);
  return named.split(', ');
}

function rightsOf(rule: z.infer<typeof Rule>, namespace: string): readonly Right[] {
  const names: readonly (string | undefined)[] = rule.resourceNames ?? [undefined];
  return rule.apiGroups.flatMap((group) =>
    rule.resources.flatMap((resource) =>
      names.flatMap((name) => rule.verbs.map((verb) => ({ namespace, group, resource, name, verb }))),
    ),
  );
}

/** As the RBAC authorizer decides. */
export function covers(right: Right, asked: Asked): boolean {
  const { group = '', resource = '', subresource = '', namespace = '', name = '' } = asked;
  return (
    asked.path === undefined &&
    right.verb === asked.verb &&
    right.group === group &&
    right.resource === (subresource === '' ? resource : `${resource}/${subresource}`) &&
    (right.namespace === '' || right.namespace === namespace) &&
    (right.name === undefined || right.name === name)
  );
}

export function rightText({ verb, group, resource, name, namespace }: Right): string {
  const what = `${verb} ${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : ` "${name}"`}`;
  return namespace === '' ? what : `${what} in ${namespace}`;
}
