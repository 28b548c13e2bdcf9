/** Puts pods on nodes. Resources are not counted: there is room everywhere, unless the switchboard says otherwise. */
import { isRecord, type KubeObject, listAt, recordAt, stringsAt, textAt } from '../kube-object.ts';
import { readEntry } from '../store.ts';
import { intendedNode } from './daemon-sets.ts';
import { unschedulable } from './pod-status.ts';
import { isAgent } from './pods.ts';
import { type ControllerWorld, putIfChanged } from './world.ts';

function tolerates(pod: KubeObject, taint: unknown): boolean {
  return listAt(pod, 'spec', 'tolerations').some((toleration) => {
    const key = textAt(toleration, 'key');
    const effect = textAt(toleration, 'effect');
    const exists = textAt(toleration, 'operator') === 'Exists';
    const keyFits = key === '' ? exists : key === textAt(taint, 'key');
    const valueFits = exists || textAt(toleration, 'value') === textAt(taint, 'value');
    return keyFits && valueFits && (effect === '' || effect === textAt(taint, 'effect'));
  });
}

function untolerated(pod: KubeObject, node: KubeObject): unknown {
  return listAt(node, 'spec', 'taints').find(
    (taint) => textAt(taint, 'effect') !== 'PreferNoSchedule' && !tolerates(pod, taint),
  );
}

function expressionHolds(expression: unknown, value: string | undefined): boolean {
  const values = stringsAt(expression, 'values');
  switch (textAt(expression, 'operator')) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

function termHolds(term: unknown, node: KubeObject): boolean {
  const labels = node.metadata.labels ?? {};
  const byLabel = listAt(term, 'matchExpressions').every((each) => expressionHolds(each, labels[textAt(each, 'key')]));
  const byName = listAt(term, 'matchFields').every((each) => expressionHolds(each, node.metadata.name));
  return byLabel && byName;
}

function wants(pod: KubeObject, node: KubeObject): boolean {
  const selector = recordAt(pod, 'spec', 'nodeSelector');
  if (!Object.entries(selector).every(([key, value]) => node.metadata.labels?.[key] === value)) return false;
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const terms = listAt(pod, 'spec', 'affinity', 'nodeAffinity', required, 'nodeSelectorTerms');
  return terms.length === 0 || terms.some((term) => termHolds(term, node));
}

function candidates(world: ControllerWorld, pod: KubeObject): readonly KubeObject[] {
  const type = world.type('v1', 'Node');
  const only = intendedNode(pod);
  const node = only === '' ? undefined : world.store.get(type, '', only);
  if (node !== undefined) return [node];
  return [...world.store.scan(type, '')].map(readEntry);
}

function isCordoned(pod: KubeObject, node: KubeObject): boolean {
  return recordAt(node, 'spec')['unschedulable'] === true && !isAgent(pod);
}

let turn = 0;

/** Spreads: siblings of one owner go to the node that has fewest of them. */
function pick(world: ControllerWorld, pod: KubeObject, fitting: readonly KubeObject[]): KubeObject | undefined {
  const owner = pod.metadata.ownerReferences?.[0]?.uid;
  turn += 1;
  if (owner === undefined) return fitting[turn % Math.max(1, fitting.length)];
  const counts = new Map<string, number>();
  for (const entry of world.store.scan(world.type('v1', 'Pod'), pod.metadata.namespace ?? '')) {
    if (!('object' in entry) || entry.object.metadata.deletionTimestamp !== undefined) continue;
    if (entry.object.metadata.ownerReferences?.[0]?.uid !== owner) continue;
    const node = textAt(entry.object, 'spec', 'nodeName');
    counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  const load = (node: KubeObject): number => counts.get(node.metadata.name) ?? 0;
  return [...fitting].sort((a, b) => load(a) - load(b))[0];
}

/** The pod bound to a node, or marked Unschedulable; what it was when it is bound already. */
export function schedule(world: ControllerWorld, pod: KubeObject): KubeObject {
  if (textAt(pod, 'spec', 'nodeName') !== '') return pod;
  const type = world.type('v1', 'Pod');
  const all = candidates(world, pod);
  const allowed = all.filter(
    (node) => wants(pod, node) && !isCordoned(pod, node) && untolerated(pod, node) === undefined,
  );
  const fitting = allowed.filter((node) => isAgent(pod) || !world.troubles.nodeFull(node.metadata.name));
  const node = pick(world, pod, fitting);
  if (node !== undefined) {
    const spec = { ...recordAt(pod, 'spec'), nodeName: node.metadata.name };
    return world.store.put(type, { ...pod, spec });
  }
  const message = `0/${all.length} nodes are available: ${whyNone(pod, all, allowed.length)}.`;
  const known = listAt(pod, 'status', 'conditions').some((condition) => textAt(condition, 'message') === message);
  return known ? pod : putIfChanged(world, type, pod, unschedulable(pod, world.now(), message));
}

function whyNone(pod: KubeObject, all: readonly KubeObject[], full: number): string {
  const elsewhere = `${all.length - full} node(s) didn't match Pod's node affinity/selector`;
  if (full > 0) return `${full} Insufficient cpu, ${elsewhere}`;
  const taints = all.map((each) => untolerated(pod, each)).filter(isRecord);
  return taints.length > 0
    ? `${taints.length} node(s) had untolerated taint {${textAt(taints[0], 'key')}: ${textAt(taints[0], 'value')}}`
    : elsewhere;
}
