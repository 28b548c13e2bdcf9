import * as client from '@kubernetes/client-node';

type Attribute = { readonly baseName: string; readonly type: string };
type Model = { readonly getAttributeTypeMap: () => readonly Attribute[] };

/** The models of Kubernetes' own client, by name; generated from its OpenAPI schema. */
const MODELS: ReadonlyMap<string, unknown> = new Map(Object.entries(client));

function modelOf(type: string): Model | undefined {
  const found = MODELS.get(type);
  // Models have no common type; what is asked for is checked.
  return typeof found === 'function' && 'getAttributeTypeMap' in found ? (found as unknown as Model) : undefined;
}

/** Fields that the schema does not know, and values of another type: what `kubectl apply` would say in its warnings. */
export function fieldProblems(object: { readonly kind: string }): readonly string[] {
  const model = `V1${object.kind}`;
  return modelOf(model) === undefined ? [`no schema for ${object.kind}`] : problems(object, model, object.kind);
}

function problems(value: unknown, type: string, path: string): readonly string[] {
  const element = /^Array<(.+)>$/.exec(type)?.[1];
  if (element !== undefined) {
    if (!Array.isArray(value)) return [`${path} is no list`];
    return value.flatMap((each, index) => problems(each, element, `${path}[${index}]`));
  }
  const entry = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1];
  if (entry !== undefined) {
    if (!isObject(value)) return [`${path} is no map`];
    return Object.entries(value).flatMap(([key, each]) => problems(each, entry, `${path}.${key}`));
  }
  const model = modelOf(type);
  if (model === undefined) return primitiveProblems(value, type, path);
  if (!isObject(value)) return [`${path} is no ${type}`];
  const known = new Map(model.getAttributeTypeMap().map((each) => [each.baseName, each.type]));
  return Object.entries(value).flatMap(([key, each]) => {
    const next = known.get(key);
    return next === undefined ? [`${path}.${key} is unknown to ${type}`] : problems(each, next, `${path}.${key}`);
  });
}

function primitiveProblems(value: unknown, type: string, path: string): readonly string[] {
  const allowed: Readonly<Record<string, readonly string[]>> = {
    string: ['string'],
    number: ['number'],
    boolean: ['boolean'],
    IntOrString: ['string', 'number'],
  };
  const types = allowed[type];
  return types === undefined || types.includes(typeof value) ? [] : [`${path} is a ${typeof value}, not a ${type}`];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
