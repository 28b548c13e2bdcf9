import type { RunId } from '../core/ids.ts';
import type { Queues } from '../core/ports/ports.ts';
import type { RunEvent } from '../core/run/events.ts';

/** Progress may wait for the spacing between edits; these change what a run is, and people wait for them. */
const URGENT: ReadonlySet<RunEvent['type']> = new Set([
  'planned',
  'approved',
  'voted',
  'voided',
  'handed-back',
  'cancel-requested',
  'ended',
]);

/** Asks for the run to be rendered after `event`. @throws OpsError QueueUnavailable: the sweep makes up for it */
export async function wakeRenderer(queues: Queues, run: RunId, event: RunEvent['type']): Promise<void> {
  await queues.add({ type: 'render' }, run);
  if (URGENT.has(event)) await queues.hurry(run);
}
