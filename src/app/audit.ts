import type { ClusterName, RunId } from '../core/ids.ts';
import type { Cursor, RunStore } from '../core/ports/ports.ts';
import { type AuditLine, auditLine } from '../core/run/audit.ts';
import type { RunEvent } from '../core/run/events.ts';

export type AuditQuery = {
  /** Events before this are left out. */
  readonly since: Date;
  readonly cluster?: ClusterName;
  readonly run?: RunId;
};

/** Runs whose events are held at the same time. */
const PAGE = 50;

/**
 * The audit trail, event by event: oldest run first, by the time of its last event, and the events of one run together.
 * Holds one page of runs at a time, and the id of each run it has seen: one that changes meanwhile comes again with
 * what is new of it. @throws OpsError StoreUnavailable
 */
export async function* auditTrail(runs: RunStore, query: AuditQuery): AsyncGenerator<AuditLine, void> {
  if (query.run !== undefined) return yield* linesOf(await runs.read(query.run, 0), query, 0);
  const seen = new Map<RunId, number>();
  for await (const id of changedSince(runs, query.since)) {
    const events = await runs.read(id, 0);
    yield* linesOf(events, query, seen.get(id) ?? 0);
    seen.set(id, events.length);
  }
}

async function* changedSince(runs: RunStore, since: Date): AsyncGenerator<RunId, void> {
  let after: Cursor = { changedAt: since };
  for (;;) {
    const page = await runs.changed({ limit: PAGE, after });
    for (const { run } of page) yield run;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last;
  }
}

function* linesOf(
  events: readonly RunEvent[],
  { since, cluster }: AuditQuery,
  known: number,
): Generator<AuditLine, void> {
  const [request] = events;
  if (request?.type !== 'requested' || (cluster !== undefined && request.cluster !== cluster)) return;
  for (const [at, event] of events.entries()) {
    if (at < known || Date.parse(event.at) < since.getTime()) continue;
    const line = auditLine(request, at + 1, event);
    if (line !== undefined) yield line;
  }
}
