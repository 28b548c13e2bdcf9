/** The taint that the Cilium operator puts on a node whose agent does not run. */
import { type KubeObject, listAt, recordAt, textAt } from '../kube-object.ts';
import type { ControllerWorld } from './world.ts';

const TAINT = { key: 'node.cilium.io/agent-not-ready', effect: 'NoSchedule' };

function isTaint(taint: unknown): boolean {
  return textAt(taint, 'key') === TAINT.key;
}

function replaceTaints(world: ControllerWorld, name: string, change: (taints: readonly unknown[]) => unknown[]): void {
  const type = world.type('v1', 'Node');
  const node = world.store.get(type, '', name);
  if (node === undefined) return;
  const taints = change(listAt(node, 'spec', 'taints'));
  const { taints: _before, ...spec } = recordAt(node, 'spec');
  const changed: KubeObject = { ...node, spec: { ...spec, ...(taints.length > 0 ? { taints } : {}) } };
  world.store.put(type, changed);
}

function hasTaint(world: ControllerWorld, name: string): boolean {
  return listAt(world.store.get(world.type('v1', 'Node'), '', name), 'spec', 'taints').some(isTaint);
}

export function addAgentTaint(world: ControllerWorld, node: string): void {
  if (!hasTaint(world, node)) replaceTaints(world, node, (taints) => [...taints, TAINT]);
}

export function removeAgentTaint(world: ControllerWorld, node: string): void {
  if (hasTaint(world, node)) replaceTaints(world, node, (taints) => taints.filter((taint) => !isTaint(taint)));
}
