import { Origin } from '../../core/actor.ts';
import { OpsError } from '../../core/errors.ts';
import { parseLine } from '../../core/grammar/grammar.ts';
import type { Job } from '../../core/job.ts';
import { type ChatopsConfig, clustersAt } from '../../core/policy/chatops-config.ts';
import { rhythmOf, type Schedule } from '../../core/policy/schedule.ts';
import { answers } from '../answers/registry.ts';

/**
 * What the schema of a schedule cannot know: whether its command is one, only looks, and names a cluster that may be
 * operated from its channel. @throws OpsError BadConfig with everything that is wrong
 */
export function checkSchedules(config: ChatopsConfig, jobs: readonly Job[]): void {
  const problems = config.schedules.flatMap((schedule, at) => {
    const problem = problemOf(schedule, config, jobs);
    return problem === undefined ? [] : [`schedules.${at}.command: ${problem}`];
  });
  if (problems.length === 0) return;
  const looks = jobs.filter(({ risk }) => risk === 'read').map(({ words, name }) => words[0]?.join(' ') ?? name);
  throw new OpsError('BadConfig', `chatops.yaml is not usable: ${problems.join('; ')}`, {
    nextStep: `scheduled can be what only looks: ${looks.join(', ')}`,
  });
}

function problemOf(schedule: Schedule, config: ChatopsConfig, jobs: readonly Job[]): string | undefined {
  const { command } = schedule;
  const parsed = parseLine(command, [...jobs, ...answers]);
  if (parsed.type === 'misunderstood') return `"${command}": ${parsed.problem}`;
  if (parsed.type === 'help') return `"${command}" is not a command that can be scheduled`;
  const job = jobs.find(({ name }) => name === parsed.card.name);
  if (job === undefined) return `"${command}" is an answer to one person and cannot be scheduled`;
  if (job.risk !== 'read')
    return `"${command}" ${job.risk === 'change' ? 'changes the cluster' : 'puts load on the cluster'}, and nobody would have asked for it`;
  return argumentProblem(job, parsed.raw) ?? placeProblem(schedule, config, parsed.raw['cluster']);
}

function argumentProblem(job: Job, raw: Readonly<Record<string, unknown>>): string | undefined {
  try {
    job.parse(raw);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof OpsError) return thrown.message;
    throw thrown;
  }
}

function placeProblem(schedule: Schedule, config: ChatopsConfig, cluster: unknown): string | undefined {
  const { name, channel } = schedule;
  const origin = Origin.parse({ type: 'schedule', schedule: name, rhythm: rhythmOf(schedule), channel });
  const here = clustersAt(config, origin).map((each) => each.name);
  if (typeof cluster !== 'string')
    return here.length === 1 ? undefined : `it has to name a cluster, one of ${here.join(', ') || 'none'}`;
  if (here.some((each) => each === cluster)) return undefined;
  const known = config.clusters.some((each) => each.name === cluster);
  return known ? `${cluster} may not be operated from ${channel}` : `there is no cluster ${cluster}`;
}
