import type { Actor, Origin } from '../core/actor.ts';
import type { ClusterStanding } from '../core/home.ts';
import type { ClusterName } from '../core/ids.ts';
import type { Job } from '../core/job.ts';
import { type People, type Standing, standingOf } from '../core/policy.ts';
import { isAmong } from './people.ts';
import type { SubmitDeps } from './submit.ts';

type Asked = { readonly cluster: ClusterName; readonly by: Actor; readonly origin: Origin | undefined };
type Deps = Pick<SubmitDeps, 'config' | 'groups' | 'jobs' | 'log'>;

/** Never throws: a group that cannot be looked up has no members, and says so. */
export async function standingsOn(deps: Deps, asked: Asked): Promise<ClusterStanding> {
  const gated = deps.jobs.filter((job) => job.risk !== 'read');
  const jobs = await Promise.all(gated.map(async (job) => ({ job, standing: await standing(deps, asked, job) })));
  return { cluster: asked.cluster, jobs, approves: await approves(deps, asked) };
}

async function standing({ config, groups, log }: Deps, asked: Asked, job: Job): Promise<Standing> {
  const among = (people: People): Promise<boolean> => isAmong(groups, people, asked.by.user);
  try {
    return await standingOf(config().policy, { ...asked, command: job.name, risk: job.risk, among });
  } catch (thrown) {
    log.warn({ err: thrown, command: job.name }, 'standing unknown');
    return { type: 'not', why: 'nobody could look up who is in the groups of the policy' };
  }
}

async function approves({ config, groups }: Deps, { cluster, by }: Asked): Promise<boolean> {
  if (by.external) return false;
  for (const rule of config().policy.rules) {
    if (rule.approvals === 0 || !(rule.clusters?.includes(cluster) ?? true)) continue;
    if (await isAmong(groups, rule.approve, by.user).catch(() => false)) return true;
  }
  return false;
}
