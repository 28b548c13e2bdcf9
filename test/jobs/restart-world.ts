import { restartUnmanaged } from '../../jobs/restart-unmanaged.ts';
import { RunId, UserId } from '../../src/core/ids.ts';
import type { ChangeContext, JobResult, JobRun, Planned, Progress } from '../../src/core/job.ts';
import type { ClusterWritePort, HelmPort } from '../../src/core/ports/change-ports.ts';
import { Plan } from '../../src/core/run/plan.ts';
import type { startRehearsalCluster } from '../../src/rehearsal/cluster/start.ts';
import { type OpenRehearsal, openRehearsalCluster, silentLog } from '../support/rehearsal-cluster.ts';
import { fastClock } from './fast-clock.ts';

const unused = (): Promise<never> => Promise.reject(new Error('a restart has no use for helm'));
const helm: HelmPort = {
  release: unused,
  history: unused,
  dryRun: unused,
  manifest: unused,
  upgrade: unused,
  settlePending: unused,
};

const SPEED = 10;

/** The rehearsal cluster as the worker's own account sees it, time running fast. */
export async function openRestartWorld(start: Parameters<typeof startRehearsalCluster>[0] = {}) {
  const open: OpenRehearsal = await openRehearsalCluster({ context: 'chatops', start: { speed: SPEED, ...start } });
  const clock = fastClock(SPEED);
  const control = async (path: string, body: object, method = 'POST'): Promise<void> => {
    const answer = await fetch(`${open.rehearsal.controlUrl}${path}`, { method, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  const context = (more: Partial<ChangeContext> = {}): ChangeContext => ({
    cluster: open.port,
    clock,
    log: silentLog,
    signal: AbortSignal.timeout(100_000),
    helm,
    run: RunId.parse('run-aaaaaa'),
    attempt: 1,
    resumed: false,
    by: UserId.parse('UDANA'),
    approvedBy: [UserId.parse('ULEE')],
    write: open.write,
    stopWanted: async () => false,
    ...more,
  });
  return {
    ...open,
    clock,
    context,
    fault: (id: string, value: string) => control('/faults', { id, value }),
    put: (object: object) => control('/objects', { object }),
    forget: (object: object) => control('/objects', object, 'DELETE'),
    plan: async (args: object = {}, more: Partial<ChangeContext> = {}): Promise<Planned> => {
      const planning = restartUnmanaged.plan(args, context(more));
      for (;;) {
        const next = await planning.next();
        if (next.done) return next.value;
      }
    },
    apply: (plan: Plan, more: Partial<ChangeContext> = {}, on?: (progress: Progress) => void) =>
      finish(restartUnmanaged.apply(plan, context(more)), on),
  };
}
export type RestartWorld = Awaited<ReturnType<typeof openRestartWorld>>;

export async function finish(
  run: JobRun,
  on: (progress: Progress) => void = () => undefined,
): Promise<JobResult & { readonly progress: readonly Progress[] }> {
  const progress: Progress[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done) return { ...next.value, progress };
    progress.push(next.value);
    on(next.value);
  }
}

/** @throws when there is none: with the reason */
export function planIn(planned: Planned): Plan {
  if (planned.type !== 'plan') throw new Error(`refused: ${planned.reason}`);
  return Plan.parse(planned.plan);
}

/** Counts what is written, and lets a test look at each eviction before it is sent. */
export function watchedWrite(
  write: ClusterWritePort,
  before: (name: string) => void,
): ClusterWritePort & { readonly evicted: readonly string[] } {
  const evicted: string[] = [];
  return {
    ...write,
    evicted,
    evict: async (ref, uid, signal) => {
      before(ref.name);
      const answer = await write.evict(ref, uid, signal);
      if (answer.type === 'evicted') evicted.push(ref.name);
      return answer;
    },
  };
}
