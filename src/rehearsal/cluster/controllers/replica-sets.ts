/** As many pods as wanted: missing ones are made, surplus ones end. */
import { type KubeObject, recordAt } from '../kube-object.ts';
import { createPod, nameSuffix, type PodView, podsOf, terminate } from './pods.ts';
import { type ControllerWorld, putIfChanged } from './world.ts';

export function replicasOf(object: KubeObject): number {
  return Number(recordAt(object, 'spec')['replicas'] ?? 1);
}

/** Neither ending nor ended. */
export function livePods(world: ControllerWorld, owner: KubeObject): PodView[] {
  return podsOf(world, owner).filter((pod) => !pod.terminating && !pod.finished);
}

export function reconcileReplicaSet(world: ControllerWorld, replicaSet: KubeObject): void {
  const wanted = replicasOf(replicaSet);
  const pods = livePods(world, replicaSet);
  const template = recordAt(replicaSet, 'spec', 'template');
  for (let missing = wanted - pods.length; missing > 0; missing--) {
    createPod(world, { owner: replicaSet, template, name: `${replicaSet.metadata.name}-${nameSuffix()}` });
  }
  // Pods that are not Ready go first.
  const surplus = [...pods]
    .sort((a, b) => Number(a.ready) - Number(b.ready))
    .slice(0, Math.max(0, pods.length - wanted));
  for (const pod of surplus) terminate(world, pod);

  const live = livePods(world, replicaSet);
  const ready = live.filter((pod) => pod.ready).length;
  const counts = ready > 0 ? { readyReplicas: ready, availableReplicas: ready } : {};
  const status = {
    replicas: live.length,
    fullyLabeledReplicas: live.length,
    ...counts,
    observedGeneration: replicaSet.metadata.generation ?? 1,
  };
  putIfChanged(world, world.type('apps/v1', 'ReplicaSet'), replicaSet, { ...replicaSet, status });
}
