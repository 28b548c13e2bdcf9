/** State of the switchboard; what each switch does to the cluster is in `fault-effects.ts`. */
import type { UiSwitchboard } from '../slack/ui-protocol.ts';
import { type FaultId, OFF, SWITCHES } from './switches.ts';

/** Breaks something and returns how to mend it. */
export type Effect = () => () => void;

export type Faults = {
  readonly value: (id: FaultId) => string;
  /** Mends what the switch broke before, then breaks what it says now. @throws RangeError for an unknown id or value. */
  readonly set: (id: string, value: string) => void;
  readonly board: () => UiSwitchboard;
  /** Every switch back to `off`. */
  readonly reset: () => void;
  /** Whether exec into this node's pods hangs, as with a frozen kubelet. */
  readonly isFrozen: (nodeName: string) => boolean;
  /** Called when open watches are to break; returns how to stop listening. */
  readonly onWatchDrop: (drop: () => void) => () => void;
};

export type FaultsInput = {
  readonly effectOf: (id: FaultId, value: string) => Effect | undefined;
  readonly lastNode: () => string;
};

const BREAKS_WATCHES: ReadonlySet<string> = new Set([
  'watches dropped',
  'api unreachable',
  'api gone-5s',
  'api gone-15s',
  'api gone-60s',
]);

/** @throws RangeError */
function switchOf(id: string, wanted: string): FaultId {
  const found = SWITCHES.find((candidate) => candidate.id === id);
  if (found === undefined) throw new RangeError(`there is no switch ${id}`);
  if (!found.options.some((option) => option.value === wanted)) throw new RangeError(`${id} has no option ${wanted}`);
  return found.id;
}

export function createFaults({ effectOf, lastNode }: FaultsInput): Faults {
  const values = new Map<FaultId, string>();
  const mends = new Map<FaultId, () => void>();
  const droppers = new Set<() => void>();
  const value = (id: FaultId): string => values.get(id) ?? OFF;

  const change = (id: FaultId, wanted: string): void => {
    if (value(id) === wanted) return;
    mends.get(id)?.();
    mends.delete(id);
    values.set(id, wanted);
    const mend = effectOf(id, wanted)?.();
    if (mend !== undefined) mends.set(id, mend);
    if (BREAKS_WATCHES.has(`${id} ${wanted}`)) for (const drop of [...droppers]) drop();
  };

  return {
    value,
    set: (id, wanted) => change(switchOf(id, wanted), wanted),
    board: () => ({
      id: 'cluster',
      title: 'Rehearsal cluster',
      switches: SWITCHES.map((entry) => ({ ...entry, value: value(entry.id) })),
    }),
    reset: () => {
      for (const id of [...values.keys()].reverse()) change(id, OFF);
    },
    isFrozen: (nodeName) => {
      const broken = value('agent') === 'frozen' || value('node') === 'not-ready';
      return broken && nodeName === lastNode();
    },
    onWatchDrop: (drop) => {
      droppers.add(drop);
      return () => droppers.delete(drop);
    },
  };
}
