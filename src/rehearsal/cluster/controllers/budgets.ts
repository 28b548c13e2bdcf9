/** PodDisruptionBudgets: how many of their pods may be evicted now. */
import { isRecord, type KubeObject, listAt, recordAt, stringsAt, textAt } from '../kube-object.ts';
import { isLazy } from '../store-entry.ts';
import { countOf } from './counts.ts';
import { isFinished, isReady, type Labels, readPods } from './pods.ts';
import { type ControllerWorld, putIfChanged, timestamp } from './world.ts';

export type Budget = {
  readonly name: string;
  readonly expectedPods: number;
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly disruptionsAllowed: number;
};

function expressionHolds(labels: Labels, expression: unknown): boolean {
  const value = labels[textAt(expression, 'key')];
  const listed = value !== undefined && stringsAt(expression, 'values').includes(value);
  switch (textAt(expression, 'operator')) {
    case 'In':
      return listed;
    case 'NotIn':
      return !listed;
    case 'Exists':
      return value !== undefined;
    default:
      return value === undefined;
  }
}

/** `metav1.LabelSelector`; an empty one selects everything. */
function selects(selector: unknown, labels: Labels): boolean {
  if (!isRecord(selector)) return false;
  const equal = Object.entries(recordAt(selector, 'matchLabels')).every(([key, value]) => labels[key] === value);
  return equal && listAt(selector, 'matchExpressions').every((expression) => expressionHolds(labels, expression));
}

export function budgetsOf(world: ControllerWorld, pod: KubeObject): KubeObject[] {
  const found: KubeObject[] = [];
  const type = world.type('policy/v1', 'PodDisruptionBudget');
  for (const entry of world.store.scan(type, pod.metadata.namespace ?? '')) {
    if (isLazy(entry)) continue;
    if (selects(recordAt(entry.object, 'spec')['selector'], pod.metadata.labels ?? {})) found.push(entry.object);
  }
  return found;
}

/** What a pod's controller wants in all: a Deployment speaks for its ReplicaSets. Undefined: nobody counts it. */
function wantedBy(world: ControllerWorld, pod: KubeObject): readonly [uid: string, wanted: number] | undefined {
  const own = ownerIn(world, pod);
  const top = own === undefined ? undefined : (ownerIn(world, own) ?? own);
  if (top === undefined || top.kind === 'DaemonSet') return undefined;
  return [top.metadata.uid ?? '', Number(recordAt(top, 'spec')['replicas'] ?? 1)];
}

function ownerIn(world: ControllerWorld, object: KubeObject): KubeObject | undefined {
  const owner = object.metadata.ownerReferences?.find((each) => each.controller === true);
  if (owner === undefined || !['ReplicaSet', 'StatefulSet', 'Deployment'].includes(owner.kind)) return undefined;
  return world.store.get(world.type('apps/v1', owner.kind), object.metadata.namespace ?? '', owner.name);
}

/** As the disruption controller counts: what controllers want, not what happens to be there while pods are replaced. */
function expectedOf(world: ControllerWorld, live: readonly KubeObject[]): number {
  const wanted = new Map<string, number>();
  for (const pod of live) {
    const [uid, number] = wantedBy(world, pod) ?? [pod.metadata.uid ?? pod.metadata.name, 1];
    wanted.set(uid, number);
  }
  return [...wanted.values()].reduce((sum, number) => sum + number, 0);
}

export function budgetOf(world: ControllerWorld, budget: KubeObject): Budget {
  const spec = recordAt(budget, 'spec');
  const pods = readPods(world, budget.metadata.namespace ?? '').filter(
    (pod) => selects(spec['selector'], pod.metadata.labels ?? {}) && !isFinished(pod),
  );
  const live = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const expectedPods = expectedOf(world, pods);
  const currentHealthy = live.filter(isReady).length;
  const unavailable = countOf(spec['maxUnavailable'], expectedPods, 'up', 1);
  const desiredHealthy =
    spec['minAvailable'] === undefined
      ? Math.max(0, expectedPods - unavailable)
      : countOf(spec['minAvailable'], expectedPods, 'up', 1);
  const disruptionsAllowed = Math.max(0, currentHealthy - desiredHealthy);
  return { name: budget.metadata.name, expectedPods, currentHealthy, desiredHealthy, disruptionsAllowed };
}

function reconcile(world: ControllerWorld, budget: KubeObject): void {
  const { name: _name, ...numbers } = budgetOf(world, budget);
  const before = recordAt(budget, 'status');
  const unchanged = Object.entries(numbers).every(([key, value]) => before[key] === value);
  if (unchanged) return;
  const allowed = numbers.disruptionsAllowed > 0;
  const condition = {
    type: 'DisruptionAllowed',
    status: allowed ? 'True' : 'False',
    observedGeneration: budget.metadata.generation ?? 1,
    lastTransitionTime: timestamp(world.now()),
    reason: allowed ? 'SufficientPods' : 'InsufficientPods',
    message: '',
  };
  const status = { observedGeneration: budget.metadata.generation ?? 1, ...numbers, conditions: [condition] };
  putIfChanged(world, world.type('policy/v1', 'PodDisruptionBudget'), budget, { ...budget, status });
}

/** A budget whose pods are fewer than it wants, although one more is on its way out: somebody did not ask it. */
export type Violation = Budget & { readonly namespace: string; readonly pod: string; readonly at: string };

/** Looked at when a pod begins to end. */
export function violationsBy(world: ControllerWorld, pod: KubeObject): readonly Violation[] {
  return budgetsOf(world, pod)
    .map((budget) => budgetOf(world, budget))
    .filter(({ currentHealthy, desiredHealthy }) => currentHealthy < desiredHealthy)
    .map((budget) => ({
      ...budget,
      namespace: pod.metadata.namespace ?? '',
      pod: pod.metadata.name,
      at: world.now().toISOString(),
    }));
}

/** All budgets of a namespace; nothing to do in most. */
export function reconcileBudgets(world: ControllerWorld, namespace: string): void {
  for (const entry of [...world.store.scan(world.type('policy/v1', 'PodDisruptionBudget'), namespace)]) {
    if (!isLazy(entry)) reconcile(world, entry.object);
  }
}
