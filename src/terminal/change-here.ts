import { drain } from '../app/execute/drain.ts';
import { stopWish } from '../app/execute/stop-wish.ts';
import { OpsError, toOpsError } from '../core/errors.ts';
import type { RunId, UserId } from '../core/ids.ts';
import type { ChangeJob, JobContext, JobResult, Planned, Progress } from '../core/job.ts';
import type { ChangePorts } from '../core/ports/change-ports.ts';
import type { Log } from '../core/ports/ports.ts';
import type { Outcome } from '../core/run/outcome.ts';
import { digestOf, type Plan } from '../core/run/plan.ts';

const GOODBYE_MS = 10_000;
/** Less of a digest would be no statement about a plan. */
const MIN_DIGEST = 8;

export type HereChange = {
  readonly job: ChangeJob;
  readonly args: unknown;
  /** `--yes`: the beginning of a digest, or `plan` for the one that is made now; undefined only looks. */
  readonly yes: string | undefined;
  readonly run: RunId;
  readonly by: UserId;
  readonly ports: ChangePorts;
  readonly context: Omit<JobContext, 'signal'>;
  /** The first interrupt: before the change begins it ends it, afterwards it is heard at safe points. */
  readonly interrupted: AbortSignal;
  readonly tell: (progress: Progress) => void;
  /** The plan, for whoever decides about it. */
  readonly show: (plan: Plan, digest: string) => void;
  readonly log: Log;
};

/**
 * A change with the caller's own rights, without Slack and without a store: the same plan, the same Lease, the same
 * job. Without `--yes` it shows the plan and does nothing. With it the Lease comes first and the plan is made under it,
 * so that what is compared is what is applied.
 */
export async function changeHere(change: HereChange): Promise<JobResult> {
  if (change.yes === undefined) return onlyLook(change);
  const locked = await takeLease(change);
  if (locked !== undefined) return { outcome: locked, data: null };
  try {
    return await planAndApply(change, change.yes);
  } finally {
    const released = change.ports.lease.release(AbortSignal.timeout(GOODBYE_MS));
    await released.catch((thrown: unknown) => change.log.warn({ err: thrown }, 'lease not released'));
  }
}

async function onlyLook(change: HereChange): Promise<JobResult> {
  const planned = await planNow(change);
  if (planned.type === 'refused') return refusedBy(planned);
  const digest = digestOf(planned.plan);
  change.show(planned.plan, digest);
  const short = digest.slice(0, MIN_DIGEST);
  return {
    outcome: {
      type: 'refused',
      reason: 'nothing was changed: the plan needs your word',
      nextStep: `add --yes ${short} to apply exactly this plan`,
    },
    data: { digest, plan: planned.plan },
  };
}

async function takeLease({ ports, interrupted }: HereChange): Promise<Outcome | undefined> {
  try {
    await ports.lease.acquire(interrupted);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof OpsError) || thrown.code !== 'Locked') throw thrown;
    const { message: reason, nextStep } = thrown;
    return { type: 'refused', reason, ...(nextStep === undefined ? {} : { nextStep }) };
  }
}

async function planAndApply(change: HereChange, yes: string): Promise<JobResult> {
  const planned = await planNow(change);
  if (planned.type === 'refused') return refusedBy(planned);
  const { plan } = planned;
  const digest = digestOf(plan);
  change.show(plan, digest);
  const agreed = yes === 'plan' || (yes.length >= MIN_DIGEST && digest.startsWith(yes.toLowerCase()));
  if (!agreed) {
    const reason = `the plan is ${digest.slice(0, MIN_DIGEST)} now, and not ${yes.slice(0, 64)}: nothing was changed`;
    const nextStep = `read it, then add --yes ${digest.slice(0, MIN_DIGEST)}`;
    return { outcome: { type: 'refused', reason, nextStep }, data: { digest, plan } };
  }
  return apply(change, plan);
}

async function planNow({ job, args, ports, context, interrupted, tell }: HereChange): Promise<Planned> {
  const planning = job.plan(args, { ...context, helm: ports.helm, signal: interrupted });
  return drain(planning, async (progress) => {
    interrupted.throwIfAborted();
    tell(progress);
  });
}

function refusedBy({ reason, nextStep, report }: Extract<Planned, { type: 'refused' }>): JobResult {
  const more = { ...(nextStep === undefined ? {} : { nextStep }), ...(report === undefined ? {} : { report }) };
  return { outcome: { type: 'refused', reason, ...more }, data: null };
}

/** From here on an interrupt is a wish, and a failure is a state that nobody knows. */
async function apply(change: HereChange, plan: Plan): Promise<JobResult> {
  const { job, ports, context, run, by, interrupted, tell } = change;
  const isAsked = async (): Promise<boolean> => interrupted.aborted;
  const steps: string[] = [];
  const applying = job.apply(plan, {
    ...context,
    helm: ports.helm,
    write: ports.write,
    signal: new AbortController().signal,
    run,
    attempt: 1,
    resumed: false,
    by,
    approvedBy: [],
    ...stopWish({ clock: context.clock, deadlineMs: job.deadlineMs, isAsked }),
  });
  try {
    return await drain(applying, async (progress) => {
      if (progress.type === 'step-ended' && progress.result !== 'failed') steps.push(progress.step);
      tell(progress);
    });
  } catch (thrown) {
    change.log.error({ err: thrown }, 'change did not finish');
    const lastProven = steps.at(-1) ?? 'nothing was written before it';
    const since = context.clock.now().toISOString();
    return {
      outcome: { type: 'unknown', since, lastProven, why: toOpsError(thrown).message.slice(0, 1_000) },
      data: null,
    };
  }
}
