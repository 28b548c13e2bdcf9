import { SECOND_MS } from '../../core/clock.ts';
import { OpsError } from '../../core/errors.ts';
import type { Progress } from '../../core/job.ts';
import type { Processed } from '../../core/ports/ports.ts';
import type { Outcome } from '../../core/run/outcome.ts';
import { type Attempt, now } from './attempt.ts';
import { keepProgress } from './drain.ts';
import type { ExecuteDeps } from './executing.ts';

const RETRY_MS = 2 * SECOND_MS;
/** Counts are the bulk of it, and only the last ones matter. */
const MAX_BACKLOG = 500;

type Held = { readonly at: string; readonly progress: Progress };

/**
 * Recording for a change, which must not stop half-way because the store is away: what cannot be written waits, in
 * order and with its own time, and the end is written when the store is back. That another attempt has taken over is
 * thrown at once (Superseded).
 */
export function createPatientRecord(deps: ExecuteDeps, attempt: Attempt, signal: AbortSignal) {
  let backlog: Held[] = [];

  async function flush(): Promise<void> {
    for (let next = backlog[0]; next !== undefined; next = backlog[0]) {
      await keepProgress(attempt, next.progress, next.at);
      backlog.shift();
    }
  }

  async function patiently(write: () => Promise<void>): Promise<boolean> {
    try {
      await write();
      return true;
    } catch (thrown) {
      if (!(thrown instanceof OpsError) || thrown.blame !== 'store') throw thrown;
      deps.log.warn({ err: thrown, waiting: backlog.length }, 'progress not recorded yet: the change goes on');
      return false;
    }
  }

  return {
    async take(progress: Progress): Promise<void> {
      if (backlog.length >= MAX_BACKLOG) backlog = backlog.filter((held) => held.progress.type !== 'counted');
      backlog.push({ at: now(deps), progress });
      await patiently(flush);
    },
    /** @throws the signal's reason when the worker shuts down before the store is back */
    async end(outcome: Outcome): Promise<Processed> {
      const write = async (): Promise<void> => {
        await flush();
        await attempt.end(outcome);
      };
      while (!(await patiently(write))) await deps.clock.sleep(RETRY_MS, signal);
      return { type: 'done' };
    },
  };
}
