/** Pods with fixed names, one after the other. */
import { type KubeObject, recordAt, textAt } from '../kube-object.ts';
import type { Revisions } from './counts.ts';
import { REVISION_LABEL } from './daemon-sets.ts';
import { createPod, type PodView, podsOf, terminate } from './pods.ts';
import { replicasOf } from './replica-sets.ts';
import { type ControllerWorld, putIfChanged } from './world.ts';

function ordinalOf(name: string): number {
  return Number(name.slice(name.lastIndexOf('-') + 1));
}

export function revisionOf(world: ControllerWorld, statefulSet: KubeObject, revisions: Revisions): string {
  const { name, uid = '' } = statefulSet.metadata;
  const present = (): string | undefined => podsOf(world, statefulSet)[0]?.labels[REVISION_LABEL];
  const found = revisions.of(uid, recordAt(statefulSet, 'spec', 'template'), present);
  return found.startsWith(`${name}-`) ? found : `${name}-${found}`;
}

/** Creates the first missing pod once all before it are Ready (OrderedReady), or all at once (Parallel). */
function createMissing(world: ControllerWorld, statefulSet: KubeObject, pods: readonly PodView[], hash: string): void {
  const { name } = statefulSet.metadata;
  const parallel = textAt(statefulSet, 'spec', 'podManagementPolicy') === 'Parallel';
  for (let ordinal = 0; ordinal < replicasOf(statefulSet); ordinal++) {
    const podName = `${name}-${ordinal}`;
    const found = pods.find((pod) => pod.name === podName);
    if (found === undefined) {
      const labels = {
        [REVISION_LABEL]: hash,
        'statefulset.kubernetes.io/pod-name': podName,
        'apps.kubernetes.io/pod-index': String(ordinal),
      };
      createPod(world, {
        owner: statefulSet,
        template: recordAt(statefulSet, 'spec', 'template'),
        name: podName,
        labels,
      });
    }
    if (!parallel && found?.ready !== true) return;
  }
}

function endOne(world: ControllerWorld, statefulSet: KubeObject, pods: readonly PodView[], hash: string): void {
  const surplus = pods.filter((pod) => ordinalOf(pod.name) >= replicasOf(statefulSet));
  for (const pod of surplus) terminate(world, pod);
  const onDelete = textAt(statefulSet, 'spec', 'updateStrategy', 'type') === 'OnDelete';
  if (onDelete || pods.some((pod) => !pod.ready)) return;
  const old = pods.filter((pod) => pod.labels[REVISION_LABEL] !== hash);
  const [last] = old.sort((a, b) => ordinalOf(b.name) - ordinalOf(a.name));
  if (last !== undefined) terminate(world, last);
}

export function reconcileStatefulSet(world: ControllerWorld, statefulSet: KubeObject, revisions: Revisions): void {
  const hash = revisionOf(world, statefulSet, revisions);
  endOne(world, statefulSet, podsOf(world, statefulSet), hash);
  createMissing(world, statefulSet, podsOf(world, statefulSet), hash);
  const pods = podsOf(world, statefulSet).filter((pod) => !pod.terminating);
  const ready = pods.filter((pod) => pod.ready).length;
  const updated = pods.filter((pod) => pod.labels[REVISION_LABEL] === hash).length;
  const before = recordAt(statefulSet, 'status');
  const complete = updated === replicasOf(statefulSet);
  const status = {
    observedGeneration: statefulSet.metadata.generation ?? 1,
    replicas: pods.length,
    readyReplicas: ready,
    availableReplicas: ready,
    currentReplicas: complete ? updated : pods.length - updated,
    updatedReplicas: updated,
    currentRevision: complete ? hash : (before['currentRevision'] ?? hash),
    updateRevision: hash,
    collisionCount: 0,
  };
  putIfChanged(world, world.type('apps/v1', 'StatefulSet'), statefulSet, { ...statefulSet, status });
}
