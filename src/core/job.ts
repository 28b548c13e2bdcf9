import type { z } from 'zod';
import type { Clock } from './clock.ts';
import type { SelfChecks } from './doctoring.ts';
import { OpsError } from './errors.ts';
import type { CommandCard } from './grammar/command-card.ts';
import type { ClusterName, RunId, UserId } from './ids.ts';
import type { BenchLimits } from './policy/bench-limits.ts';
import type { Policy } from './policy/policy.ts';
import type { ClusterWritePort, HelmPort } from './ports/change-ports.ts';
import type { ClusterPort, Log } from './ports/ports.ts';
import type { RunEventOf } from './run/events.ts';
import type { Outcome } from './run/outcome.ts';
import type { Plan } from './run/plan.ts';
import type { Report } from './run/report.ts';
import type { SelfPath } from './self-path.ts';

/**
 * Glossary
 *   command   what a person types after `/cilium`; a job or an answer
 *   job       a command that a worker runs against a cluster: one file in `jobs/`, one line in `jobs/registry.ts`
 *   answer    a command that the bot answers from the store alone (help, cancel, show): `src/app/answers/`
 *   card      what is known about a command without running it: name, usage, risk, examples, deadline
 *   run       one request for a job and everything that came of it: a list of events
 *   step      a named part of a job's run; steps converge and are safe to repeat
 *   progress  what a running job yields; a job never sees Slack
 *   report    what a job says at its end, before anybody decides how it looks
 *   artifact  bulk data or a picture, kept beside the events
 *   attempt   the n-th time a worker begins the same run; a lost worker's attempt is replaced by the next
 */
export type Progress =
  | Omit<RunEventOf<'step-started'>, 'at' | 'attempt'>
  | Omit<RunEventOf<'counted'>, 'at' | 'attempt'>
  | Omit<RunEventOf<'step-ended'>, 'at' | 'attempt'>
  | { readonly type: 'made'; readonly artifact: Artifact };

/** At most 1 MiB. */
export type Artifact = {
  readonly name: string;
  readonly title: string;
  readonly mimetype: string;
  readonly bytes: Uint8Array;
  readonly altText?: string;
};

export type JobContext = {
  readonly cluster: ClusterPort;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts when the run is cancelled, out of time, superseded or the worker shuts down. */
  readonly signal: AbortSignal;
  /** How the worker reaches its own store. Absent: a terminal, outside of the cluster. */
  readonly selfPath?: SelfPath;
  /** Making and removing pods of its own. Absent: this worker may not, and says so in its report. */
  readonly probes?: ProbeAccess;
  /** What doctor asks beside the cluster. Absent: a terminal, beside no store and no Slack. */
  readonly selfChecks?: SelfChecks;
};

/** Not guarded by the Lease of changes: pods that a run makes and removes itself change nothing that is there. */
export type ProbeAccess = {
  readonly write: Pick<ClusterWritePort, 'create' | 'remove'>;
  /** The run's id, as a label on everything it makes. */
  readonly owner: string;
  readonly namespace: string;
  readonly image: string;
  /** Of benchmarks: the image with iperf3, and what the policy lets them take. Absent: the defaults. */
  readonly bench?: { readonly image?: string | undefined; readonly limits?: BenchLimits };
};

export type JobResult = {
  readonly outcome: Outcome;
  /** The whole result for machines: `--output json`, and the artifact `result.json`. */
  readonly data: unknown;
};

export type JobRun = AsyncGenerator<Progress, JobResult, void>;

type AnyJob = CommandCard & {
  readonly clusterOf: (args: unknown) => ClusterName | undefined;
  /** @throws OpsError InvalidArgs */
  readonly parse: (raw: unknown) => unknown;
  /** Whether the policy allows as much as these arguments ask for. @throws OpsError InvalidArgs */
  readonly checkLimits: (args: unknown, policy: Policy) => void;
};

/** What is wrong with an argument, without naming it: it may be said beside the field where it was entered. */
export type Wrong = { readonly argument: string; readonly problem: string };

/** A job that looks only, or makes and removes pods of its own: it runs at once. */
export type PlainJob = AnyJob & {
  readonly type: 'plain';
  readonly run: (args: unknown, context: JobContext) => JobRun;
};

/** A job that changes the cluster: it plans, people approve the plan, and `apply` does exactly that plan. */
export type ChangeJob = AnyJob & {
  readonly type: 'change';
  /** Reads only. */
  readonly plan: (args: unknown, context: PlanContext) => Planning;
  /** Steps converge: read first, then write; safe to repeat after a crash. */
  readonly apply: (plan: Plan, context: ChangeContext) => JobRun;
};

/** A job as everybody but its own file sees it: arguments are opaque, and parsed once inside. */
export type Job = PlainJob | ChangeJob;

export type PlanContext = JobContext & { readonly helm: HelmPort };

export type ChangeContext = PlanContext & {
  readonly run: RunId;
  readonly attempt: number;
  /** An earlier attempt had begun to write: read what is there and go on from that. */
  readonly resumed: boolean;
  readonly by: UserId;
  readonly approvedBy: readonly UserId[];
  /** Guarded by the change's Lease, as is `helm` here. */
  readonly write: ClusterWritePort;
  /** True once it should stop. Honoured at safe points only: the signal does not abort for it. */
  readonly stopWanted: () => Promise<boolean>;
  /** Why `stopWanted` said yes, where it was not a person who asked; undefined when it was. */
  readonly stoppedBecause?: () => string | undefined;
};

/** `refused`: it cannot be done, or there is nothing to do; says what to do instead. */
export type Planned =
  | { readonly type: 'plan'; readonly plan: Plan; readonly artifacts: readonly Artifact[] }
  | { readonly type: 'refused'; readonly reason: string; readonly nextStep?: string; readonly report?: Report };

export type Planning = AsyncGenerator<Progress, Planned, void>;

type NamesCluster = { readonly cluster?: ClusterName | undefined };
type Definition<Args> = CommandCard & {
  readonly Args: z.ZodType<Args>;
  /** What is known to be too much before anybody has looked at the cluster. */
  readonly beyond?: (args: Args, policy: Policy) => Wrong | undefined;
};
type PlainDefinition<Args> = Definition<Args> & {
  readonly run: (args: Args, context: JobContext) => JobRun;
};
type ChangeDefinition<Args> = Definition<Args> & {
  readonly plan: (args: Args, context: PlanContext) => Planning;
  readonly apply: ChangeJob['apply'];
};

/** Closes over the types of one job, so that a list of jobs is callable. */
export function defineJob<Args extends NamesCluster>(definition: PlainDefinition<Args>): PlainJob {
  const { Args, beyond, run, ...card } = definition;
  const parse = parserOf(Args);
  return {
    ...card,
    type: 'plain',
    parse,
    checkLimits: limitsOf(parse, beyond),
    clusterOf: (raw) => parse(raw).cluster,
    run: (raw, context) => run(parse(raw), context),
  };
}

/** The same for a job that changes the cluster. */
export function defineChange<Args extends NamesCluster>(definition: ChangeDefinition<Args>): ChangeJob {
  const { Args, beyond, plan, apply, ...card } = definition;
  const parse = parserOf(Args);
  return {
    ...card,
    type: 'change',
    parse,
    checkLimits: limitsOf(parse, beyond),
    clusterOf: (raw) => parse(raw).cluster,
    plan: (raw, context) => plan(parse(raw), context),
    apply,
  };
}

function limitsOf<Args>(parse: (raw: unknown) => Args, beyond: Definition<Args>['beyond']): AnyJob['checkLimits'] {
  return (args, policy) => {
    const wrong = beyond?.(parse(args), policy);
    if (wrong !== undefined) throw wrongArgument(wrong);
  };
}

function wrongArgument({ argument, problem }: Wrong): OpsError {
  const message = `${argument === '' ? '' : `${argument}: `}${problem}`;
  return new OpsError('InvalidArgs', message, { argument: argument === '' ? undefined : argument });
}

function parserOf<Args>(schema: z.ZodType<Args>): (raw: unknown) => Args {
  return (raw) => {
    const parsed = schema.safeParse(raw);
    if (parsed.success) return parsed.data;
    const [first] = parsed.error.issues;
    throw wrongArgument({
      argument: first?.path.join('.') ?? '',
      problem: first?.message ?? 'not understood',
    });
  };
}
