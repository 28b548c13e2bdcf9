import type { RunId } from '../../core/ids.ts';
import { type Meter, stopwatch } from '../../core/meter.ts';
import type { Log, RunStore, State } from '../../core/ports/ports.ts';
import type { RunEvent, RunEventOf } from '../../core/run/events.ts';

export type ObservingDeps = { readonly meter: Meter; readonly log: Log };

/** What is said about a run with each of its events. Kept of so many runs; of any other it is read again. */
type Facts = {
  readonly command: string;
  readonly cluster: string;
  readonly requestedAt: string;
  readonly plannedAt?: string;
  /** Whether a worker had it after the last event that was seen. */
  readonly running: boolean;
};
const KNOWN_RUNS = 1_000;

/**
 * The state, with its latency measured and every event that matters counted and logged by the process whose append
 * was taken. An append that was taken although its answer was lost is not counted: at most once, never twice.
 */
export function observedState(state: State, deps: ObservingDeps): State {
  const timed = createTimed(deps.meter);
  const { blobs, budget } = state;
  return {
    runs: observedRuns(state.runs, deps, timed),
    blobs: {
      ...blobs,
      put: (key, bytes, options) => timed('put', () => blobs.put(key, bytes, options)),
      get: (key) => timed('get', () => blobs.get(key)),
    },
    budget: { take: (key, limit, windowMs) => timed('take', () => budget.take(key, limit, windowMs)) },
  };
}

type Timed = <T>(operation: string, work: () => Promise<T>) => Promise<T>;

function createTimed(meter: Meter): Timed {
  return async (operation, work) => {
    const seconds = stopwatch();
    try {
      const answer = await work();
      meter.observe('store_operation_duration_seconds', { operation, result: 'ok' }, seconds());
      return answer;
    } catch (thrown) {
      meter.observe('store_operation_duration_seconds', { operation, result: 'failed' }, seconds());
      throw thrown;
    }
  };
}

function observedRuns(runs: RunStore, deps: ObservingDeps, timed: Timed): RunStore {
  const known = createKnown();
  const factsOf = async (run: RunId): Promise<Facts | undefined> =>
    known.get(run) ?? known.learn(run, await runs.read(run, 0));
  return {
    ...runs,
    append: async (run, afterSeq, event) => {
      const appended = await timed('append', () => runs.append(run, afterSeq, event));
      if (appended.ok) {
        const before = event.type === 'requested' ? undefined : await factsOf(run).catch(() => undefined);
        const after = known.follow(run, event, before);
        if (after !== undefined) tell(deps, { run, event, facts: before ?? after });
      }
      return appended;
    },
    read: async (run, afterSeq) => {
      const events = await timed('read', () => runs.read(run, afterSeq));
      if (afterSeq === 0) known.learn(run, events);
      return events;
    },
    recent: (query) => timed('recent', () => runs.recent(query)),
    changed: (query) => timed('changed', () => runs.changed(query)),
    prune: (olderThan, limit) => timed('prune', () => runs.prune(olderThan, limit)),
  };
}

function createKnown() {
  const known = new Map<RunId, Facts>();
  const keep = (run: RunId, facts: Facts | undefined): Facts | undefined => {
    known.delete(run);
    if (facts === undefined) return undefined;
    known.set(run, facts);
    const [oldest] = known.keys();
    if (known.size > KNOWN_RUNS && oldest !== undefined) known.delete(oldest);
    return facts;
  };
  return {
    get: (run: RunId) => known.get(run),
    learn: (run: RunId, events: readonly RunEvent[]) => keep(run, events.reduce(following, undefined)),
    follow: (run: RunId, event: RunEvent, before: Facts | undefined) => {
      const after = following(before, event);
      // Nothing comes after the end.
      keep(run, event.type === 'ended' ? undefined : after);
      return after;
    },
  };
}

function following(facts: Facts | undefined, event: RunEvent): Facts | undefined {
  if (event.type === 'requested')
    return { command: event.command, cluster: event.cluster, requestedAt: event.at, running: false };
  if (facts === undefined) return undefined;
  if (event.type === 'started') return { ...facts, running: true };
  if (event.type === 'planned') return { ...facts, plannedAt: event.at, running: false };
  return event.type === 'handed-back' ? { ...facts, running: false } : facts;
}

type Told = { readonly run: RunId; readonly event: RunEvent; readonly facts: Facts };

/** Reasons are what people typed: they stay in the run and out of the log. */
function tell({ meter, log }: ObservingDeps, { run, event, facts }: Told): void {
  const { command, cluster } = facts;
  const line = { run, cluster, command };
  switch (event.type) {
    case 'requested': {
      const via = event.origin.type === 'slack' ? event.origin.via : event.origin.type;
      meter.count('runs_requested_total', { command, cluster, via });
      log.info({ ...line, by: event.by.user, via }, 'run requested');
      return;
    }
    case 'planned':
      log.info({ ...line, attempt: event.attempt, digest: event.digest }, 'run planned');
      return;
    case 'voted':
      meter.count('votes_total', { command, verdict: event.verdict });
      log.info({ ...line, by: event.by.user, verdict: event.verdict, digest: event.digest }, 'run voted on');
      return;
    case 'approved':
      meter.observe('approval_lead_time_seconds', { command, cluster }, secondsBetween(facts.plannedAt, event.at));
      log.info({ ...line, digest: event.digest }, 'run approved');
      return;
    case 'started':
      onStarted({ meter, log }, facts, event, line);
      return;
    case 'voided':
    case 'applying':
    case 'handed-back':
      log.info({ ...line, attempt: event.attempt }, `run ${event.type}`);
      return;
    case 'cancel-requested':
      log.info({ ...line, by: event.by.user }, 'run to be cancelled');
      return;
    case 'ended':
      onEnded({ meter, log }, facts, event, line);
      return;
    case 'step-started':
    case 'counted':
    case 'step-ended':
    case 'artifact':
      return;
    default:
      throw new Error(`unhandled ${JSON.stringify(event satisfies never)}`);
  }
}

type Line = Readonly<Record<string, unknown>>;

function onStarted({ meter, log }: ObservingDeps, facts: Facts, event: RunEventOf<'started'>, line: Line): void {
  const { command, cluster } = facts;
  if (event.attempt === 1)
    meter.observe('run_start_delay_seconds', { command }, secondsBetween(facts.requestedAt, event.at));
  if (facts.running) meter.count('run_attempts_lost_total', { command, cluster });
  log.info({ ...line, attempt: event.attempt, worker: event.worker, lost: facts.running }, 'run started');
}

function onEnded({ meter, log }: ObservingDeps, facts: Facts, event: RunEventOf<'ended'>, line: Line): void {
  const { command, cluster } = facts;
  const { outcome } = event;
  const seconds = secondsBetween(facts.requestedAt, event.at);
  meter.count('runs_ended_total', { command, cluster, outcome: outcome.type });
  meter.observe('run_duration_seconds', { command, outcome: outcome.type }, seconds);
  const code = outcome.type === 'failed' ? { code: outcome.code } : {};
  const by = 'by' in outcome ? { by: outcome.by.user } : {};
  log.info({ ...line, outcome: outcome.type, ...code, ...by, seconds }, 'run ended');
}

function secondsBetween(from: string | undefined, to: string): number {
  return (Date.parse(to) - Date.parse(from ?? '')) / 1_000;
}
