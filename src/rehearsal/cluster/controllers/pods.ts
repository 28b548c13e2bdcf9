/** Pods as their controllers see them. */
import { randomUUID } from 'node:crypto';
import { at, isRecord, type KubeObject, listAt, type ObjectMeta, recordAt, textAt } from '../kube-object.ts';
import { readEntry } from '../store.ts';
import { type Entry, fieldOf, isLazy, labelsOf } from '../store-entry.ts';
import { type ControllerWorld, keyOf, timestamp } from './world.ts';

export type Labels = Readonly<Record<string, string>>;

export type PodView = {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly labels: Labels;
  readonly ready: boolean;
  readonly terminating: boolean;
  readonly finished: boolean;
};

export const DEFAULT_GRACE_SECONDS = 30;

export function controllerUid(object: KubeObject): string {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid ?? '';
}

export function isReady(pod: KubeObject): boolean {
  return listAt(pod, 'status', 'conditions').some(
    (condition) => textAt(condition, 'type') === 'Ready' && textAt(condition, 'status') === 'True',
  );
}

export function isFinished(pod: KubeObject): boolean {
  return ['Succeeded', 'Failed'].includes(textAt(pod, 'status', 'phase'));
}

export function isHostNetwork(pod: KubeObject): boolean {
  return at(pod, 'spec', 'hostNetwork') === true;
}

export function isAgent(pod: KubeObject): boolean {
  return pod.metadata.namespace === 'kube-system' && pod.metadata.labels?.['k8s-app'] === 'cilium';
}

function viewOf(entry: Entry): PodView {
  const labels = labelsOf(entry);
  const common = { namespace: entry.namespace, name: entry.name, node: fieldOf(entry, 'spec.nodeName'), labels };
  // A synthesised pod that nobody wrote to runs and is ready.
  if (isLazy(entry)) return { ...common, ready: true, terminating: false, finished: false };
  const pod = entry.object;
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  return { ...common, ready: isReady(pod) && !terminating, terminating, finished: isFinished(pod) };
}

function hasLabels(labels: Labels, wanted: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

/** The pods a controller owns. Synthesised ones are told by their labels: making each to read its owner takes too long. */
export function podsOf(world: ControllerWorld, owner: KubeObject): PodView[] {
  const wanted = recordAt(owner, 'spec', 'selector', 'matchLabels');
  const { namespace, uid } = owner.metadata;
  const found: PodView[] = [];
  for (const entry of world.store.scan(world.type('v1', 'Pod'), namespace ?? '')) {
    if (!hasLabels(labelsOf(entry), wanted)) continue;
    if (isLazy(entry) || controllerUid(entry.object) === uid) found.push(viewOf(entry));
  }
  return found;
}

const NAME_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** Five letters, as the API server picks them for generateName. */
export function nameSuffix(): string {
  return Array.from({ length: 5 }, () => NAME_LETTERS[Math.floor(Math.random() * NAME_LETTERS.length)]).join('');
}

/** What the API server fills in for a new pod. */
export function withPodDefaults(spec: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: DEFAULT_GRACE_SECONDS,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: 'default',
    securityContext: {},
    schedulerName: 'default-scheduler',
    ...spec,
  };
}

export const PENDING_STATUS = { phase: 'Pending', qosClass: 'BestEffort' };

function labelsAt(value: unknown, ...path: readonly string[]): Labels {
  return recordAt(value, ...path) as Labels;
}

type NewPod = {
  readonly owner: KubeObject;
  readonly template: unknown;
  readonly name: string;
  readonly labels?: Labels;
  readonly spec?: Readonly<Record<string, unknown>>;
};

export function createPod(
  world: ControllerWorld,
  { owner, template, name, labels = {}, spec = {} }: NewPod,
): KubeObject {
  const { kind, apiVersion, metadata } = owner;
  const ownerReferences = [
    { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true, blockOwnerDeletion: true },
  ];
  const templateMeta = recordAt(template, 'metadata');
  const pod: ObjectMeta = {
    name,
    generateName: `${metadata.name}-`,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    uid: randomUUID(),
    generation: 1,
    creationTimestamp: timestamp(world.now()),
    // Whatever the template says, an owner finds its pods again: the API server sees to that in its own way.
    labels: { ...labelsAt(templateMeta, 'labels'), ...labelsAt(owner, 'spec', 'selector', 'matchLabels'), ...labels },
    annotations: recordAt(templateMeta, 'annotations') as Record<string, string>,
    ownerReferences,
  };
  const podSpec = { ...withPodDefaults(recordAt(template, 'spec')), ...spec };
  return world.store.put(world.type('v1', 'Pod'), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: pod,
    spec: podSpec,
    status: PENDING_STATUS,
  });
}

/** Marks a pod for deletion, as DELETE does; its kubelet does the rest. */
export function terminate(world: ControllerWorld, { namespace, name }: Pick<PodView, 'namespace' | 'name'>): void {
  const type = world.type('v1', 'Pod');
  const pod = world.store.get(type, namespace, name);
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return;
  if (textAt(pod, 'spec', 'nodeName') === '') {
    world.store.remove(type, namespace, name);
    return;
  }
  const grace = Number(recordAt(pod, 'spec')['terminationGracePeriodSeconds'] ?? DEFAULT_GRACE_SECONDS);
  const deletionTimestamp = timestamp(new Date(world.now().getTime() + grace * 1_000));
  world.store.put(type, {
    ...pod,
    metadata: { ...pod.metadata, deletionTimestamp, deletionGracePeriodSeconds: grace },
  });
}

/** The pod with some of its conditions set; a transition time changes only when the status does. */
export function withConditions(
  pod: KubeObject,
  wanted: Readonly<Record<string, 'True' | 'False'>>,
  now: Date,
): Readonly<Record<string, unknown>>[] {
  const before = listAt(pod, 'status', 'conditions').filter(isRecord);
  const kept = before.filter((condition) => wanted[textAt(condition, 'type')] === undefined);
  const changed = Object.entries(wanted).map(([type, status]) => {
    const old = before.find((condition) => textAt(condition, 'type') === type);
    if (old !== undefined && textAt(old, 'status') === status) return old;
    const unready = { reason: 'ContainersNotReady', message: 'containers with unready status' };
    const why = status === 'False' && type !== 'PodScheduled' ? unready : {};
    return { type, status, lastProbeTime: null, lastTransitionTime: timestamp(now), ...why };
  });
  return [...kept, ...changed];
}

export function podStillThere(world: ControllerWorld, pod: KubeObject): KubeObject | undefined {
  const { namespace, name } = keyOf(pod);
  const found = world.store.get(world.type('v1', 'Pod'), namespace, name);
  return found?.metadata.uid === pod.metadata.uid ? found : undefined;
}

export function readPods(world: ControllerWorld, namespace: string): KubeObject[] {
  return [...world.store.scan(world.type('v1', 'Pod'), namespace)].map(readEntry);
}
