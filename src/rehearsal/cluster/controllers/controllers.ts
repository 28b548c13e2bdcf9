/** Starts the controllers and tells them what changed. */
import type { KubeObject } from '../kube-object.ts';
import type { Change } from '../store.ts';
import { readEntry } from '../store.ts';
import { isLazy } from '../store-entry.ts';
import { reconcileBudgets, type Violation, violationsBy } from './budgets.ts';
import { collectOrphans } from './collector.ts';
import { createRevisions, type Revisions } from './counts.ts';
import { REVISION_LABEL, reconcileDaemonSet } from './daemon-sets.ts';
import { reconcileDeployment } from './deployments.ts';
import { createKubelet } from './kubelet.ts';
import { podsOf } from './pods.ts';
import type { Probes } from './probes.ts';
import { reconcileReplicaSet } from './replica-sets.ts';
import { reconcileStatefulSet, revisionOf } from './stateful-sets.ts';
import { type ControllerWorld, keyOf, type ObjectKey } from './world.ts';

export type Controllers = {
  /** The fatal line of a crashing agent's log. */
  readonly lastWords: (pod: KubeObject) => string | undefined;
  /** The log of a probe pod; undefined for all others. */
  readonly probeLines: Probes['linesOf'];
  /** Budgets that pods ended in spite of, oldest first; the last thousand. */
  readonly violations: () => readonly Violation[];
  /** After the store was filled anew. */
  readonly restart: () => void;
  readonly stop: () => void;
};

type Reconcile = (world: ControllerWorld, object: KubeObject, revisions: Revisions) => void;

const RECONCILERS: Readonly<Record<string, Reconcile>> = {
  DaemonSet: reconcileDaemonSet,
  Deployment: reconcileDeployment,
  ReplicaSet: reconcileReplicaSet,
  StatefulSet: reconcileStatefulSet,
};

/** A burst of changes is one reconciliation. */
const SETTLE_MS = 20;

/** A pod of a synthesised workload went: its ReplicaSet exists only in the pod's words, and is made now. */
function reviveDeployment(world: ControllerWorld, { namespace, name }: ObjectKey): void {
  const deployment = world.store.get(world.type('apps/v1', 'Deployment'), namespace, name.replace(/-[^-]+$/, ''));
  if (deployment !== undefined) reconcileDeployment(world, deployment);
}

/** Budgets are counted once per burst and namespace. */
function createBudgetQueue(world: ControllerWorld) {
  const dirty = new Set<string>();
  return {
    add: (namespace: string): void => {
      if (dirty.has(namespace)) return;
      dirty.add(namespace);
      world.pace.after(SETTLE_MS, () => {
        dirty.delete(namespace);
        reconcileBudgets(world, namespace);
      });
    },
    clear: () => dirty.clear(),
  };
}

const MAX_VIOLATIONS = 1_000;

/** Every pod is judged once, when it begins to end. */
function createViolations(world: ControllerWorld) {
  const ending = new Set<string>();
  let found: readonly Violation[] = [];
  return {
    see: ({ type, object }: Change): void => {
      const { uid = '', deletionTimestamp } = object.metadata;
      if (type === 'DELETED') ending.delete(uid);
      if (type === 'DELETED' || deletionTimestamp === undefined || ending.has(uid)) return;
      ending.add(uid);
      found = [...found, ...violationsBy(world, object)].slice(-MAX_VIOLATIONS);
    },
    all: () => found,
    clear: () => {
      ending.clear();
      found = [];
    },
  };
}

function createQueue(world: ControllerWorld, revisions: () => Revisions) {
  const dirty = new Map<string, ObjectKey & { readonly kind: string }>();
  let running = false;
  const run = (): void => {
    running = false;
    const batch = [...dirty.values()];
    dirty.clear();
    for (const { kind, namespace, name } of batch) {
      const object = world.store.get(world.type('apps/v1', kind), namespace, name);
      if (object !== undefined) RECONCILERS[kind]?.(world, object, revisions());
      else if (kind === 'ReplicaSet') reviveDeployment(world, { namespace, name });
    }
  };
  return {
    add: (kind: string, key: ObjectKey): void => {
      if (RECONCILERS[kind] === undefined) return;
      dirty.set(`${kind}/${key.namespace}/${key.name}`, { kind, ...key });
      if (running) return;
      running = true;
      world.pace.after(SETTLE_MS, run);
    },
    clear: () => {
      dirty.clear();
      running = false;
    },
  };
}

/** Revisions are told from the pods that are there before anything changes. */
function prime(world: ControllerWorld, revisions: Revisions): void {
  for (const entry of world.store.scan(world.type('apps/v1', 'DaemonSet'), '')) {
    if (isLazy(entry)) continue;
    const daemonSet = readEntry(entry);
    const present = (): string | undefined => podsOf(world, daemonSet)[0]?.labels[REVISION_LABEL];
    revisions.of(daemonSet.metadata.uid ?? '', (daemonSet['spec'] as { template?: unknown }).template, present);
  }
  for (const entry of world.store.scan(world.type('apps/v1', 'StatefulSet'), '')) {
    if (!isLazy(entry)) revisionOf(world, entry.object, revisions);
  }
}

export function createControllers(world: ControllerWorld): Controllers {
  let kubelet = createKubelet(world);
  let revisions = createRevisions();
  const queue = createQueue(world, () => revisions);

  const budgets = createBudgetQueue(world);
  const violations = createViolations(world);

  const ownersOf = (object: KubeObject): void => {
    for (const { kind, name } of object.metadata.ownerReferences ?? []) {
      queue.add(kind, { namespace: object.metadata.namespace ?? '', name });
    }
  };

  const onPod = (change: Change): void => {
    violations.see(change);
    if (change.type === 'DELETED') kubelet.forget(change.object);
    else kubelet.see(change.object);
    ownersOf(change.object);
    budgets.add(change.object.metadata.namespace ?? '');
  };

  const onNode = (change: Change): void => {
    if (change.type === 'MODIFIED') return;
    for (const entry of world.store.scan(world.type('apps/v1', 'DaemonSet'), '')) queue.add('DaemonSet', entry);
  };

  const onWorkload = (change: Change): void => {
    if (change.type === 'DELETED') collectOrphans(world, change.object);
    else queue.add(change.object.kind, keyOf(change.object));
    ownersOf(change.object);
  };

  const listeners: Readonly<Record<string, (change: Change) => void>> = {
    '/pods': onPod,
    '/nodes': onNode,
    'policy/poddisruptionbudgets': ({ object }) => budgets.add(object.metadata.namespace ?? ''),
    'apps/daemonsets': onWorkload,
    'apps/deployments': onWorkload,
    'apps/replicasets': onWorkload,
    'apps/statefulsets': onWorkload,
  };
  const unsubscribe = world.store.subscribe((change) => listeners[change.storage]?.(change));

  prime(world, revisions);

  return {
    violations: violations.all,
    probeLines: (pod) => kubelet.probeLines(pod),
    lastWords: (pod) => kubelet.lastWords(pod),
    restart: () => {
      world.pace.stop();
      queue.clear();
      budgets.clear();
      violations.clear();
      kubelet = createKubelet(world);
      revisions = createRevisions();
      prime(world, revisions);
    },
    stop: () => {
      unsubscribe();
      world.pace.stop();
    },
  };
}
