import type { Lane } from '../core/ports/ports.ts';
import type { Run } from '../core/run/run.ts';

/** Planning reads and may go beside anything; what is approved waits its turn: one change at a time per cluster. */
export function laneOf({ request, approvedDigest }: Pick<Run, 'request' | 'approvedDigest'>): Lane {
  return { type: approvedDigest === undefined ? 'read' : 'change', cluster: request.cluster };
}

/** Whether a worker has something to do for it. */
export function wantsWorker({ now }: Run): boolean {
  return now.state === 'queued' || now.state === 'running' || now.state === 'approved';
}
