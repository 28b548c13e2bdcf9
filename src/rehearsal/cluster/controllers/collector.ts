/** Garbage collection: what a deleted owner leaves behind. */
import type { KubeObject } from '../kube-object.ts';
import { isLazy } from '../store-entry.ts';
import { terminate } from './pods.ts';
import type { ControllerWorld } from './world.ts';

function ownedBy(object: KubeObject, uid: string): boolean {
  return object.metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
}

/** ReplicaSets and pods of a deleted workload; their own deletion takes the rest. */
export function collectOrphans(world: ControllerWorld, { metadata }: KubeObject): void {
  const { uid = '', namespace = '' } = metadata;
  const replicaSets = world.type('apps/v1', 'ReplicaSet');
  for (const entry of [...world.store.scan(replicaSets, namespace)]) {
    if (!isLazy(entry) && ownedBy(entry.object, uid)) world.store.remove(replicaSets, namespace, entry.name);
  }
  for (const entry of [...world.store.scan(world.type('v1', 'Pod'), namespace)]) {
    if (!isLazy(entry) && ownedBy(entry.object, uid)) terminate(world, entry);
  }
}
