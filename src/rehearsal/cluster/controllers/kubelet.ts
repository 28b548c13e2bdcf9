/** One kubelet per node, in one: takes pods through their life and ends them. */
import { type KubeObject, recordAt } from '../kube-object.ts';
import { removeEndpoint } from './endpoints.ts';
import { createPodLife, hasStarted, type Life, nodeOf, RETRY_MS, SCHEDULE_MS, type Step } from './pod-life.ts';
import { isAgent, isHostNetwork, podStillThere } from './pods.ts';
import { createProbes, type Probes } from './probes.ts';
import { type ControllerWorld, keyOf } from './world.ts';

export type Kubelet = {
  /** A pod was added or changed. */
  readonly see: (pod: KubeObject) => void;
  /** A pod is gone from the API. */
  readonly forget: (pod: KubeObject) => void;
  /** The log of a probe pod; undefined for all others. */
  readonly probeLines: Probes['linesOf'];
  /** The fatal line of a crashing agent's log. */
  readonly lastWords: (pod: KubeObject) => string | undefined;
};

export function createKubelet(world: ControllerWorld): Kubelet {
  const alive = new Set<string>();
  const stopping = new Set<string>();
  const failures = new Map<string, string>();
  const taken = new Set<string>();
  const probes = createProbes(world);
  const bind = createPodLife(world, { failures, taken, begin: probes.begin });
  const type = world.type('v1', 'Pod');

  const advance = (pod: KubeObject, life: Life, step: Step): void => {
    const found = podStillThere(world, pod);
    if (found === undefined || found.metadata.deletionTimestamp !== undefined) return;
    const node = nodeOf(found);
    if (node !== '' && world.troubles.kubeletGone(node)) {
      world.pace.after(RETRY_MS, () => advance(pod, life, step));
      return;
    }
    const { next, afterMs = 0 } = step(found, life);
    if (next !== undefined) world.pace.after(afterMs, () => advance(pod, life, next));
  };

  const stop = (pod: KubeObject): void => {
    const found = podStillThere(world, pod);
    if (found === undefined) return;
    if (world.troubles.kubeletGone(nodeOf(found))) {
      world.pace.after(RETRY_MS, () => stop(pod));
      return;
    }
    const { namespace, name } = keyOf(found);
    world.store.remove(type, namespace, name);
  };

  return {
    see: (pod) => {
      const { uid = '', deletionTimestamp } = pod.metadata;
      if (deletionTimestamp !== undefined && !stopping.has(uid)) {
        stopping.add(uid);
        if (isAgent(pod)) world.agents.setUp(nodeOf(pod), false);
        world.pace.after(world.pace.stopMs, () => stop(pod));
        return;
      }
      if (deletionTimestamp !== undefined || alive.has(uid) || hasStarted(pod)) return;
      alive.add(uid);
      world.pace.after(nodeOf(pod) === '' ? 5 : SCHEDULE_MS, () => advance(pod, {}, bind));
    },
    forget: (pod) => {
      const { uid = '' } = pod.metadata;
      alive.delete(uid);
      stopping.delete(uid);
      failures.delete(uid);
      probes.forget(pod);
      if (isAgent(pod)) world.agents.setUp(nodeOf(pod), false);
      if (!isHostNetwork(pod) && recordAt(pod, 'status')['podIP'] !== undefined) removeEndpoint(world, pod);
    },
    probeLines: probes.linesOf,
    lastWords: (pod) => failures.get(pod.metadata.uid ?? ''),
  };
}
