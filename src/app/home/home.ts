import type { Actor } from '../../core/actor.ts';
import type { ClusterName } from '../../core/ids.ts';
import type { Glance, Home, HomeCluster, HomeRun, HomeVote } from '../../core/ports/home.ts';
import type { Requested } from '../../core/run/events.ts';
import { type Ballot, refusedApproval } from '../answers/ballot.ts';
import { freezeOf } from '../freeze.ts';
import { linkOf } from '../run-link.ts';
import type { SubmitDeps } from '../submit.ts';
import { clustersSeenBy } from './home-clusters.ts';
import { createHomeRuns } from './home-runs.ts';
import { standingsOn } from './standings.ts';

/** Slack takes 100 blocks, a person fewer lines. */
const CLUSTERS = 12;
const VOTES = 5;
const RUNS = 6;

export type HomePage = {
  readonly read: (by: Actor) => Promise<Home>;
  /** Whether a run stands on this person's Home, or could: what a button of it may be about. */
  readonly shows: (by: Actor, run: Requested) => Promise<boolean>;
};

/** What both answer comes from the store. @throws OpsError StoreUnavailable */
export function createHomePage(deps: SubmitDeps): HomePage {
  const runsNow = createHomeRuns(deps.state.runs);
  const around = async ({ user }: Actor) => {
    const [now, config, runs] = [deps.clock.now(), deps.config(), await runsNow()];
    return { now, runs, seen: await clustersSeenBy({ ...deps, config, user, runs, now }) };
  };
  return {
    async read(by) {
      const { now, runs, seen } = await around(by);
      const shown = seen.slice(0, CLUSTERS);
      const visible = runs.filter((run) => seen.some((cluster) => cluster.name === run.cluster));
      const isMine = (run: Glance): boolean => run.by.user === by.user;
      return {
        now,
        clusters: await Promise.all(shown.map(({ name }) => clusterOf(deps, { name, by, visible }))),
        moreClusters: seen.length - shown.length,
        votes: await votesOf(deps, visible, by),
        mine: await withLinks(deps, runs.filter(isMine).slice(0, RUNS)),
        recent: await withLinks(
          deps,
          visible.filter((run) => !isMine(run) && run.origin.type !== 'schedule').slice(0, RUNS),
        ),
      };
    },
    async shows(by, run) {
      const { seen } = await around(by);
      return run.by.user === by.user || seen.some((cluster) => cluster.name === run.cluster);
    },
  };
}

type Wanted = { readonly name: ClusterName; readonly by: Actor; readonly visible: readonly Glance[] };

async function clusterOf(deps: SubmitDeps, { name, by, visible }: Wanted): Promise<HomeCluster> {
  const here = visible.filter((run) => run.cluster === name);
  const status = here.find((run) => run.command === 'status' && run.open === undefined);
  const open = here.filter((run) => run.open !== undefined && run.open.request.risk !== 'read').toReversed();
  const [frozen, [statusLinked], openLinked, may] = await Promise.all([
    freezeOf(deps.state.blobs, name),
    withLinks(deps, status === undefined ? [] : [status]),
    withLinks(deps, open.slice(0, RUNS)),
    standingsOn(deps, { cluster: name, by, origin: undefined }),
  ]);
  return {
    name,
    open: openLinked,
    may,
    ...(frozen === undefined ? {} : { frozen }),
    ...(statusLinked === undefined ? {} : { status: statusLinked }),
  };
}

async function withLinks(
  { state: { blobs }, linkTo }: SubmitDeps,
  runs: readonly Glance[],
): Promise<readonly HomeRun[]> {
  return Promise.all(
    runs.map(async (each) => {
      const url = await linkOf({ blobs, linkTo }, each);
      return url === undefined ? each : { ...each, url };
    }),
  );
}

/** By the same question that a vote is asked: what stands here would count, unless somebody is faster. */
async function votesOf(deps: SubmitDeps, visible: readonly Glance[], by: Actor): Promise<readonly HomeVote[]> {
  const { state, queues, clock, log, groups, config, linkTo } = deps;
  const found: HomeVote[] = [];
  for (const { open: run } of visible) {
    if (found.length === VOTES) break;
    if (run?.now.state !== 'awaiting-approval' || Date.parse(run.now.plan.expiresAt) <= clock.now().getTime()) continue;
    const waiting = run.now;
    const { origin, cluster } = run.request;
    const base = { state, queues, clock, log, groups, config: config(), linkTo, by, root: '', origin };
    const context = { ...base, clusters: [cluster], mayUse: () => true };
    const ballot: Ballot = { run, waiting, digest: undefined, context };
    // Nobody is shown a button that would say no, or of which nobody knows.
    const refused = await refusedApproval(ballot).catch(() => true as const);
    if (refused !== undefined) continue;
    const url = await linkOf({ blobs: state.blobs, linkTo }, run.request);
    found.push({ run, waiting, ...(url === undefined ? {} : { url }) });
  }
  return found;
}
