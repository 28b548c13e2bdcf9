/**
 * What the cluster holds at start: a real cluster's objects (Kubernetes 1.36, Cilium 1.19 in its default VXLAN tunnel
 * mode, three nodes, pods that started before Cilium in `legacy`), with times moved to look as if recorded just now.
 */
import { readFileSync } from 'node:fs';
import type { Certificate } from './certificate.ts';
import type { KubeObject } from './kube-object.ts';
import { mapRelease } from './release-secret.ts';
import type { ResourceTable, ResourceType } from './resources.ts';
import type { Store } from './store.ts';

const RECORDED_AT_MS = Date.parse('2026-11-22T23:09:37Z');
const TIMESTAMP = /"(2026-11-22T\d\d:\d\d:\d\d)(\.\d+)?Z"/g;

/** Ages beyond this are stretched: the recorded cluster was minutes old, one in use is days old. */
const RECENT_MS = 300_000;
const STRETCH = 1_440;

type TimeShift = (recordedMs: number) => number;

function plainShift(nowMs: number): TimeShift {
  return (recordedMs) => nowMs - (RECORDED_AT_MS - recordedMs);
}

/** Keeps order and the last five minutes; one older second becomes 24 minutes (agents ~1 day, nodes ~10 days). */
function stretchedShift(nowMs: number): TimeShift {
  return (recordedMs) => {
    const ageMs = RECORDED_AT_MS - recordedMs;
    return nowMs - (ageMs <= RECENT_MS ? ageMs : RECENT_MS + (ageMs - RECENT_MS) * STRETCH);
  };
}

function shiftTimes(json: string, shift: TimeShift): string {
  return json.replace(TIMESTAMP, (_all, seconds: string, fraction: string | undefined) => {
    const shifted = new Date(shift(Date.parse(`${seconds}Z`))).toISOString().slice(0, 19);
    return `"${shifted}${fraction ?? ''}Z"`;
  });
}

export function readSeed(name: string): string {
  return readFileSync(new URL(`./seed/${name}.json`, import.meta.url), 'utf8');
}

function typeOf(table: ResourceTable, object: KubeObject): ResourceType {
  const type = table.byKind(object.apiVersion, object.kind);
  if (type === undefined)
    throw new Error(`the seed holds a ${object.apiVersion} ${object.kind}, which no resource serves`);
  return type;
}

/** Groups by resource, so that each bucket is sorted once. */
export function loadObjects(store: Store, table: ResourceTable, objects: readonly KubeObject[]): void {
  const byType = new Map<ResourceType, KubeObject[]>();
  for (const object of objects) {
    const type = typeOf(table, object);
    const group = byType.get(type) ?? [];
    group.push(object);
    byType.set(type, group);
  }
  for (const [type, group] of byType) store.load(type, group);
}

function parseObjects(name: string, shift: TimeShift): KubeObject[] {
  return JSON.parse(shiftTimes(readSeed(name), shift)) as KubeObject[];
}

const NO_KEY = Buffer.from('REDACTED').toString('base64');

/** The release's manifest holds the same Secrets: a rollback to it must not apply the placeholders. */
function releaseWithKeys(object: KubeObject, { cert, key }: Certificate): KubeObject {
  const pem = (name: string): string => Buffer.from(name.endsWith('.key') ? key : cert).toString('base64');
  return mapRelease(object, (release) => ({
    ...release,
    manifest: release.manifest.replace(
      new RegExp(`((?:ca|tls)\\.(?:crt|key)):( +)${NO_KEY}`, 'g'),
      (_all, name: string, space: string) => `${name}:${space}${pem(name)}`,
    ),
  }));
}

/** Private keys were not recorded; Helm reads both Secrets while it renders and wants keys and certificates in them. */
function withKeys(object: KubeObject, { cert, key }: Certificate): KubeObject {
  const [crt64, key64] = [cert, key].map((pem) => Buffer.from(pem).toString('base64'));
  const keys: Readonly<Record<string, unknown>> = {
    'cilium-ca': { 'ca.crt': crt64, 'ca.key': key64 },
    'hubble-server-certs': { 'ca.crt': crt64, 'tls.crt': crt64, 'tls.key': key64 },
  };
  const data = object.kind === 'Secret' ? keys[object.metadata.name] : undefined;
  return data === undefined ? object : { ...object, data };
}

/** `hubble` is the authority and, for want of another, the certificate of Hubble's servers. */
export function seedObjects(nowMs: number, hubble: Certificate): KubeObject[] {
  const stretched = stretchedShift(nowMs);
  return [
    ...parseObjects('objects', stretched).map((object) => withKeys(object, hubble)),
    ...parseObjects('helm-release', stretched).map((object) => releaseWithKeys(object, hubble)),
    ...parseObjects('access', stretched),
    // The API server keeps events for an hour: these stay minutes old.
    ...parseObjects('events', plainShift(nowMs)),
  ];
}
