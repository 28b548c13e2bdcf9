import type { Actor } from '../actor.ts';
import type { Requested, RunEvent, RunEventOf } from './events.ts';
import type { Outcome } from './outcome.ts';

/**
 * A run's state is a fold over its events. States and the events that lead on:
 *
 *   queued ──started──▶ running ──ended──▶ ended
 *     ▲                  │  │ └─planned──▶ awaiting-approval ──approved──▶ approved ──started──▶ running …
 *     └──handed-back─────┘  └─started (attempt n+1: the worker before was lost)
 *
 * `cancel-requested` and `ended` may come in every state but `ended`. Anything else is refused with a reason, so a
 * lost race is an answer and never a broken run.
 */
export type RunState =
  | { readonly state: 'queued' }
  | {
      readonly state: 'awaiting-approval';
      readonly plan: RunEventOf<'planned'>;
      readonly votes: readonly RunEventOf<'voted'>[];
    }
  | { readonly state: 'approved'; readonly plan: RunEventOf<'planned'>; readonly votes: readonly RunEventOf<'voted'>[] }
  | { readonly state: 'running'; readonly startedAt: string; readonly worker: string }
  | { readonly state: 'ended'; readonly outcome: Outcome; readonly endedAt: string };

/** Why an attempt ended that nobody handed back. */
export const WORKER_LOST = 'the worker stopped answering';

export type StepView = {
  readonly step: string;
  readonly title: string;
  readonly state: 'running' | 'ok' | 'warn' | 'failed' | 'skipped' | 'interrupted';
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly count?: { readonly done: number; readonly total: number };
  readonly detail?: string;
};

export type Run = {
  readonly request: Requested;
  /** Number of events folded: the sequence number of the last one. */
  readonly seq: number;
  readonly now: RunState;
  /** Times a worker began: 0 while nobody has. */
  readonly attempt: number;
  /** What became of earlier attempts, oldest first: the thread tells it. */
  readonly losses: readonly {
    readonly attempt: number;
    readonly worker: string;
    readonly startedAt: string;
    /** When it was known, which for a lost worker is when the next one began. */
    readonly at: string;
    readonly why: string;
  }[];
  readonly steps: readonly StepView[];
  readonly artifacts: readonly RunEventOf<'artifact'>[];
  readonly cancel?: { readonly by: Actor; readonly at: string; readonly reason?: string };
  /** The newest plan of a change and the votes on it; both outlive the waiting. */
  readonly plan?: RunEventOf<'planned'>;
  readonly votes: readonly RunEventOf<'voted'>[];
  /** On plans that were made again since: they count no more, and belong into the record all the same. */
  readonly earlierVotes: readonly RunEventOf<'voted'>[];
  /** The approved plan, once there is one and the world has not voided it. */
  readonly approvedDigest?: string;
  /** Why an earlier approval does not count any more. */
  readonly voided?: { readonly at: string; readonly changed: readonly string[] };
  /** Set once the approved change began to write: from then on it is finished or undone, never planned again. */
  readonly applying?: { readonly at: string; readonly attempt: number };
  readonly lastEventAt: string;
};

export type Followed = { readonly ok: true; readonly run: Run } | { readonly ok: false; readonly why: string };

/** The state after `event`, or why the event may not follow. Never throws. */
export function follow(run: Run | undefined, event: RunEvent): Followed {
  if (run === undefined)
    return event.type === 'requested' ? { ok: true, run: begin(event) } : no('the run was never requested');
  if (event.type === 'requested') return no('the run was requested already');
  if (run.now.state === 'ended') return no(`the run has ended (${run.now.outcome.type})`);
  const next = step(run, event);
  if (typeof next === 'string') return no(next);
  const { approvedDigest, ...rest } = { ...run, ...next };
  const approval = approvedDigest === undefined ? {} : { approvedDigest };
  return { ok: true, run: { ...rest, ...approval, seq: run.seq + 1, lastEventAt: event.at } };
}

/** @throws Error when the list is not a legal history: it was then not written through `follow`. */
export function fold(events: readonly RunEvent[]): Run | undefined {
  let run: Run | undefined;
  for (const event of events) {
    const next = follow(run, event);
    if (!next.ok) throw new Error(`illegal history: ${event.type} at ${(run?.seq ?? 0) + 1}: ${next.why}`);
    run = next.run;
  }
  return run;
}

function no(why: string): Followed {
  return { ok: false, why };
}

function begin(request: Requested): Run {
  return {
    request,
    seq: 1,
    now: { state: 'queued' },
    attempt: 0,
    losses: [],
    steps: [],
    artifacts: [],
    votes: [],
    earlierVotes: [],
    lastEventAt: request.at,
  };
}

/** What becomes different, or why the event is refused. An `approvedDigest` that is undefined takes the approval back. */
type Change = (Partial<Omit<Run, 'approvedDigest'>> & { readonly approvedDigest?: string | undefined }) | string;

function step(run: Run, event: Exclude<RunEvent, Requested>): Change {
  switch (event.type) {
    case 'started':
      return onStarted(run, event);
    case 'cancel-requested':
      return onCancel(run, event);
    case 'ended':
      return {
        now: { state: 'ended', outcome: event.outcome, endedAt: event.at },
        steps: closeSteps(run.steps, event.at),
      };
    case 'voted':
      return onVoted(run, event);
    case 'approved':
      return onApproved(run, event);
    case 'planned':
    case 'voided':
    case 'applying':
    case 'handed-back':
    case 'step-started':
    case 'counted':
    case 'step-ended':
    case 'artifact':
      return whileRunning(run, event);
    default:
      throw new Error(`unhandled event ${JSON.stringify(event satisfies never)}`);
  }
}

function onStarted(run: Run, event: RunEventOf<'started'>): Change {
  if (run.now.state === 'awaiting-approval') return 'the run waits for approval';
  if (event.attempt !== run.attempt + 1) return `attempt ${event.attempt} cannot follow attempt ${run.attempt}`;
  const lost =
    run.now.state === 'running' ? [{ attempt: run.attempt, ...startOf(run.now), at: event.at, why: WORKER_LOST }] : [];
  return {
    attempt: event.attempt,
    now: { state: 'running', startedAt: event.at, worker: event.worker },
    losses: [...run.losses, ...lost],
    steps: closeSteps(run.steps, event.at),
  };
}

function startOf({ worker, startedAt }: Extract<RunState, { state: 'running' }>) {
  return { worker, startedAt };
}

function onCancel(run: Run, event: RunEventOf<'cancel-requested'>): Change {
  if (run.cancel) return 'a cancel was asked for already';
  return { cancel: { by: event.by, at: event.at, ...(event.reason === undefined ? {} : { reason: event.reason }) } };
}

function onVoted(run: Run, event: RunEventOf<'voted'>): Change {
  if (run.now.state !== 'awaiting-approval') return 'the run does not wait for votes';
  if (run.now.plan.digest !== event.digest) return 'the plan has changed since';
  const votes = [...run.now.votes, event];
  return { now: { ...run.now, votes }, votes };
}

function onApproved(run: Run, event: RunEventOf<'approved'>): Change {
  if (run.now.state !== 'awaiting-approval') return 'the run does not wait for approval';
  if (run.now.plan.digest !== event.digest) return 'the plan has changed since';
  return { now: { ...run.now, state: 'approved' }, approvedDigest: event.digest };
}

type WorkerEvent = RunEventOf<
  'planned' | 'voided' | 'applying' | 'handed-back' | 'step-started' | 'counted' | 'step-ended' | 'artifact'
>;

function whileRunning(run: Run, event: WorkerEvent): Change {
  if (run.now.state !== 'running') return `no worker runs it (${run.now.state})`;
  if (event.attempt !== run.attempt) return `attempt ${event.attempt} was replaced by attempt ${run.attempt}`;
  switch (event.type) {
    case 'planned':
      return onPlanned(run, event);
    case 'voided':
      if (run.applying) return 'the change has begun';
      return { approvedDigest: undefined, voided: { at: event.at, changed: event.changed } };
    case 'applying':
      if (run.applying) return 'the change has begun already';
      if (run.approvedDigest !== event.digest) return 'this plan is not approved';
      return { applying: { at: event.at, attempt: event.attempt } };
    case 'handed-back':
      return {
        now: { state: 'queued' },
        losses: [...run.losses, { attempt: event.attempt, ...startOf(run.now), at: event.at, why: event.why }],
        steps: closeSteps(run.steps, event.at),
      };
    case 'artifact':
      return { artifacts: [...run.artifacts.filter((known) => known.name !== event.name), event] };
    case 'step-started':
    case 'counted':
    case 'step-ended':
      return { steps: withStep(run.steps, event) };
    default:
      throw new Error(`unhandled event ${JSON.stringify(event satisfies never)}`);
  }
}

/** The steps of planning are over and say nothing about the change. */
function onPlanned(run: Run, event: RunEventOf<'planned'>): Change {
  if (run.applying) return 'the change has begun';
  return {
    now: { state: 'awaiting-approval', plan: event, votes: [] },
    plan: event,
    votes: [],
    earlierVotes: [...run.earlierVotes, ...run.votes],
    steps: [],
    approvedDigest: undefined,
  };
}

function withStep(
  steps: readonly StepView[],
  event: RunEventOf<'step-started' | 'counted' | 'step-ended'>,
): readonly StepView[] {
  const known = steps.find((each) => each.step === event.step);
  const base: StepView = known ?? { step: event.step, title: event.step, state: 'running', startedAt: event.at };
  const next = changedStep(base, event);
  // In the order in which they began: a step that reports does not move, and one that is repeated stays where it was.
  return known === undefined ? [...steps, next] : steps.map((each) => (each === known ? next : each));
}

function changedStep(base: StepView, event: RunEventOf<'step-started' | 'counted' | 'step-ended'>): StepView {
  const detail = 'detail' in event && event.detail !== undefined ? { detail: event.detail } : {};
  switch (event.type) {
    case 'step-started':
      return { step: event.step, title: event.title, state: 'running', startedAt: event.at };
    case 'counted':
      return { ...base, count: { done: event.done, total: event.total }, ...detail };
    case 'step-ended':
      return { ...base, state: event.result, endedAt: event.at, ...detail };
    default:
      throw new Error(`unhandled event ${JSON.stringify(event satisfies never)}`);
  }
}

/** A step that nobody ended did not succeed: it was interrupted. */
function closeSteps(steps: readonly StepView[], at: string): readonly StepView[] {
  return steps.map((each) => (each.state === 'running' ? { ...each, state: 'interrupted', endedAt: at } : each));
}
