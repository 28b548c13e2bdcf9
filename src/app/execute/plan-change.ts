import { MINUTE_MS } from '../../core/clock.ts';
import type { Artifact, ChangeJob, PlanContext, Planned } from '../../core/job.ts';
import { ruleFor } from '../../core/policy/policy.ts';
import type { Log, Processed } from '../../core/ports/ports.ts';
import type { Outcome } from '../../core/run/outcome.ts';
import { digestOf, type Plan, Plan as PlanSchema } from '../../core/run/plan.ts';
import type { Run } from '../../core/run/run.ts';
import { type Attempt, now } from './attempt.ts';
import { drain, stoppable } from './drain.ts';
import type { Changes, ExecuteDeps } from './executing.ts';
import { jobContext } from './job-context.ts';
import { remindOf, settle } from './settle.ts';
import { termsFor } from './terms.ts';
import { withinLimits } from './within-limits.ts';
import type { Work } from './work.ts';

export type ChangeDeps = ExecuteDeps & { readonly changes: Changes };

/** A plan that takes longer reads something that does not answer. */
const PLAN_LIMIT_MS = 5 * MINUTE_MS;
/** Where nobody has to agree nobody notices that a plan is made again and again. */
const MOST_UNASKED = 10;

/** Reads, and ends with a plan that people are asked about, or with why there is none. Writes nothing to the cluster. */
export async function planChange(deps: ChangeDeps, work: Work<ChangeJob>): Promise<Processed> {
  const { run, job, attempt, aborted } = work;
  const limits = { run, attempt, aborted, deadlineMs: PLAN_LIMIT_MS, cleansUp: false };
  return withinLimits(deps, limits, async ({ signal, log }) => {
    const planned = await withPlanContext(deps, work, { signal, log }, (context) =>
      drain(job.plan(run.request.args, context), stoppable(attempt, signal)),
    );
    return planned.type === 'refused' ? attempt.end(refused(planned)) : propose(deps, { run, attempt }, planned);
  });
}

type Working = { readonly signal: AbortSignal; readonly log: Log };

/** Planning needs no Lease: others may plan, and even change, at the same time. */
async function withPlanContext<T>(
  deps: ChangeDeps,
  { run, attempt }: Pick<Work<ChangeJob>, 'run' | 'attempt'>,
  working: Working,
  use: (context: PlanContext) => Promise<T>,
): Promise<T> {
  const context = await jobContext(deps, run, working);
  const ports = await deps.changes.openPorts(context.cluster, { run: run.request.run, attempt: attempt.number });
  try {
    return await use({ ...context, helm: ports.helm });
  } finally {
    await ports.close();
  }
}

type Proposing = { readonly run: Run; readonly attempt: Attempt };
type Proposal = Extract<Planned, { type: 'plan' }>;

/** Puts the plan on record, with everything in bulk beside it, and asks. @throws OpsError Superseded, StoreUnavailable */
export async function propose(
  deps: ChangeDeps,
  { run, attempt }: Proposing,
  { plan: made, artifacts }: Proposal,
): Promise<Processed> {
  const plan = PlanSchema.parse(made);
  const digest = digestOf(plan);
  const rule = ruleFor(deps.changes.policy(), { ...run.request, risk: 'change' });
  if (!rule) return attempt.end({ type: 'refused', reason: 'no policy allows it any more' });
  const terms = await termsFor({ runs: deps.state.runs, run, rule, plan, now: deps.clock.now() });
  if (!terms.ok) return attempt.end({ type: 'refused', reason: terms.why });
  if (terms.terms.approvals === 0 && attempt.number > MOST_UNASKED)
    return attempt.end({ type: 'refused', reason: 'the cluster changes faster than a plan of it can be applied' });
  for (const artifact of [...artifacts, checksFile(plan)]) await attempt.keep(ofPlan(artifact, digest));
  await attempt.append({
    type: 'planned',
    at: now(deps),
    attempt: attempt.number,
    plan,
    digest,
    ...terms.terms,
  });
  const missed = (thrown: unknown): void => deps.log.warn({ err: thrown }, 'deadline not queued yet, the sweep will');
  await remindOf(deps, attempt.known(), deps.clock.now()).catch(missed);
  // Where nobody has to agree, nobody comes by to say so.
  await settle(deps, run.request.run);
  return { type: 'done' };
}

export function refused({ reason, nextStep, report }: Extract<Planned, { type: 'refused' }>): Outcome {
  return {
    type: 'refused',
    reason: reason.slice(0, 1_000),
    ...(nextStep === undefined ? {} : { nextStep: nextStep.slice(0, 400) }),
    ...(report === undefined ? {} : { report }),
  };
}

function checksFile({ checks }: Plan): Artifact {
  const bytes = new TextEncoder().encode(JSON.stringify(checks, null, 2));
  return { name: 'checks.json', title: 'All checks (JSON)', mimetype: 'application/json', bytes };
}

/** `plan.diff` → `plan-3f9ca112.diff`: a plan that is made again has files of its own, and both stay readable. */
function ofPlan(artifact: Artifact, digest: string): Artifact {
  const dot = artifact.name.lastIndexOf('.');
  const [stem, end] = dot < 0 ? [artifact.name, ''] : [artifact.name.slice(0, dot), artifact.name.slice(dot)];
  return { ...artifact, name: `${stem}-${digest.slice(0, 8)}${end}` };
}
