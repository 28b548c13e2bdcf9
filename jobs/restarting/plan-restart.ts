import { clip, count } from '../../src/cilium/facts/text.ts';
import { podList, toRestartPlan } from '../../src/cilium/restart/restart-plan.ts';
import { leftReport } from '../../src/cilium/restart/restart-report.ts';
import { type RestartWork, toOwners } from '../../src/cilium/restart/restart-work.ts';
import { noneStale } from '../../src/cilium/restart/stale-mtu.ts';
import { MINUTE_MS } from '../../src/core/clock.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { Artifact, PlanContext, Planned, Planning } from '../../src/core/job.ts';
import type { Reading } from '../reading/reading.ts';
import { withinBudget } from '../reading/within-budget.ts';
import { type Found, findPods, type Scope } from './find-pods.ts';

const READING_BUDGET_MS = 2 * MINUTE_MS;
const MAX_LIST_BYTES = 900_000;

/** Reads only: every pod without an endpoint, and what becomes of each. */
export async function* planRestart(scope: Scope, context: PlanContext): Planning {
  yield { type: 'step-started', step: 'pods', title: 'Find unmanaged pods' };
  const found = await lookFor(scope, context);
  if ('type' in found) {
    yield { type: 'step-ended', step: 'pods', result: 'failed' };
    return found;
  }
  const included = found.verdicts.filter((verdict) => verdict.included);
  const detail = `${count(included.length, 'pod')} to restart of ${count(found.running, 'running pod')}`;
  yield { type: 'step-ended', step: 'pods', result: 'ok', detail };
  if (included.length === 0) return nothingToDo(found, scope, context);
  const work: RestartWork = {
    schemaVersion: 1,
    ...(scope.namespace === undefined ? {} : { namespace: scope.namespace }),
    includeBare: scope.includeBare,
    includeJobs: scope.includeJobs,
    staleMtu: scope.staleMtu,
    owners: toOwners(included, found.owners),
  };
  return {
    type: 'plan',
    plan: toRestartPlan(found, work, context.selfPath),
    artifacts: [listFile(podList(found, work))],
  };
}

type Refused = Extract<Planned, { type: 'refused' }>;

/** What makes the question itself senseless is a refusal; what cannot be read now is a failure. */
async function lookFor(scope: Scope, context: PlanContext): Promise<Found | Refused> {
  try {
    return await withinBudget(context, READING_BUDGET_MS, (signal) => findPods(readingOf(context, signal), scope));
  } catch (thrown: unknown) {
    context.signal.throwIfAborted();
    if (!(thrown instanceof OpsError) || !['CiliumAbsent', 'Rejected'].includes(thrown.code)) throw thrown;
    return { type: 'refused', reason: clip(thrown.message, 1_000) };
  }
}

function nothingToDo(found: Found, { namespace, staleMtu }: Scope, { cluster }: PlanContext): Refused {
  const where = namespace === undefined ? cluster.name : `${namespace} of ${cluster.name}`;
  const stays = found.verdicts.filter((verdict) => verdict.stays).length;
  const mtu = staleMtu ? `; route MTU: ${noneStale(found.stale)}` : '';
  const reason =
    stays === 0
      ? `nothing to restart: every running pod in ${where} that could be is Cilium's (${count(found.running, 'pod')} looked at)${mtu}`
      : `nothing to restart in ${where}: ${count(stays, 'pod')} of those looked at cannot be restarted${mtu}`;
  return { type: 'refused', reason: clip(reason, 1_000), report: leftReport(cluster.name, found) };
}

/** A diff of pods: what the button on the card opens. */
function listFile(text: string): Artifact {
  const whole = new TextEncoder().encode(text);
  const bytes = whole.byteLength <= MAX_LIST_BYTES ? whole : whole.slice(0, MAX_LIST_BYTES);
  return {
    name: 'pods.diff',
    title: 'Every pod looked at, and why it goes or stays',
    mimetype: 'text/x-diff',
    bytes,
  };
}

export function readingOf(
  { cluster, log, clock }: Pick<PlanContext, 'cluster' | 'log' | 'clock'>,
  signal: AbortSignal,
): Reading {
  return { cluster, log, cancel: signal, signal, now: clock.now, miss: () => undefined };
}
