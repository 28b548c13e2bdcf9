/** The switchboard: what a person or a test can break, and mend, while the cluster runs. */
import type { UiSwitch, UiSwitchboard } from '../slack/ui-protocol.ts';

export type FaultId = 'api' | 'watches' | 'continue-tokens';

export type Faults = {
  readonly value: (id: FaultId) => string;
  /** @throws RangeError for an id or value that is not on the board. */
  readonly set: (id: string, value: string) => void;
  readonly board: () => UiSwitchboard;
  /** Called when watches are to break; returns how to stop listening. */
  readonly onWatchDrop: (drop: () => void) => () => void;
  readonly reset: () => void;
};

export const OFF = 'off';

const SWITCHES: readonly (Omit<UiSwitch, 'value'> & { readonly id: FaultId })[] = [];

export function createFaults(): Faults {
  const values = new Map<string, string>();
  const droppers = new Set<() => void>();
  const value = (id: FaultId): string => values.get(id) ?? OFF;
  return {
    value,
    set: (id, wanted) => {
      values.set(id, wanted);
    },
    board: () => ({
      id: 'cluster',
      title: 'Rehearsal cluster',
      switches: SWITCHES.map((entry) => ({ ...entry, value: value(entry.id) })),
    }),
    onWatchDrop: (drop) => {
      droppers.add(drop);
      return () => droppers.delete(drop);
    },
    reset: () => values.clear(),
  };
}
