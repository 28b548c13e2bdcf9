import { OpsError } from '../../core/errors.ts';
import type { RunId } from '../../core/ids.ts';
import type { ChangeJob, Job, PlainJob } from '../../core/job.ts';
import { withFields } from '../../core/log-fields.ts';
import type { Processed } from '../../core/ports/ports.ts';
import { type Run, WORKER_LOST } from '../../core/run/run.ts';
import { laneOf } from '../lanes.ts';
import { loadRun } from '../record.ts';
import { applyChange } from './apply-change.ts';
import { type Attempt, createAttempt, now, resultFile } from './attempt.ts';
import { drain, stoppable } from './drain.ts';
import type { ExecuteDeps } from './executing.ts';
import { jobContext } from './job-context.ts';
import { planChange } from './plan-change.ts';
import { unknownState } from './unknown-state.ts';
import { withinLimits } from './within-limits.ts';
import type { Work } from './work.ts';

/** So many workers may be lost with one run before it is given up. */
const MAX_ATTEMPTS = 3;

/**
 * One attempt at a run. Safe to call twice for the same run: a second worker takes the attempt over, and the first one
 * finds its next event refused (Superseded) and stops.
 * @throws OpsError StoreUnavailable: the queue tries the whole attempt again.
 */
export async function execute(deps: ExecuteDeps, id: RunId, aborted: AbortSignal): Promise<Processed> {
  try {
    const processed = await begin(deps, await loadRun(deps.state.runs, id), aborted);
    return processed.type === 'done' ? await unlessWantedAgain(deps, id) : processed;
  } catch (thrown) {
    if (!(thrown instanceof OpsError)) throw thrown;
    // Another worker writes the next event, or the run was removed: in both cases there is nothing left to do here.
    if (thrown.code !== 'Superseded' && thrown.code !== 'UnknownRun') throw thrown;
    deps.log.info({ run: id, why: thrown.message }, 'attempt given up');
    return { type: 'done' };
  }
}

/** An approval that lands while this job is still the queue's cannot be queued again under its id: look before leaving. */
async function unlessWantedAgain(deps: ExecuteDeps, id: RunId): Promise<Processed> {
  const run = await loadRun(deps.state.runs, id);
  const wanted = run.now.state === 'approved' && deps.lane === 'change';
  return wanted ? { type: 'later', afterMs: 0 } : { type: 'done' };
}

async function begin(base: ExecuteDeps, run: Run, aborted: AbortSignal): Promise<Processed> {
  const { request } = run;
  const said = { run: request.run, cluster: request.cluster, command: request.command, attempt: run.attempt + 1 };
  const deps = { ...base, log: withFields(base.log, said) };
  if (run.now.state === 'ended' || run.now.state === 'awaiting-approval') return { type: 'done' };
  if (run.approvedDigest !== undefined && deps.lane === 'read') {
    await deps.queues.add(laneOf(run), run.request.run);
    return { type: 'done' };
  }
  const attempt = createAttempt(deps, run);
  if (run.cancel && !run.applying) return attempt.end({ type: 'cancelled', by: run.cancel.by });
  if (lostWorkers(run) >= MAX_ATTEMPTS) return giveUp(deps, run, attempt);
  const job = deps.jobs.find((each) => each.name === run.request.command);
  if (!job) {
    const message = `this worker does not know the command "${run.request.command}"`;
    return attempt.end({
      type: 'failed',
      code: 'Bug',
      message,
      nextStep: 'bot and worker run different versions: update the older one',
    });
  }
  return start(deps, { run, attempt, aborted }, job);
}

async function start(deps: ExecuteDeps, base: Omit<Work<Job>, 'job'>, job: Job): Promise<Processed> {
  const { attempt, run } = base;
  const { changes } = deps;
  if (job.type === 'change' && changes === undefined)
    return attempt.end({ type: 'refused', reason: 'this worker may not change clusters' });
  await attempt.append({ type: 'started', at: now(deps), attempt: attempt.number, worker: deps.worker });
  if (job.type === 'plain') return look(deps, { ...base, job });
  const work: Work<ChangeJob> = { ...base, job };
  if (changes === undefined) throw new OpsError('Bug', 'a change without the means for it');
  const changing = { ...deps, changes };
  return run.approvedDigest === undefined ? planChange(changing, work) : applyChange(changing, work);
}

/**
 * A run that is handed back at every shutdown is unlucky, not broken: only those that were lost count. Half a change is
 * worse than a late plan: those that were lost before it began do not count against it.
 */
function lostWorkers({ losses, now: { state }, applying }: Run): number {
  const lost = losses.filter(({ why, attempt }) => why === WORKER_LOST && attempt >= (applying?.attempt ?? 1));
  return lost.length + (state === 'running' ? 1 : 0);
}

async function giveUp(deps: ExecuteDeps, run: Run, attempt: Attempt): Promise<Processed> {
  const message = `${lostWorkers(run)} workers were lost while they ran it`;
  if (run.applying) return attempt.end(unknownState(run, message, deps.clock.now()));
  const nextStep = 'look at the logs of the workers, then run it again';
  return attempt.end({ type: 'failed', code: 'Bug', message, nextStep });
}

async function look(deps: ExecuteDeps, { run, job, attempt, aborted }: Work<PlainJob>): Promise<Processed> {
  const { deadlineMs } = job;
  const limits = { run, attempt, aborted, deadlineMs, cleansUp: job.risk !== 'read' };
  return withinLimits(deps, limits, async ({ signal, log }) => {
    const context = await jobContext(deps, run, { signal, log });
    const result = await drain(job.run(run.request.args, context), stoppable(attempt, signal));
    const file = resultFile(result.data);
    if (file) await attempt.keep(file);
    else log.warn({}, 'result is too large to be kept');
    return attempt.end(result.outcome);
  });
}
