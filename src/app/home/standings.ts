import type { Actor, Origin } from '../../core/actor.ts';
import type { ClusterName } from '../../core/ids.ts';
import type { Job } from '../../core/job.ts';
import { type People, type Standing, standingOf } from '../../core/policy/policy.ts';
import type { ClusterStanding } from '../../core/policy/standing.ts';
import { isAmong } from '../people.ts';
import type { SubmitDeps } from '../submit.ts';

type Asked = { readonly cluster: ClusterName; readonly by: Actor; readonly origin: Origin | undefined };
type Deps = Pick<SubmitDeps, 'config' | 'groups' | 'jobs' | 'log'>;

/** Never throws: a group that cannot be looked up has no members, and says so. */
export async function standingsOn(deps: Deps, asked: Asked): Promise<ClusterStanding> {
  const gated = deps.jobs.filter((job) => job.risk !== 'read');
  const jobs = await Promise.all(gated.map(async (job) => ({ job, standing: await standing(deps, asked, job) })));
  const approvers = approversOn(deps, asked.cluster);
  const isOne = isAmong(deps.groups, approvers, asked.by.user).catch(() => false);
  return {
    cluster: asked.cluster,
    jobs,
    approvers,
    approves: !asked.by.external && asked.by.unverified === undefined && (await isOne),
  };
}

function approversOn({ config }: Deps, cluster: ClusterName): People {
  const rules = config().policy.rules.filter(
    (rule) => rule.approvals > 0 && (rule.clusters?.includes(cluster) ?? true),
  );
  return {
    users: [...new Set(rules.flatMap((rule) => rule.approve.users))],
    groups: [...new Set(rules.flatMap((rule) => rule.approve.groups))],
  };
}

async function standing({ config, groups, log }: Deps, asked: Asked, job: Job): Promise<Standing> {
  const among = (people: People): Promise<boolean> => isAmong(groups, people, asked.by.user);
  try {
    return await standingOf(config().policy, { ...asked, command: job.name, risk: job.risk, among });
  } catch (thrown) {
    log.warn({ err: thrown, command: job.name }, 'standing unknown');
    return { type: 'not', because: 'person', why: 'nobody could look up who is in the groups of the policy' };
  }
}
