import type { Actor, Origin } from '../actor.ts';
import type { ClusterName, RunId } from '../ids.ts';
import type { Freeze } from '../policy/freeze.ts';
import type { ClusterStanding } from '../policy/standing.ts';
import type { Mark } from '../run/report.ts';
import type { Run, RunState } from '../run/run.ts';

/** What the App Home of one person says. Everything is read from the store when it is opened: nothing is kept of it. */
export type Home = {
  readonly now: Date;
  readonly clusters: readonly HomeCluster[];
  /** Clusters that there was no room for. */
  readonly moreClusters: number;
  /** Plans that this person may approve now. */
  readonly votes: readonly HomeVote[];
  readonly mine: readonly HomeRun[];
  readonly recent: readonly HomeRun[];
};

/** What a list says about a run. */
export type Glance = {
  readonly run: RunId;
  readonly cluster: ClusterName;
  readonly command: string;
  readonly typed: string;
  readonly by: Actor;
  readonly origin: Origin;
  readonly at: string;
  /** Newest event. */
  readonly changedAt: string;
  readonly voters: readonly Actor[];
  readonly mark: Mark;
  readonly words: string;
  /** The whole run while it has not ended. */
  readonly open?: Run;
};

/** `url`: its thread. */
export type HomeRun = Glance & { readonly url?: string };

export type HomeCluster = {
  readonly name: ClusterName;
  readonly frozen?: Freeze;
  /** The newest status that ended. */
  readonly status?: HomeRun;
  /** Changes and benchmarks that wait or work, oldest first. */
  readonly open: readonly HomeRun[];
  readonly may: ClusterStanding;
};

export type HomeVote = {
  readonly run: Run;
  readonly waiting: Extract<RunState, { state: 'awaiting-approval' }>;
  readonly url?: string;
};
