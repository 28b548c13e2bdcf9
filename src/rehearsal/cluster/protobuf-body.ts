/**
 * Reads the few protobuf bodies that kubectl sends (`kubectl auth` writes its reviews in protobuf and does not fall back
 * to JSON). Field numbers are those of k8s.io/api's generated.proto files.
 */
import { badRequest } from './api-error.ts';

type Schema = Readonly<Record<number, { readonly name: string; readonly message?: Schema }>>;

const RESOURCE_ATTRIBUTES: Schema = {
  1: { name: 'namespace' },
  2: { name: 'verb' },
  3: { name: 'group' },
  4: { name: 'version' },
  5: { name: 'resource' },
  6: { name: 'subresource' },
  7: { name: 'name' },
};

const PATH_ATTRIBUTES: Schema = { 1: { name: 'path' }, 2: { name: 'verb' } };

const ACCESS_SPEC: Schema = {
  1: { name: 'resourceAttributes', message: RESOURCE_ATTRIBUTES },
  2: { name: 'nonResourceAttributes', message: PATH_ATTRIBUTES },
};

const SCHEMAS: Readonly<Record<string, Schema>> = {
  SelfSubjectAccessReview: { 2: { name: 'spec', message: ACCESS_SPEC } },
  SelfSubjectRulesReview: { 2: { name: 'spec', message: { 1: { name: 'namespace' } } } },
  SelfSubjectReview: {},
};

/** runtime.Unknown, the envelope: type and raw bytes. */
const ENVELOPE_TYPE = 1;
const ENVELOPE_RAW = 2;
const MAGIC = Buffer.from('k8s\0');

type Field = { readonly number: number; readonly bytes: Buffer };

/** @throws ApiError 400 for anything cut short. */
function readVarint(buffer: Buffer, start: number): { readonly value: number; readonly next: number } {
  let value = 0;
  let next = start;
  for (let shift = 0; shift < 49; shift += 7) {
    const byte = buffer[next++];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, next };
  }
  throw badRequest('the protobuf body is cut short');
}

/** Length-delimited fields; numbers and flags are skipped, none of them is needed. */
function* fieldsOf(buffer: Buffer): Iterable<Field> {
  let position = 0;
  while (position < buffer.length) {
    const key = readVarint(buffer, position);
    const value = readVarint(buffer, key.next);
    if ((key.value & 7) === 0) {
      position = value.next;
      continue;
    }
    if ((key.value & 7) !== 2) throw badRequest('the protobuf body has a field of an unexpected type');
    position = value.next + value.value;
    yield { number: key.value >>> 3, bytes: buffer.subarray(value.next, position) };
  }
}

function decode(buffer: Buffer, schema: Schema): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const { number, bytes } of fieldsOf(buffer)) {
    const field = schema[number];
    if (field === undefined) continue;
    result[field.name] = field.message === undefined ? bytes.toString('utf8') : decode(bytes, field.message);
  }
  return result;
}

/** The body as the JSON it stands for, or undefined for kinds we cannot read. @throws ApiError 400 */
export function decodeProtobuf(body: Buffer, kind: string): Record<string, unknown> | undefined {
  const schema = SCHEMAS[kind];
  if (schema === undefined || !body.subarray(0, 4).equals(MAGIC)) return undefined;
  const envelope = new Map([...fieldsOf(body.subarray(4))].map(({ number, bytes }) => [number, bytes]));
  if (!envelope.has(ENVELOPE_TYPE)) return undefined;
  return decode(envelope.get(ENVELOPE_RAW) ?? Buffer.alloc(0), schema);
}
