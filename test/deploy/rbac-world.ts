import { PROBE_IMAGE } from '../../src/cilium/probe/probe-script.ts';
import { type OpenCluster, openCluster } from '../../src/cluster/connect.ts';
import type { Clock } from '../../src/core/clock.ts';
import { ClusterName, RunId, UserId } from '../../src/core/ids.ts';
import type { ChangeJob, JobContext, JobResult, PlainJob, Planned, Progress } from '../../src/core/job.ts';
import { Plan } from '../../src/core/run/plan.ts';
import { startRehearsalCluster } from '../../src/rehearsal/cluster/start.ts';
import { openChangePorts } from '../../src/roles/open-changes.ts';
import { fastClock } from '../jobs/fast-clock.ts';
import { HELM } from '../jobs/switch-world.ts';
import { silentLog, systemClock } from '../support/rehearsal-cluster.ts';
import type { Asked, KubeObject } from './rights.ts';

const SPEED = 20;
export const PROBE_NAMESPACE = 'cilium-chatops-probes';
const WORKER = 'system:serviceaccount:cilium-chatops:worker';

/** What the seed grants the worker: taken away before anything else. */
const SEEDED: readonly KubeObject[] = [
  ['ClusterRole'],
  ['ClusterRoleBinding'],
  ...['kube-system', 'cilium-chatops'].flatMap((namespace) => [
    ['Role', namespace],
    ['RoleBinding', namespace],
  ]),
].map(([kind = '', namespace]) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name: 'cilium-chatops', ...(namespace === undefined ? {} : { namespace }) },
}));

/** A rehearsal cluster and the service account of the worker on it, with the rights it is given and no others. */
export async function openRbacWorld() {
  const rehearsal = await startRehearsalCluster({ speed: SPEED });
  const open = (context: string): Promise<OpenCluster> =>
    openCluster({
      name: ClusterName.parse('prod'),
      context,
      kubeconfigPath: rehearsal.kubeconfigPath,
      clock: systemClock,
      log: silentLog,
    });
  const [opened, admin] = await Promise.all([open('chatops'), open('admin')]);
  const control = controlOf(rehearsal.controlUrl);
  return {
    admin: admin.port,
    put: (object: object) => control('POST', '/objects', { object }),
    fault: (id: string, value: string) => control('POST', '/faults', { id, value }),
    ...rightsOf(control),
    ...playsOf(opened),
    close: async (): Promise<void> => {
      await Promise.all([opened.close(), admin.close()]);
      await rehearsal.close();
    },
  };
}
export type RbacWorld = Awaited<ReturnType<typeof openRbacWorld>>;

type Control = (method: string, path: string, body?: object) => Promise<unknown>;

function controlOf(url: string): Control {
  return async (method, path, body) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
}

function rightsOf(control: Control) {
  let granted = SEEDED;
  return {
    reset: async (): Promise<void> => {
      await control('POST', '/reset');
      granted = SEEDED;
    },
    /** From now on the worker may do what these objects say, and nothing else. */
    grant: async (objects: readonly KubeObject[]): Promise<void> => {
      for (const { apiVersion, kind, metadata } of granted)
        await control('DELETE', '/objects', { apiVersion, kind, ...metadata });
      for (const object of objects) await control('POST', '/objects', { object });
      granted = objects;
      await control('DELETE', '/decisions');
    },
    /** What the worker asked since the last `grant`. */
    asked: async (): Promise<readonly Asked[]> => {
      const { decisions } = (await control('GET', '/decisions')) as { decisions: readonly Asked[] };
      return decisions.filter(({ user }) => user === WORKER);
    },
  };
}

type Run = { readonly args?: object | undefined; readonly hurried?: boolean | undefined };
type Change = { readonly id?: string; readonly on?: (progress: Progress) => unknown };

function playsOf(opened: OpenCluster) {
  // Slower than the cluster: the time for reading is limited, and a busy machine needs it.
  const clock = fastClock(8);
  const portsOf = (run: RunId) =>
    openChangePorts(opened, { run, attempt: 1 }, { helmBin: HELM, helmEnv: helmEnv(), log: silentLog });
  const plan = async (job: ChangeJob, args: object, id = 'run-aaaaaa'): Promise<Planned> => {
    const { helm } = await portsOf(RunId.parse(id));
    return finish(job.plan(args, { ...contextOf(opened, clock, id), helm }));
  };
  return {
    plan,
    /** Reading has a limit on its time, which is the machine's; `hurried` is for what waits for its own pods. */
    run: async (job: PlainJob, { args = {}, hurried = false }: Run = {}): Promise<JobResult['outcome']> =>
      (await finish(job.run(args, contextOf(opened, hurried ? clock : systemClock, 'run-cccccc')))).outcome,
    /** Plans without a Lease and applies under one, as a worker does. @throws when there is nothing to apply */
    change: async (job: ChangeJob, { id = 'run-aaaaaa', on }: Change = {}): Promise<JobResult['outcome']> => {
      const planned = await plan(job, {}, id);
      if (planned.type !== 'plan') throw new Error(`refused: ${planned.reason}`);
      const run = RunId.parse(id);
      const { helm, write, lease } = await portsOf(run);
      await lease.acquire(AbortSignal.timeout(30_000));
      try {
        const people = { by: UserId.parse('U01DANA'), approvedBy: [UserId.parse('U02LEE')] };
        const attempt = { run, attempt: 1, resumed: false, stopWanted: async () => false };
        const applying = { ...contextOf(opened, clock, id), helm, write, ...attempt, ...people };
        return (await finish(job.apply(Plan.parse(planned.plan), applying), on)).outcome;
      } finally {
        await lease.release(AbortSignal.timeout(10_000));
      }
    },
  };
}

function helmEnv() {
  return { PATH: process.env['PATH'] };
}

function contextOf({ port, write }: OpenCluster, clock: Clock, owner: string): JobContext {
  const probes = { write, owner, namespace: PROBE_NAMESPACE, image: PROBE_IMAGE };
  return { cluster: port, clock, log: silentLog, signal: AbortSignal.timeout(200_000), probes };
}

async function finish<Value>(
  run: AsyncGenerator<Progress, Value, void>,
  on: (progress: Progress) => unknown = () => undefined,
): Promise<Value> {
  for (;;) {
    const next = await run.next();
    if (next.done) return next.value;
    await on(next.value);
  }
}
