/** What every controller gets, and the small moves they share. */
import { isDeepStrictEqual } from 'node:util';
import type { Agents } from '../agent/agents.ts';
import type { KubeObject } from '../kube-object.ts';
import type { ResourceType } from '../resources.ts';
import type { Store } from '../store.ts';
import type { Pace } from './pace.ts';

/** What the switchboard does to kubelets and agents; asked each time, so that a mended fault ends at once. */
export type NodeTroubles = {
  /** The kubelet neither starts nor stops anything. */
  readonly kubeletGone: (node: string) => boolean;
  /** New agent pods of this node: never start, crash, or start with the configuration of before. */
  readonly agentTrouble: (node: string) => 'pending' | 'crash' | 'old-mode' | undefined;
  readonly imageMissing: (image: string) => boolean;
  /** Somebody else listens on this port of the host. */
  readonly portTaken: (node: string) => boolean;
  /** No CPU left for pods that ask for some. */
  readonly nodeFull: (node: string) => boolean;
};

export type ControllerWorld = {
  readonly store: Store;
  readonly type: (apiVersion: string, kind: string) => ResourceType;
  readonly agents: Agents;
  readonly pace: Pace;
  readonly now: () => Date;
  readonly troubles: NodeTroubles;
};

export type ObjectKey = { readonly namespace: string; readonly name: string };

export function keyOf(object: KubeObject): ObjectKey {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
}

export function timestamp(now: Date): string {
  return `${now.toISOString().slice(0, 19)}Z`;
}

/** Writes only what differs: a status that stays the same is no event. */
export function putIfChanged(
  world: ControllerWorld,
  type: ResourceType,
  before: KubeObject,
  after: KubeObject,
): KubeObject {
  return isDeepStrictEqual(before, after) ? before : world.store.put(type, after);
}
