import type { z } from 'zod';
import type { Clock } from './clock.ts';
import type { CommandCard } from './command-card.ts';
import { OpsError } from './errors.ts';
import type { RunEventOf } from './events.ts';
import type { ClusterName } from './ids.ts';
import type { Outcome } from './outcome.ts';
import type { ClusterPort, Log } from './ports.ts';

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
};

export type JobResult = {
  readonly outcome: Outcome;
  /** The whole result for machines: `--output json`, and the artifact `result.json`. */
  readonly data: unknown;
};

export type JobRun = AsyncGenerator<Progress, JobResult, void>;

/** A job as everybody but its own file sees it: arguments are opaque, and parsed once inside. */
export type Job = CommandCard & {
  readonly clusterOf: (args: unknown) => ClusterName | undefined;
  /** @throws OpsError InvalidArgs */
  readonly parse: (raw: unknown) => unknown;
  readonly run: (args: unknown, context: JobContext) => JobRun;
};

type JobDefinition<Args> = CommandCard & {
  readonly Args: z.ZodType<Args>;
  readonly run: (args: Args, context: JobContext) => JobRun;
};

/** Closes over the types of one job, so that a list of jobs is callable. */
export function defineJob<Args extends { readonly cluster?: ClusterName | undefined }>(
  definition: JobDefinition<Args>,
): Job {
  const { Args, run, ...card } = definition;
  const parse = (raw: unknown): Args => {
    const parsed = Args.safeParse(raw);
    if (parsed.success) return parsed.data;
    const [first] = parsed.error.issues;
    const where = first?.path.join('.') ?? '';
    throw new OpsError('InvalidArgs', `${where === '' ? '' : `${where}: `}${first?.message ?? 'not understood'}`);
  };
  return { ...card, parse, clusterOf: (raw) => parse(raw).cluster, run: (raw, context) => run(parse(raw), context) };
}
