import { judgeOwner, type OwnerState, type SeenPod } from '../../src/cilium/restart/restart-progress.ts';
import { keyOf, type RestartOwner, type RestartWork } from '../../src/cilium/restart/restart-work.ts';
import type { ChangeContext } from '../../src/core/job.ts';

/** What this attempt remembers of one owner. Everything that must survive it is read from the cluster. */
export type OwnerWatch = {
  readonly owner: RestartOwner;
  readonly key: string;
  /** Pods it wants by now. */
  size: number;
  state: OwnerState;
  /** What a budget last said, and from when on it may be asked again. */
  blocked: { readonly why: string; readonly askAtMs: number } | undefined;
  /** Pods that the API server will never evict, by uid, and why. */
  readonly refused: Map<string, string>;
  /** How long nothing has changed, in time in which the cluster answered. */
  idleMs: number;
  /** Why nothing more is done about it. */
  gaveUp: string | undefined;
  told: 'no' | 'begun' | 'ended';
};

export type Restarting = {
  readonly context: ChangeContext;
  readonly work: RestartWork;
  readonly startedMs: number;
  readonly watches: readonly OwnerWatch[];
};

const UNSEEN: OwnerState = { due: [], away: 0, unready: [], short: false, done: 0, finished: false };

export function openRestarting(context: ChangeContext, work: RestartWork): Restarting {
  const watches = work.owners.map(
    (owner): OwnerWatch => ({
      owner,
      key: keyOf(owner),
      size: owner.size,
      state: UNSEEN,
      blocked: undefined,
      refused: new Map(),
      idleMs: 0,
      gaveUp: undefined,
      told: 'no',
    }),
  );
  return { context, work, startedMs: context.clock.now().getTime(), watches };
}

/** Nothing more will happen to it. */
export function isOver({ state, gaveUp, refused }: OwnerWatch): boolean {
  return (
    gaveUp !== undefined ||
    state.finished ||
    (refused.size > 0 && state.away === 0 && state.due.every(({ uid }) => refused.has(uid)))
  );
}

/** Takes in what a look saw; time only counts against an owner about whom nothing changed. */
export function update(watch: OwnerWatch, seen: readonly SeenPod[], passedMs: number): void {
  const before = watch.state;
  watch.state = judgeOwner(watch.owner, watch.size, seen);
  const { due, away, done, unready } = watch.state;
  const moved = due.length !== before.due.length || away !== before.away || done !== before.done;
  watch.idleMs = moved || unready.length !== before.unready.length ? 0 : watch.idleMs + passedMs;
}

export function doneOf(watches: readonly OwnerWatch[]): number {
  return watches.reduce((sum, { state }) => sum + state.done, 0);
}

export function plannedOf(watches: readonly OwnerWatch[]): number {
  return watches.reduce((sum, { owner }) => sum + owner.pods.length, 0);
}
