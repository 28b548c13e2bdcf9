import { type Clock, SECOND_MS } from '../../core/clock.ts';
import { OpsError, toOpsError } from '../../core/errors.ts';
import type { CancelReason, Log, Processed } from '../../core/ports/ports.ts';
import type { Outcome } from '../../core/run/outcome.ts';
import type { Run } from '../../core/run/run.ts';
import { loadRun } from '../record.ts';
import { type Attempt, now } from './attempt.ts';
import type { ExecuteDeps } from './executing.ts';

/** A job that only reads gets this long to notice that it should stop; then nobody waits for it any more. */
const STOP_GRACE_MS = 5 * SECOND_MS;

export type Limits = {
  readonly run: Run;
  readonly attempt: Attempt;
  readonly aborted: AbortSignal;
  readonly deadlineMs: number;
  /** It makes things that it must remove itself: it is waited for, whatever the time. */
  readonly cleansUp: boolean;
};

type Perform = (working: { readonly signal: AbortSignal; readonly log: Log }) => Promise<Processed>;

/**
 * Does `perform` until it is done, somebody stops it or its time is up, and ends the run accordingly. For work that
 * changes nothing which is there already: it may be left at any moment.
 * @throws OpsError of the store: nothing can be recorded then, and the queue tries the whole attempt again
 */
export async function withinLimits(deps: ExecuteDeps, limits: Limits, perform: Perform): Promise<Processed> {
  const { run, attempt, aborted, deadlineMs, cleansUp } = limits;
  const deadline = AbortSignal.timeout(deadlineMs);
  const signal = AbortSignal.any([aborted, deadline]);
  const { log } = deps;
  try {
    const performing = perform({ signal, log });
    return await (cleansUp ? performing : unlessStuck(performing, signal, deps.clock));
  } catch (thrown) {
    if (thrown instanceof OpsError && thrown.code === 'Superseded') throw thrown;
    if (aborted.aborted) return endEarly(deps, { attempt, run, reason: reasonOf(aborted) });
    log.warn({ err: thrown }, 'job did not finish');
    return attempt.end(endingOf(thrown, limits, deadline));
  }
}

function endingOf(thrown: unknown, { attempt, deadlineMs }: Limits, deadline: AbortSignal): Outcome {
  // The message to this worker was missed: its own append found the wish on record.
  const by = attempt.cancelledBy();
  if (by) return { type: 'cancelled', by };
  if (deadline.aborted) return timedOut(deadlineMs, attempt);
  const error = toOpsError(thrown);
  if (error.blame === 'store') throw error;
  return failed(error);
}

/** What `work` answers; or a rejection, `STOP_GRACE_MS` after the signal, while the work goes on unheard. */
async function unlessStuck<T>(work: Promise<T>, signal: AbortSignal, clock: Clock): Promise<T> {
  const settled = new AbortController();
  const stuck = new Promise<never>((_, reject) => {
    const begin = (): void => {
      clock.sleep(STOP_GRACE_MS, settled.signal).then(
        () => reject(new Error('the job did not stop')),
        () => undefined,
      );
    };
    if (signal.aborted) begin();
    else signal.addEventListener('abort', begin, { once: true, signal: settled.signal });
  });
  try {
    return await Promise.race([work, stuck]);
  } finally {
    settled.abort();
  }
}

type Early = { readonly run: Run; readonly attempt: Attempt; readonly reason: CancelReason };

async function endEarly(deps: ExecuteDeps, { run, attempt, reason }: Early): Promise<Processed> {
  switch (reason.type) {
    case 'lock-lost':
      // Another worker has the job by now: it writes the next event, not we.
      return { type: 'done' };
    case 'shutdown':
      return handBack(deps, attempt);
    case 'person': {
      const { cancel } = await loadRun(deps.state.runs, run.request.run);
      return attempt.end({ type: 'cancelled', by: cancel?.by ?? run.request.by });
    }
    default:
      throw new Error(`unhandled ${JSON.stringify(reason satisfies never)}`);
  }
}

export async function handBack(deps: ExecuteDeps, attempt: Attempt): Promise<Processed> {
  const why = 'the worker was shut down';
  await attempt.append({ type: 'handed-back', at: now(deps), attempt: attempt.number, why });
  return { type: 'returned' };
}

export function reasonOf(signal: AbortSignal): CancelReason {
  const reason: unknown = signal.reason;
  const known: readonly CancelReason[] = [{ type: 'person' }, { type: 'shutdown' }, { type: 'lock-lost' }];
  const type = typeof reason === 'object' && reason !== null && 'type' in reason ? reason.type : undefined;
  return known.find((each) => each.type === type) ?? { type: 'lock-lost' };
}

function timedOut(afterMs: number, attempt: Attempt): Outcome {
  const lastStep = attempt.lastStep();
  return { type: 'timed-out', afterMs, ...(lastStep === undefined ? {} : { lastStep }) };
}

function failed(error: OpsError): Outcome {
  const nextStep = error.nextStep === undefined ? {} : { nextStep: error.nextStep.slice(0, 400) };
  return { type: 'failed', code: error.code, message: error.message.slice(0, 1_000), ...nextStep };
}
