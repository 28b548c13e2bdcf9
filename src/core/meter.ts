/**
 * What is measured, once: names, labels and help of every metric we feed ourselves. Rooms count through a `Meter` and
 * know no metrics library. Units are seconds. Labels have few values, all from us or from the configuration: never a
 * run id, a person, a node or something that was typed.
 *
 * What is counted from events (runs, votes, approvals) is counted by the process whose append was taken. Appending is
 * compare-and-set, so over all replicas each is counted once; sum over instances to have the whole.
 */
type Spec = {
  readonly type: 'counter' | 'histogram' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
  /** Of a histogram: upper bounds in seconds. */
  readonly buckets?: readonly number[];
};

const FAST = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3];
const CALL = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const RUN = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400];

export const METRICS = {
  slack_ack_duration_seconds: {
    type: 'histogram',
    help: 'From a request of Slack to our acknowledgement, by kind of request',
    labels: ['kind'],
    buckets: FAST,
  },
  slack_api_calls_total: {
    type: 'counter',
    help: 'Calls of the Slack Web API by method and result: ok, rate_limited, failed, or what Slack refused it with',
    labels: ['method', 'result'],
  },
  slack_api_call_duration_seconds: {
    type: 'histogram',
    help: 'Time to the answer of a Slack Web API call',
    labels: ['method'],
    buckets: CALL,
  },
  slack_api_retry_after_seconds_total: {
    type: 'counter',
    help: 'Seconds that Slack asked us to wait when it limited our rate',
    labels: ['method'],
  },
  runs_requested_total: { type: 'counter', help: 'Runs that were asked for', labels: ['command', 'cluster', 'via'] },
  runs_ended_total: { type: 'counter', help: 'Runs that ended', labels: ['command', 'cluster', 'outcome'] },
  run_duration_seconds: {
    type: 'histogram',
    help: 'From the request to the end of a run, waits for approval included',
    labels: ['command', 'outcome'],
    buckets: RUN,
  },
  run_start_delay_seconds: {
    type: 'histogram',
    help: 'From the request of a run to the moment a worker first began with it',
    labels: ['command'],
    buckets: RUN,
  },
  run_attempts_lost_total: {
    type: 'counter',
    help: 'Attempts whose worker stopped answering, seen when the next attempt began',
    labels: ['command', 'cluster'],
  },
  approval_lead_time_seconds: {
    type: 'histogram',
    help: 'From the plan of a change to enough votes for it',
    labels: ['command', 'cluster'],
    buckets: RUN,
  },
  votes_total: { type: 'counter', help: 'Votes that counted', labels: ['command', 'verdict'] },
  store_operation_duration_seconds: {
    type: 'histogram',
    help: 'Time of one operation of the state store',
    labels: ['operation', 'result'],
    buckets: FAST,
  },
  kubernetes_api_requests_total: {
    type: 'counter',
    help: 'Requests to API servers; code is the HTTP status, or error when there was no answer',
    labels: ['cluster', 'verb', 'resource', 'code'],
  },
  kubernetes_api_request_duration_seconds: {
    type: 'histogram',
    help: 'Time of one request to an API server, its body included',
    labels: ['verb', 'resource'],
    buckets: CALL,
  },
  kubernetes_exec_duration_seconds: {
    type: 'histogram',
    help: 'Time of one command in a container; result says whether it ran, not how it exited',
    labels: ['cluster', 'result'],
    buckets: CALL,
  },
  helm_run_duration_seconds: {
    type: 'histogram',
    help: 'Time of one run of the helm binary; result says whether it exited with 0',
    labels: ['action', 'result'],
    buckets: RUN,
  },
  schedule_ticks_total: {
    type: 'counter',
    help: 'Ticks of scheduled runs by what came of them: started, skipped, refused',
    labels: ['schedule', 'result'],
  },
  queue_jobs: {
    type: 'gauge',
    help: 'Jobs per lane, waiting (those that wait for their time included) and active; looked up at a scrape',
    labels: ['lane', 'cluster', 'state'],
  },
  queue_oldest_job_age_seconds: {
    type: 'gauge',
    help: 'Age of the oldest job that nobody has begun; 0 when none waits',
    labels: ['lane', 'cluster'],
  },
  slack_connected: {
    type: 'gauge',
    help: '1 while Slack can reach this bot: its socket is open, or its HTTP server listens',
    labels: [],
  },
  config_last_reload_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When chatops.yaml was last read and found usable',
    labels: [],
  },
  config_last_reload_successful: {
    type: 'gauge',
    help: '1 when chatops.yaml was usable the last time it was read; 0: the one before stays in force',
    labels: [],
  },
} as const satisfies Readonly<Record<string, Spec>>;

type MetricName = keyof typeof METRICS;
type NameOf<T extends Spec['type']> = {
  [Name in MetricName]: (typeof METRICS)[Name]['type'] extends T ? Name : never;
}[MetricName];
type LabelsOf<Name extends MetricName> = Readonly<Record<(typeof METRICS)[Name]['labels'][number], string>>;

/** A gauge as it is at this moment: gauges are looked up when somebody scrapes. */
export type Sample = {
  [Name in NameOf<'gauge'>]: { readonly name: Name; readonly labels: LabelsOf<Name>; readonly value: number };
}[NameOf<'gauge'>];

/** Never throws and never waits: measuring must not change what is measured. */
export type Meter = {
  readonly count: <Name extends NameOf<'counter'>>(name: Name, labels: LabelsOf<Name>, by?: number) => void;
  readonly observe: <Name extends NameOf<'histogram'>>(name: Name, labels: LabelsOf<Name>, seconds: number) => void;
};

/** For whoever measures nothing: the terminal, and most tests. */
export const NO_METER: Meter = { count: () => undefined, observe: () => undefined };

/** Milliseconds of a monotonic clock; answers the seconds since. */
export function stopwatch(): () => number {
  const startedMs = performance.now();
  return () => (performance.now() - startedMs) / 1_000;
}
