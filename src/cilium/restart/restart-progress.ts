import type { RestartOwner } from './restart-work.ts';

/** A pod as one look at its namespace tells it. */
export type SeenPod = {
  readonly name: string;
  readonly uid: string;
  /** `ownerKey` of whom it belongs to. */
  readonly owner: string;
  readonly ready: boolean;
  readonly terminating: boolean;
  readonly finished: boolean;
  /** It has a CiliumEndpoint. */
  readonly managed: boolean;
};

/** Where an owner's pods stand. Judged from what is there alone: an attempt that begins anew sees the same. */
export type OwnerState = {
  /** Planned pods that still run unmanaged, or with a stale route MTU, for whom an eviction is due. */
  readonly due: readonly SeenPod[];
  /** Pods that are away: ending, not ready yet, without their endpoint, or not even made. */
  readonly away: number;
  /** Replacements that are there and not yet ready with their endpoint. */
  readonly unready: readonly SeenPod[];
  /** Fewer pods than it wanted, although none of them is on its way. */
  readonly short: boolean;
  /** Planned pods that are replaced, ready, and Cilium's. */
  readonly done: number;
  readonly finished: boolean;
};

/** `size`: how many pods the owner wants by now. */
export function judgeOwner(owner: RestartOwner, size: number, seen: readonly SeenPod[]): OwnerState {
  const planned = new Set(owner.pods.map(([, uid]) => uid));
  const alive = seen.filter(({ terminating }) => !terminating);
  const isOpen = (pod: SeenPod): boolean => (owner.evictManaged === true ? !pod.finished : !isCiliums(pod));
  const due = alive.filter((pod) => planned.has(pod.uid) && isOpen(pod));
  const leaving = seen.filter((pod) => pod.terminating && planned.has(pod.uid)).length;
  const others = alive.filter((pod) => !due.includes(pod));
  const unready = others.filter((pod) => !isCiliums(pod) || !isWell(pod));
  // A bare pod has no replacement: it is done when it is gone.
  const missing = owner.size === 0 ? 0 : Math.max(0, size - alive.length);
  const away = owner.size === 0 ? leaving : Math.max(missing + unready.length, leaving);
  return {
    due,
    away,
    unready,
    short: missing > 0 && leaving === 0 && unready.length === 0,
    done: Math.max(0, owner.pods.length - due.length - away),
    finished: due.length === 0 && away === 0,
  };
}

function isCiliums({ managed, finished }: SeenPod): boolean {
  return managed || finished;
}

function isWell({ ready, finished }: SeenPod): boolean {
  return ready || finished;
}

/** Pods whose turn it is: no more than may be away at once. The last ordinal goes first, as in a rollout. */
export function turnOf({ atOnce }: RestartOwner, { due, away }: OwnerState): readonly SeenPod[] {
  const sorted = due.toSorted((left, right) => BY_NUMBER.compare(right.name, left.name));
  return sorted.slice(0, Math.max(0, atOnce - away));
}

const BY_NUMBER = new Intl.Collator('en', { numeric: true });
