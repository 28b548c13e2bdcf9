/** Small moves that faults are made of, each with its way back. */
import type { Agents } from './agent/agents.ts';
import type { KubeObject } from './kube-object.ts';
import type { ResourceTable, ResourceType } from './resources.ts';
import { readEntry, type Store } from './store.ts';
import type { FaultId } from './switches.ts';

export type EffectWorld = {
  readonly store: Store;
  readonly table: ResourceTable;
  readonly agents: Agents;
  readonly now: () => Date;
  readonly setCiliumInstalled: (installed: boolean) => void;
  /** Puts a switch back to `off` by itself. */
  readonly mend: (id: FaultId) => void;
};

export const SYSTEM = 'kube-system';

export function typeOf(world: EffectWorld, apiVersion: string, kind: string): ResourceType {
  const type = world.table.byKind(apiVersion, kind);
  if (type === undefined) throw new Error(`no resource serves ${apiVersion} ${kind}`);
  return type;
}

export type Change = (object: KubeObject) => KubeObject;

/** Changes one object; undoing puts back what was there. Nothing happens where it does not exist. */
export function replace(
  world: EffectWorld,
  type: ResourceType,
  key: { namespace: string; name: string },
  change: Change,
): () => void {
  const before = world.store.get(type, key.namespace, key.name);
  if (before === undefined) return () => undefined;
  world.store.put(type, change(before));
  return () => {
    // What was deleted or replaced by another of its name in the meantime stays so.
    const now = world.store.get(type, key.namespace, key.name);
    if (now?.metadata.uid === before.metadata.uid) world.store.put(type, before);
  };
}

export function removeAll(
  world: EffectWorld,
  type: ResourceType,
  namespace: string,
  matches: (object: KubeObject) => boolean,
): () => void {
  const doomed = [...world.store.scan(type, namespace)].map(readEntry).filter(matches);
  for (const { metadata } of doomed) world.store.remove(type, metadata.namespace ?? '', metadata.name);
  return () => {
    for (const object of doomed) world.store.put(type, object);
  };
}

export function all(undos: readonly (() => void)[]): () => void {
  return () => {
    for (const undo of [...undos].reverse()) undo();
  };
}

export function nodeNames(store: Store, table: ResourceTable): string[] {
  const type = table.find('', 'v1', 'nodes');
  return type === undefined ? [] : [...store.scan(type, '')].map((entry) => entry.name);
}

export function lastNode(world: EffectWorld): string {
  return nodeNames(world.store, world.table).at(-1) ?? '';
}
