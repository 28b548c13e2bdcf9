/** Field numbers of the messages that kubectl and helm send in protobuf, from k8s.io/api's generated.proto files. */

export type Field =
  | { readonly name: string; readonly type: 'text' | 'bytes' | 'number' | 'flag' | 'time' | 'texts' }
  | { readonly name: string; readonly type: 'message' | 'messages'; readonly schema: Schema }
  /** Maps from text to text or bytes; bytes become base64, as in JSON. */
  | { readonly name: string; readonly type: 'map'; readonly values: 'text' | 'bytes' };

export type Schema = Readonly<Record<number, Field>>;

function text(name: string): Field {
  return { name, type: 'text' };
}

function number(name: string): Field {
  return { name, type: 'number' };
}

function message(name: string, schema: Schema): Field {
  return { name, type: 'message', schema };
}

function map(name: string, values: 'text' | 'bytes'): Field {
  return { name, type: 'map', values };
}

const RESOURCE_ATTRIBUTES: Schema = {
  1: text('namespace'),
  2: text('verb'),
  3: text('group'),
  4: text('version'),
  5: text('resource'),
  6: text('subresource'),
  7: text('name'),
};

const ACCESS_SPEC: Schema = {
  1: message('resourceAttributes', RESOURCE_ATTRIBUTES),
  2: message('nonResourceAttributes', { 1: text('path'), 2: text('verb') }),
};

const OWNER: Schema = {
  1: text('kind'),
  3: text('name'),
  4: text('uid'),
  5: text('apiVersion'),
  6: { name: 'controller', type: 'flag' },
  7: { name: 'blockOwnerDeletion', type: 'flag' },
};

const METADATA: Schema = {
  1: text('name'),
  2: text('generateName'),
  3: text('namespace'),
  5: text('uid'),
  6: text('resourceVersion'),
  7: number('generation'),
  8: { name: 'creationTimestamp', type: 'time' },
  11: map('labels', 'text'),
  12: map('annotations', 'text'),
  13: { name: 'ownerReferences', type: 'messages', schema: OWNER },
  14: { name: 'finalizers', type: 'texts' },
};

const DELETE_OPTIONS: Schema = {
  1: number('gracePeriodSeconds'),
  2: message('preconditions', { 1: text('uid'), 2: text('resourceVersion') }),
  4: text('propagationPolicy'),
  5: { name: 'dryRun', type: 'texts' },
};

const LEASE_SPEC: Schema = {
  1: text('holderIdentity'),
  2: number('leaseDurationSeconds'),
  3: { name: 'acquireTime', type: 'time' },
  4: { name: 'renewTime', type: 'time' },
  5: number('leaseTransitions'),
};

const metadata = message('metadata', METADATA);

export const SCHEMAS: Readonly<Record<string, Schema>> = {
  SelfSubjectAccessReview: { 2: message('spec', ACCESS_SPEC) },
  SelfSubjectRulesReview: { 2: message('spec', { 1: text('namespace') }) },
  SelfSubjectReview: {},
  DeleteOptions: DELETE_OPTIONS,
  Eviction: { 1: metadata, 2: message('deleteOptions', DELETE_OPTIONS) },
  Secret: {
    1: metadata,
    2: map('data', 'bytes'),
    3: text('type'),
    4: map('stringData', 'text'),
    5: { name: 'immutable', type: 'flag' },
  },
  ConfigMap: {
    1: metadata,
    2: map('data', 'text'),
    3: map('binaryData', 'bytes'),
    4: { name: 'immutable', type: 'flag' },
  },
  Lease: { 1: metadata, 2: message('spec', LEASE_SPEC) },
  Namespace: { 1: metadata },
  ServiceAccount: { 1: metadata },
};
