import { OpsError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { RunStore } from '../core/ports/ports.ts';
import { RunEvent } from '../core/run/events.ts';
import { fold, follow, type Run } from '../core/run/run.ts';

/** @throws OpsError UnknownRun, StoreUnavailable */
export async function loadRun(runs: RunStore, id: RunId): Promise<Run> {
  const run = fold(await runs.read(id, 0));
  if (!run)
    throw new OpsError('UnknownRun', `there is no run ${id}`, {
      nextStep: 'it may have been removed: runs are kept for a limited time',
    });
  return run;
}

export type Recorded =
  | { readonly ok: true; readonly run: Run }
  | { readonly ok: false; readonly run: Run; readonly why: string };

/**
 * Appends `event` to a run as it is now: when somebody else was first, the run is read again and the event is judged
 * against the new state, so that every race has one outcome and the loser learns why.
 * @throws OpsError UnknownRun, StoreUnavailable, Superseded when a newer version of the bot writes to the run, Bug
 * when the event could not be read back: it would hide every event after it
 */
export async function record(runs: RunStore, id: RunId, event: RunEvent, known?: Run): Promise<Recorded> {
  const readable = RunEvent.safeParse(event);
  if (!readable.success)
    throw new OpsError('Bug', `an event "${event.type}" is not well-formed`, { cause: readable.error });
  let run = known ?? (await loadRun(runs, id));
  for (;;) {
    const next = follow(run, event);
    if (!next.ok) return { ok: false, run, why: next.why };
    const appended = await runs.append(id, run.seq, event);
    if (appended.ok) return { ok: true, run: next.run };
    run = await loadAfter(runs, run);
  }
}

/**
 * The run again, after somebody else was first to append to it.
 * @throws OpsError Superseded when the store has more events than this version can read: whoever wrote them decides
 */
export async function loadAfter(runs: RunStore, before: Run): Promise<Run> {
  const run = await loadRun(runs, before.request.run);
  if (run.seq > before.seq) return run;
  throw new OpsError('Superseded', 'a newer version of the bot writes to this run');
}
