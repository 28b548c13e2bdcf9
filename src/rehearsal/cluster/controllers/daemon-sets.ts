/** One pod per node; a changed template replaces them, at most `maxUnavailable` at a time. */
import { type KubeObject, recordAt, textAt } from '../kube-object.ts';
import { labelsOf } from '../store-entry.ts';
import { countOf, type Revisions } from './counts.ts';
import { createPod, nameSuffix, type PodView, podsOf, terminate } from './pods.ts';
import { type ControllerWorld, putIfChanged } from './world.ts';

export const REVISION_LABEL = 'controller-revision-hash';

const TOLERATED = [
  ['not-ready', 'NoExecute'],
  ['unreachable', 'NoExecute'],
  ['disk-pressure', 'NoSchedule'],
  ['memory-pressure', 'NoSchedule'],
  ['pid-pressure', 'NoSchedule'],
  ['unschedulable', 'NoSchedule'],
] as const;

function nodesFor(world: ControllerWorld, daemonSet: KubeObject): string[] {
  const selector = recordAt(daemonSet, 'spec', 'template', 'spec', 'nodeSelector');
  return [...world.store.scan(world.type('v1', 'Node'), '')]
    .filter((node) => Object.entries(selector).every(([key, value]) => labelsOf(node)[key] === value))
    .map((node) => node.name);
}

function onNode(node: string, template: unknown): Readonly<Record<string, unknown>> {
  const spec = recordAt(template, 'spec');
  const terms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }];
  const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } };
  const added = TOLERATED.map(([name, effect]) => ({ key: `node.kubernetes.io/${name}`, operator: 'Exists', effect }));
  const own = Array.isArray(spec['tolerations']) ? spec['tolerations'] : [];
  return { affinity: { ...recordAt(spec, 'affinity'), nodeAffinity }, tolerations: [...own, ...added] };
}

type Roll = {
  readonly daemonSet: KubeObject;
  readonly hash: string;
  readonly nodes: readonly string[];
  readonly pods: readonly PodView[];
};

function byNode(pods: readonly PodView[]): Map<string, PodView> {
  const found = new Map<string, PodView>();
  // A terminating pod still occupies its node; a live one beside it counts.
  for (const pod of pods) if (!found.has(pod.node) || !pod.terminating) found.set(pod.node, pod);
  return found;
}

function createMissing(world: ControllerWorld, { daemonSet, hash, nodes, pods }: Roll): void {
  const template = recordAt(daemonSet, 'spec', 'template');
  const generation = String(daemonSet.metadata.generation ?? 1);
  const labels = { [REVISION_LABEL]: hash, 'pod-template-generation': generation };
  const taken = new Set(pods.map((pod) => pod.node));
  const planned = plannedNodes(world, daemonSet);
  for (const node of nodes) {
    if (taken.has(node) || planned.has(node)) continue;
    const name = `${daemonSet.metadata.name}-${nameSuffix()}`;
    createPod(world, { owner: daemonSet, template, name, labels, spec: onNode(node, template) });
  }
}

/** The node that a DaemonSet's pod is meant for, from its affinity: known before it is scheduled. */
export function intendedNode(pod: KubeObject): string {
  const found = /"metadata\.name","operator":"In","values":\["([^"]+)"\]/.exec(
    JSON.stringify(recordAt(pod, 'spec', 'affinity')),
  );
  return found?.[1] ?? '';
}

function plannedNodes(world: ControllerWorld, daemonSet: KubeObject): Set<string> {
  const planned = new Set<string>();
  for (const { namespace, name, node } of podsOf(world, daemonSet)) {
    const pod = node === '' ? world.store.get(world.type('v1', 'Pod'), namespace, name) : undefined;
    if (pod !== undefined) planned.add(intendedNode(pod));
  }
  return planned;
}

function roll(world: ControllerWorld, { daemonSet, hash, nodes, pods }: Roll): void {
  const strategy = recordAt(daemonSet, 'spec', 'updateStrategy');
  if (textAt(strategy, 'type') === 'OnDelete') return;
  const limit = countOf(recordAt(strategy, 'rollingUpdate')['maxUnavailable'], nodes.length, 'up', 1);
  const present = byNode(pods);
  const unavailable = nodes.filter((node) => present.get(node)?.ready !== true).length;
  const old = [...present.values()].filter((pod) => pod.labels[REVISION_LABEL] !== hash && !pod.terminating);
  let allowed = limit - unavailable;
  for (const pod of old) {
    if (pod.ready && allowed <= 0) continue;
    // An old pod that is not ready is unavailable already: replacing it costs nothing.
    if (pod.ready) allowed -= 1;
    terminate(world, pod);
  }
}

function statusOf({ daemonSet, hash, nodes, pods }: Roll): Readonly<Record<string, unknown>> {
  const live = [...byNode(pods).values()].filter((pod) => !pod.terminating);
  const ready = live.filter((pod) => pod.ready).length;
  const updated = live.filter((pod) => pod.labels[REVISION_LABEL] === hash).length;
  const unavailable = nodes.length - ready;
  return {
    currentNumberScheduled: live.length,
    numberMisscheduled: 0,
    desiredNumberScheduled: nodes.length,
    numberReady: ready,
    observedGeneration: daemonSet.metadata.generation ?? 1,
    ...(updated > 0 ? { updatedNumberScheduled: updated } : {}),
    ...(ready > 0 ? { numberAvailable: ready } : {}),
    ...(unavailable > 0 ? { numberUnavailable: unavailable } : {}),
  };
}

export function reconcileDaemonSet(world: ControllerWorld, daemonSet: KubeObject, revisions: Revisions): void {
  const look = (): Roll => {
    const pods = podsOf(world, daemonSet).filter((pod) => !pod.finished);
    const template = recordAt(daemonSet, 'spec', 'template');
    const present = (): string | undefined => pods[0]?.labels[REVISION_LABEL];
    const hash = revisions.of(daemonSet.metadata.uid ?? '', template, present);
    return { daemonSet, hash, nodes: nodesFor(world, daemonSet), pods };
  };
  createMissing(world, look());
  roll(world, look());
  const status = statusOf(look());
  putIfChanged(world, world.type('apps/v1', 'DaemonSet'), daemonSet, { ...daemonSet, status });
}
