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

export function budgetOf(world: ControllerWorld, budget: KubeObject): Budget {
  const spec = recordAt(budget, 'spec');
  const pods = readPods(world, budget.metadata.namespace ?? '').filter(
    (pod) => selects(spec['selector'], pod.metadata.labels ?? {}) && !isFinished(pod),
  );
  const live = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const expectedPods = pods.length;
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

/** All budgets of a namespace; nothing to do in most. */
export function reconcileBudgets(world: ControllerWorld, namespace: string): void {
  for (const entry of [...world.store.scan(world.type('policy/v1', 'PodDisruptionBudget'), namespace)]) {
    if (!isLazy(entry)) reconcile(world, entry.object);
  }
}
