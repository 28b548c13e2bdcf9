import type { RunId } from '../core/ids.ts';
import type { Log } from '../core/ports/ports.ts';
import { RunEvent } from '../core/run/events.ts';

/**
 * Parses what was read back. Reading stops at the first event it does not understand (written by a newer version, or
 * damaged) and says so in the log: a prefix of a legal history is legal, so the run can still be shown as far as it is
 * understood. Such a process cannot write to the run either, since its `afterSeq` is behind: the newer one decides.
 */
export function understood(run: RunId, afterSeq: number, stored: readonly string[], log: Log): readonly RunEvent[] {
  const events: RunEvent[] = [];
  for (const text of stored) {
    const parsed = RunEvent.safeParse(parseJson(text));
    if (!parsed.success) {
      const seq = afterSeq + events.length + 1;
      log.warn({ run, seq, unread: stored.length - events.length }, 'the run has an event this version cannot read');
      return events;
    }
    events.push(parsed.data);
  }
  return events;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
