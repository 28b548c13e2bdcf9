/**
 * Reads the few protobuf bodies that kubectl and helm send: their typed clients write protobuf and do not fall back to
 * JSON when it is refused.
 */
import { badRequest } from './api-error.ts';
import { type Field, SCHEMAS, type Schema } from './protobuf-schemas.ts';

const TYPE_META: Schema = { 1: { name: 'apiVersion', type: 'text' }, 2: { name: 'kind', type: 'text' } };

/** runtime.Unknown, the envelope: type and raw bytes. */
const ENVELOPE_TYPE = 1;
const ENVELOPE_RAW = 2;
const MAGIC = Buffer.from('k8s\0');

/** `value` is the number of a varint, else the length of `bytes`. */
type Part = { readonly number: number; readonly value: number; readonly bytes: Buffer };

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

function* partsOf(buffer: Buffer): Iterable<Part> {
  let position = 0;
  while (position < buffer.length) {
    const key = readVarint(buffer, position);
    const { value, next } = readVarint(buffer, key.next);
    const wireType = key.value & 7;
    if (wireType !== 0 && wireType !== 2) throw badRequest('the protobuf body has a field of an unexpected type');
    position = wireType === 0 ? next : next + value;
    yield { number: key.value >>> 3, value, bytes: buffer.subarray(next, position) };
  }
}

/** Timestamp, Time and MicroTime: seconds and nanoseconds since 1970. Empty stands for no time. */
function timeOf(bytes: Buffer): string | undefined {
  const parts = new Map([...partsOf(bytes)].map((part) => [part.number, part.value]));
  const seconds = parts.get(1);
  if (seconds === undefined) return undefined;
  const micros = String(Math.floor((parts.get(2) ?? 0) / 1_000)).padStart(6, '0');
  const whole = new Date(seconds * 1_000).toISOString().slice(0, 19);
  return micros === '000000' ? `${whole}Z` : `${whole}.${micros}Z`;
}

function mapEntry(bytes: Buffer, values: 'text' | 'bytes'): readonly [string, string] {
  const parts = new Map([...partsOf(bytes)].map((part) => [part.number, part.bytes]));
  return [parts.get(1)?.toString('utf8') ?? '', parts.get(2)?.toString(values === 'bytes' ? 'base64' : 'utf8') ?? ''];
}

type Reader = (part: Part, before: unknown, field: Field) => unknown;

const READERS: Readonly<Record<Field['type'], Reader>> = {
  text: ({ bytes }) => bytes.toString('utf8'),
  bytes: ({ bytes }) => bytes.toString('base64'),
  number: ({ value }) => value,
  flag: ({ value }) => value === 1,
  time: ({ bytes }) => timeOf(bytes),
  texts: ({ bytes }, before) => [...((before as readonly string[] | undefined) ?? []), bytes.toString('utf8')],
  message: ({ bytes }, _before, field) => (field.type === 'message' ? decode(bytes, field.schema) : undefined),
  messages: ({ bytes }, before, field) => {
    const items = (before as readonly unknown[] | undefined) ?? [];
    return field.type === 'messages' ? [...items, decode(bytes, field.schema)] : items;
  },
  map: ({ bytes }, before, field) => {
    const entries = (before as Readonly<Record<string, string>> | undefined) ?? {};
    if (field.type !== 'map') return entries;
    const [key, value] = mapEntry(bytes, field.values);
    return { ...entries, [key]: value };
  },
};

/** Go writes empty strings where JSON leaves a field out. */
function isEmpty(value: unknown): boolean {
  return value === '' || value === undefined;
}

function decode(buffer: Buffer, schema: Schema): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const part of partsOf(buffer)) {
    const field = schema[part.number];
    if (field === undefined) continue;
    const value = READERS[field.type](part, result[field.name], field);
    if (!isEmpty(value)) result[field.name] = value;
  }
  return result;
}

/** The body as the JSON it stands for, or undefined for kinds we cannot read. @throws ApiError 400 */
export function decodeProtobuf(body: Buffer): Record<string, unknown> | undefined {
  if (!body.subarray(0, 4).equals(MAGIC)) return undefined;
  const envelope = new Map([...partsOf(body.subarray(4))].map(({ number, bytes }) => [number, bytes]));
  const typeMeta = decode(envelope.get(ENVELOPE_TYPE) ?? Buffer.alloc(0), TYPE_META);
  const schema = SCHEMAS[String(typeMeta['kind'])];
  if (schema === undefined) return undefined;
  return { ...typeMeta, ...decode(envelope.get(ENVELOPE_RAW) ?? Buffer.alloc(0), schema) };
}
