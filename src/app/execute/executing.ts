import type { Clock } from '../../core/clock.ts';
import type { Job, JobContext } from '../../core/job.ts';
import type { Policy } from '../../core/policy/policy.ts';
import type { ChangePorts, LeaseHolder } from '../../core/ports/change-ports.ts';
import type { ClusterPort, Log, Queues, State } from '../../core/ports/ports.ts';
import type { Run } from '../../core/run/run.ts';

/** What a worker needs to execute runs. */
export type ExecuteDeps = {
  readonly state: State;
  readonly queues: Queues;
  readonly jobs: readonly Job[];
  readonly openCluster: (name: Run['request']['cluster']) => Promise<ClusterPort>;
  readonly clock: Clock;
  readonly log: Log;
  /** Host and process id: named in the thread when this worker is lost. */
  readonly worker: string;
  /** What the jobs of this worker may do beside reading, and what is known about its own place. */
  readonly around?: (request: Run['request']) => Promise<Pick<JobContext, 'selfPath' | 'probes' | 'selfChecks'>>;
  /** Absent: this worker looks only. */
  readonly changes?: Changes;
  /** The lane this job came in; what is approved is applied in its own lane only. */
  readonly lane?: 'read' | 'change';
};

export type Changes = {
  readonly policy: () => Policy;
  readonly openPorts: (cluster: ClusterPort, holder: LeaseHolder) => Promise<ChangePorts>;
};
