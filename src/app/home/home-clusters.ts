import { DAY_MS } from '../../core/clock.ts';
import type { UserId } from '../../core/ids.ts';
import type { ChatopsConfig, ClusterConfig } from '../../core/policy/chatops-config.ts';
import type { People, Policy } from '../../core/policy/policy.ts';
import type { Glance } from '../../core/ports/home.ts';
import type { Groups, Log } from '../../core/ports/ports.ts';
import { isAmong } from '../people.ts';

/** Whoever asked or voted in a channel may be taken for a member of it for so long. */
const SEEN_FOR_MS = 7 * DAY_MS;

type Viewer = {
  readonly config: ChatopsConfig;
  readonly groups: Groups;
  readonly user: UserId;
  readonly runs: readonly Glance[];
  readonly now: Date;
  readonly log: Log;
};

/**
 * Which clusters the App Home shows to a person. The bot does not know who is in which channel, so a cluster that is
 * tied to channels is shown only to those whom the policy names for it, and to those who asked for or voted on a run
 * of it in the last seven days: they were in one of its channels then. Clusters without channels are shown to everybody
 * of the home organisation. In doubt (a group cannot be looked up) it is not shown.
 */
export async function clustersSeenBy(viewer: Viewer): Promise<readonly ClusterConfig[]> {
  const { config } = viewer;
  const seen = await Promise.all(
    config.clusters.map(
      async (cluster) =>
        cluster.channels === undefined || wasThere(viewer, cluster) || (await isNamed(viewer, cluster)),
    ),
  );
  return config.clusters.filter((_, at) => seen[at]);
}

function wasThere({ runs, user, now }: Viewer, { name, channels = [] }: ClusterConfig): boolean {
  const sinceMs = now.getTime() - SEEN_FOR_MS;
  return runs.some(
    (run) =>
      run.cluster === name &&
      Date.parse(run.changedAt) >= sinceMs &&
      run.origin.type === 'slack' &&
      channels.includes(run.origin.channel) &&
      [run.by, ...run.voters].some((actor) => actor.user === user),
  );
}

async function isNamed({ config, groups, user, log }: Viewer, cluster: ClusterConfig): Promise<boolean> {
  for (const people of namedFor(config.policy, cluster)) {
    const among = await isAmong(groups, people, user).catch((thrown: unknown) => {
      log.warn({ err: thrown, cluster: cluster.name }, 'cluster left out of a Home');
      return false;
    });
    if (among) return true;
  }
  return false;
}

function namedFor({ rules }: Policy, { name }: ClusterConfig): readonly People[] {
  return rules
    .filter((rule) => rule.clusters?.includes(name) ?? true)
    .flatMap((rule) => [
      rule.approve,
      ...(rule.request === 'anyone' ? [] : [rule.request]),
      ...(rule.breakGlass ? [rule.breakGlass] : []),
    ]);
}
