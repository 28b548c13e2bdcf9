/** A ReplicaSet per pod template; a new template takes over within maxSurge and maxUnavailable. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isRecord, type KubeObject, numberAt, recordAt, textAt } from '../kube-object.ts';
import { readEntry } from '../store.ts';
import { isLazy, labelsOf } from '../store-entry.ts';
import { countOf, templateHash } from './counts.ts';
import { controllerUid } from './pods.ts';
import { replicasOf } from './replica-sets.ts';
import { type ControllerWorld, putIfChanged, timestamp } from './world.ts';

const HASH_LABEL = 'pod-template-hash';
const REVISION = 'deployment.kubernetes.io/revision';

function replicaSetsOf(world: ControllerWorld, deployment: KubeObject): KubeObject[] {
  const found: KubeObject[] = [];
  for (const entry of world.store.scan(world.type('apps/v1', 'ReplicaSet'), deployment.metadata.namespace ?? '')) {
    if (!isLazy(entry) && controllerUid(entry.object) === deployment.metadata.uid) found.push(entry.object);
  }
  return found;
}

/** A ReplicaSet's template is its Deployment's with one label more. */
function withoutHash(template: unknown): unknown {
  const { [HASH_LABEL]: _hash, ...labels } = recordAt(template, 'metadata', 'labels');
  return { ...recordAt(template), metadata: { ...recordAt(template, 'metadata'), labels } };
}

type NewReplicaSet = {
  readonly template: unknown;
  readonly hash: string;
  readonly uid?: string;
  readonly replicas?: number;
};

function createReplicaSet(world: ControllerWorld, deployment: KubeObject, input: NewReplicaSet): KubeObject {
  const { template, hash, replicas = 0 } = input;
  const { name, namespace = '', uid = '' } = deployment.metadata;
  const labels = { ...recordAt(template, 'metadata', 'labels'), [HASH_LABEL]: hash } as Record<string, string>;
  const matchLabels = { ...recordAt(deployment, 'spec', 'selector', 'matchLabels'), [HASH_LABEL]: hash };
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name, uid, controller: true, blockOwnerDeletion: true };
  return world.store.put(world.type('apps/v1', 'ReplicaSet'), {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      uid: input.uid ?? randomUUID(),
      generation: 1,
      creationTimestamp: timestamp(world.now()),
      labels,
      annotations: { [REVISION]: String(replicaSetsOf(world, deployment).length + 1) },
      ownerReferences: [owner],
    },
    spec: {
      replicas,
      selector: { matchLabels },
      template: { ...recordAt(template), metadata: { ...recordAt(template, 'metadata'), labels } },
    },
    status: { replicas, fullyLabeledReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas },
  });
}

/** A restart is an annotation of the template: without it, the template is what the pods of before were made from. */
function beforeRestart(template: unknown): unknown {
  const { annotations: _annotations, ...metadata } = recordAt(template, 'metadata');
  return { ...recordAt(template), metadata };
}

/**
 * Synthesised workloads have no ReplicaSet until somebody touches them. Given one of their pods or not, this makes the
 * one that their pods name as owner.
 */
export function materialise(world: ControllerWorld, deployment: KubeObject): KubeObject | undefined {
  const { namespace = '' } = deployment.metadata;
  const app = recordAt(deployment, 'spec', 'selector', 'matchLabels')['app'];
  const pods = world.type('v1', 'Pod');
  for (const entry of world.store.scan(pods, namespace)) {
    const labels = labelsOf(entry);
    if (labels['app'] !== app || labels[HASH_LABEL] === undefined) continue;
    const uid = controllerUid(readEntry(entry));
    const template = beforeRestart(recordAt(deployment, 'spec')['template']);
    const hash = labels[HASH_LABEL];
    return createReplicaSet(world, deployment, { template, hash, uid, replicas: replicasOf(deployment) });
  }
  return undefined;
}

function scaleTo(world: ControllerWorld, replicaSet: KubeObject, replicas: number): void {
  if (replicasOf(replicaSet) === replicas) return;
  const metadata = { ...replicaSet.metadata, generation: (replicaSet.metadata.generation ?? 1) + 1 };
  const spec = { ...recordAt(replicaSet, 'spec'), replicas };
  world.store.put(world.type('apps/v1', 'ReplicaSet'), { ...replicaSet, metadata, spec });
}

function available(replicaSet: KubeObject): number {
  return numberAt(replicaSet, 'status', 'availableReplicas');
}

type Rollout = { readonly wanted: number; readonly current: KubeObject; readonly old: readonly KubeObject[] };

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function rollTowards(world: ControllerWorld, deployment: KubeObject, { wanted, current, old }: Rollout): void {
  const strategy = recordAt(deployment, 'spec', 'strategy');
  const recreate = textAt(strategy, 'type') === 'Recreate';
  const limits = recordAt(strategy, 'rollingUpdate');
  const surge = recreate ? 0 : countOf(limits['maxSurge'], wanted, 'up', 1);
  const missing = recreate ? wanted : countOf(limits['maxUnavailable'], wanted, 'down', 0);
  const oldReplicas = sum(old.map(replicasOf));
  const room = Math.max(0, wanted + surge - oldReplicas);
  scaleTo(world, current, Math.min(wanted, room));

  let removable = available(current) + sum(old.map(available)) - (wanted - missing);
  for (const replicaSet of old) {
    const replicas = replicasOf(replicaSet);
    const unhealthy = replicas - available(replicaSet);
    const fewer = Math.min(replicas, unhealthy + Math.max(0, removable));
    removable -= Math.max(0, fewer - unhealthy);
    scaleTo(world, replicaSet, replicas - fewer);
  }
}

function conditionsOf(complete: boolean, enough: boolean, now: Date): unknown[] {
  const time = timestamp(now);
  const condition = (type: string, holds: boolean, reason: string): unknown => ({
    type,
    status: holds ? 'True' : 'False',
    lastUpdateTime: time,
    lastTransitionTime: time,
    reason,
  });
  return [
    condition('Available', enough, enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable'),
    condition('Progressing', true, complete ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated'),
  ];
}

function statusOf(world: ControllerWorld, deployment: KubeObject, { wanted, current, old }: Rollout): unknown {
  const all = [current, ...old];
  const replicas = sum(all.map((each) => numberAt(each, 'status', 'replicas')));
  const updated = numberAt(current, 'status', 'replicas');
  const ready = sum(all.map(available));
  const complete = updated === wanted && replicas === wanted && ready === wanted;
  const counts = ready > 0 ? { readyReplicas: ready, availableReplicas: ready } : {};
  const unavailable = Math.max(0, wanted - ready);
  const before = recordAt(deployment, 'status');
  const status = {
    observedGeneration: deployment.metadata.generation ?? 1,
    replicas,
    updatedReplicas: updated,
    ...counts,
    ...(unavailable > 0 ? { unavailableReplicas: unavailable } : {}),
  };
  const { conditions, terminatingReplicas: _terminating, ...numbers } = before;
  // Conditions carry times: they are made anew only when a number changed.
  if (isDeepStrictEqual(numbers, status)) return { ...status, conditions };
  return { ...status, conditions: conditionsOf(complete, ready >= wanted, world.now()) };
}

export function reconcileDeployment(world: ControllerWorld, deployment: KubeObject): void {
  const template = recordAt(deployment, 'spec', 'template');
  const known = replicaSetsOf(world, deployment);
  const synthesised = known.length === 0 && numberAt(deployment, 'status', 'replicas') > 0;
  const made = synthesised ? materialise(world, deployment) : undefined;
  const mine = made === undefined ? known : [made];
  const fits = (each: KubeObject): boolean =>
    isDeepStrictEqual(withoutHash(recordAt(each, 'spec')['template']), withoutHash(template));
  const existing = mine.find(fits);
  const current = existing ?? createReplicaSet(world, deployment, { template, hash: templateHash(template) });
  const old = mine.filter((each) => each !== existing && replicasOf(each) > 0);
  const rollout = { wanted: replicasOf(deployment), current, old };
  rollTowards(world, deployment, rollout);
  const status = statusOf(world, deployment, rollout);
  const after = { ...deployment, status: isRecord(status) ? status : {} };
  putIfChanged(world, world.type('apps/v1', 'Deployment'), deployment, after);
}
