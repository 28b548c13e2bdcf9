import type { Clock } from '../../core/clock.ts';
import { OpsError } from '../../core/errors.ts';
import type { RunId } from '../../core/ids.ts';
import type { Log, Processed, Queues, State } from '../../core/ports/ports.ts';
import type { RunEvent } from '../../core/run/events.ts';
import type { Run } from '../../core/run/run.ts';
import { type Decision, decide } from '../../core/run/votes.ts';
import { freezeOf } from '../freeze.ts';
import { laneOf } from '../lanes.ts';
import { loadAfter, loadRun } from '../record.ts';
import { wakeRenderer } from '../wake.ts';

export type SettleDeps = {
  readonly state: State;
  readonly queues: Queues;
  readonly clock: Clock;
  readonly log: Log;
};

/**
 * Turns votes and time into what follows from them: approved, rejected, expired, or still waiting. Called after every
 * vote, at every deadline and by the sweep, in any process, any number of times: whoever appends first decides, and
 * the others find it decided.
 * @throws OpsError Superseded when a newer version of the bot writes to the run; StoreUnavailable: nothing is approved while the store cannot say whether the cluster is frozen
 */
export async function settle(deps: SettleDeps, id: RunId): Promise<Run> {
  for (let run = await loadRun(deps.state.runs, id); ; run = await loadAfter(deps.state.runs, run)) {
    const event = await whatFollows(deps, run);
    if (event === undefined) return run;
    const appended = await deps.state.runs.append(id, run.seq, event);
    // Somebody was first: what follows may be something else by now.
    if (!appended.ok) continue;
    const settled = await loadRun(deps.state.runs, id);
    await tell(deps, settled, event.type);
    return settled;
  }
}

export function decisionOf({ plan, votes, request }: Run, now: Date): Decision | undefined {
  return plan === undefined ? undefined : decide(plan, request.by.user, votes, now);
}

async function whatFollows({ state, clock }: SettleDeps, run: Run): Promise<RunEvent | undefined> {
  if (run.now.state !== 'awaiting-approval') return undefined;
  const now = clock.now();
  const at = now.toISOString();
  // The wish came while the plan was being put on record, when no worker looked for it any more.
  if (run.cancel) return { type: 'ended', at, outcome: { type: 'cancelled', by: run.cancel.by } };
  const decision = decisionOf(run, now);
  switch (decision?.type) {
    case 'go': {
      const frozen = await freezeOf(state.blobs, run.request.cluster);
      return frozen === undefined ? { type: 'approved', at, digest: run.now.plan.digest } : undefined;
    }
    case 'stop': {
      const { by, reason } = decision;
      return { type: 'ended', at, outcome: { type: 'rejected', by, ...(reason === undefined ? {} : { reason }) } };
    }
    case 'expired':
      return { type: 'ended', at, outcome: { type: 'expired' } };
    case 'wait':
    case 'wait-for-window':
    case 'hold':
    case undefined:
      return undefined;
    default:
      throw new Error(`unhandled ${JSON.stringify(decision satisfies never)}`);
  }
}

/** The event is on record, and the sweep makes up for what fails here. */
async function tell({ queues, log }: SettleDeps, run: Run, event: RunEvent['type']): Promise<void> {
  const id = run.request.run;
  const missed = (thrown: unknown): void => log.warn({ err: thrown, run: id }, 'decision not passed on yet');
  if (run.now.state === 'approved') await queues.add(laneOf(run), id).catch(missed);
  await wakeRenderer(queues, id, event).catch(missed);
}

/** Lane `deadline`: the run's time is up, or its window opens. */
export async function atDeadline(deps: SettleDeps, id: RunId): Promise<Processed> {
  // A run may be removed while its reminder waits.
  const run = await settle(deps, id).catch((thrown: unknown) => {
    if (thrown instanceof OpsError && thrown.code === 'UnknownRun') return undefined;
    throw thrown;
  });
  if (run === undefined) return { type: 'done' };
  const next = nextMoment(run, deps.clock.now());
  if (next === undefined) return { type: 'done' };
  return { type: 'later', afterMs: next.at.getTime() - deps.clock.now().getTime() };
}

type Moment = { readonly at: Date; readonly key: string };

/** When a waiting run must be looked at again though nobody votes. */
export function nextMoment(run: Run, now: Date): Moment | undefined {
  if (run.now.state !== 'awaiting-approval') return undefined;
  const { opensAt, expiresAt, digest } = run.now.plan;
  const opens = opensAt === undefined ? undefined : new Date(opensAt);
  const at = opens !== undefined && opens > now ? opens : new Date(expiresAt);
  // A plan that was made again with the same digest has another time.
  return { at, key: `${digest.replace(/[^0-9a-z]/gi, '').slice(-8)}-${at.getTime()}` };
}

export async function remindOf({ queues }: Pick<SettleDeps, 'queues'>, run: Run, now: Date): Promise<void> {
  const moment = nextMoment(run, now);
  if (moment) await queues.remind(run.request.run, moment.at, moment.key);
}
