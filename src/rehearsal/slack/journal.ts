import { wireCopy } from './json.ts';

/** One thing that crossed the wire, or happened inside; the last 1,000 are kept. */
type JournalEntry = {
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly direction: 'to_bot' | 'from_bot' | 'internal';
  readonly kind: string;
  readonly summary: string;
  readonly detail: unknown;
};

export type Journal = {
  readonly add: (entry: Omit<JournalEntry, 'id' | 'time'>) => void;
  readonly entries: () => readonly JournalEntry[];
  readonly clear: () => void;
};

const KEPT = 1_000;

/** Details are copied when they are written: a later edit of a message does not rewrite history. */
export function createJournal(now: () => number): Journal {
  let entries: JournalEntry[] = [];
  let nextId = 1;
  return {
    add(entry) {
      entries.push({ ...entry, id: nextId++, time: now(), detail: wireCopy(entry.detail) });
      if (entries.length > KEPT * 2) entries = entries.slice(-KEPT);
    },
    entries: () => entries.slice(-KEPT),
    clear() {
      entries = [];
    },
  };
}
