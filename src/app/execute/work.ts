import type { Job } from '../../core/job.ts';
import type { Run } from '../../core/run/run.ts';
import type { Attempt } from './attempt.ts';

/** One attempt at one run. */
export type Work<J extends Job> = {
  readonly run: Run;
  readonly job: J;
  readonly attempt: Attempt;
  readonly aborted: AbortSignal;
};
