/**
 * Pods that ask others once a second, as their shell loop would: a container with the variable
 * PROBE_TARGETS="node2=10.0.2.9 node3=10.0.0.7" logs `<unix ms> <target> ok <client address>` or
 * `<unix ms> <target> fail` for each target. Nothing else of the container's program is looked at.
 */
import { reach } from '../agent/reachability.ts';
import { type KubeObject, listAt, textAt } from '../kube-object.ts';
import { podStillThere } from './pods.ts';
import type { ControllerWorld } from './world.ts';

const VARIABLE = 'PROBE_TARGETS';
const INTERVAL_MS = 1_000;
/** A quarter of an hour of twenty targets; a kubelet rotates logs as well. */
const MAX_LINES = 20_000;

export type ProbeLine = { readonly atMs: number; readonly text: string };

export type Probes = {
  readonly begin: (pod: KubeObject) => void;
  readonly forget: (pod: KubeObject) => void;
  /** Undefined for pods that are no probes. */
  readonly linesOf: (pod: KubeObject) => readonly ProbeLine[] | undefined;
};

function targetsOf(pod: KubeObject): readonly (readonly [string, string])[] {
  const variables = listAt(pod, 'spec', 'containers').flatMap((container) => listAt(container, 'env'));
  const found = variables.find((variable) => textAt(variable, 'name') === VARIABLE);
  const words = textAt(found, 'value').split(/\s+/).filter(Boolean);
  return words.map((word) => {
    const [name = '', address = ''] = word.split('=');
    return [name, address];
  });
}

export function createProbes(world: ControllerWorld): Probes {
  const logs = new Map<string, ProbeLine[]>();

  const ask = (pod: KubeObject, lines: ProbeLine[]): void => {
    const found = podStillThere(world, pod);
    if (found === undefined) return;
    const sender = { node: textAt(found, 'spec', 'nodeName'), ip: textAt(found, 'status', 'podIP') };
    const atMs = world.now().getTime();
    for (const [name, address] of targetsOf(found)) {
      const reached = reach(world.agents, sender, address);
      lines.push({ atMs, text: `${atMs} ${name} ${reached.ok ? `ok ${reached.client}` : 'fail'}` });
    }
    if (lines.length > MAX_LINES) lines.splice(0, lines.length - MAX_LINES);
    world.pace.after(INTERVAL_MS, () => ask(pod, lines));
  };

  return {
    begin: (pod) => {
      const { uid = '' } = pod.metadata;
      if (targetsOf(pod).length === 0 || logs.has(uid)) return;
      const lines: ProbeLine[] = [];
      logs.set(uid, lines);
      ask(pod, lines);
    },
    forget: (pod) => void logs.delete(pod.metadata.uid ?? ''),
    linesOf: (pod) => logs.get(pod.metadata.uid ?? ''),
  };
}
