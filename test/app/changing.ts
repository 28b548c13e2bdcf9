import { z } from 'zod';
import { execute } from '../../src/app/execute/execute.ts';
import type { ExecuteDeps } from '../../src/app/execute/executing.ts';
import { laneOf } from '../../src/app/lanes.ts';
import type { OpsError } from '../../src/core/errors.ts';
import { ClusterName, type RunId } from '../../src/core/ids.ts';
import { type ChangeContext, type ChangeJob, defineChange, type JobRun, type Planned } from '../../src/core/job.ts';
import type { ChangePorts, HelmPort, LeaseHolder } from '../../src/core/ports/change-ports.ts';
import type { Processed } from '../../src/core/ports/ports.ts';
import { Plan } from '../../src/core/run/plan.ts';
import { fakeCluster } from '../support/fake-cluster.ts';
import { accepted, aJob, aWorld, fine, runOf, type World } from './world.ts';

/** prod: dana asks, lee and sam may approve (lee by the group), kim may not. */
export const POLICY = {
  clusters: [{ name: 'prod' }],
  policy: {
    rules: [
      {
        clusters: ['prod'],
        approvals: 2,
        approve: { users: ['U03SAM'], groups: ['S01APPROVERS'] },
        breakGlass: { users: ['U05ROOT'] },
      },
    ],
  },
};

export function aPlan(more: Partial<Plan> = {}): Plan {
  return Plan.parse({
    title: 'switch to native routing',
    effect: ['3 agents restart in 2 batches; up to 30 s without traffic between switched and unswitched nodes'],
    changes: [{ key: 'routing-mode', from: 'tunnel', to: 'native' }],
    checks: [
      { id: 'kernel', title: 'Kernel', verdict: 'pass', evidence: '6.18', why: 'BPF', fix: '' },
      { id: 'unmanaged', title: 'Unmanaged pods', verdict: 'warn', evidence: '5 pods', why: 'w', fix: 'restart them' },
    ],
    wayBack: 'automatic on failure; later `rollback prod`',
    pinned: { 'Helm revision': '27', nodes: 'node1,node2,node3' },
    work: { step: 1 },
    ...more,
  });
}

/** What a test decides about the fake change; everything may be changed between plan and apply. */
export type FakeChange = {
  plan: () => Planned;
  apply: (context: ChangeContext) => JobRun;
  readonly applied: ChangeContext[];
};

export function aChange(more: Partial<FakeChange> = {}): FakeChange & { readonly job: ChangeJob } {
  const bytes = new TextEncoder().encode('- routing-mode: tunnel\n+ routing-mode: native\n');
  const change: FakeChange = {
    plan: () => ({
      type: 'plan',
      plan: aPlan(),
      artifacts: [{ name: 'plan.diff', title: 'Full diff', mimetype: 'text/x-diff', bytes }],
    }),
    apply: async function* () {
      yield { type: 'step-started', step: 'upgrade', title: 'helm upgrade' };
      yield { type: 'step-ended', step: 'upgrade', result: 'ok', detail: 'revision 28' };
      return { outcome: fine, data: { revision: 28 } };
    },
    applied: [],
    ...more,
  };
  const { examples, summary, risk } = {
    examples: ['enable native-routing prod'] as [string],
    summary: 's',
    risk: 'change' as const,
  };
  const job = defineChange({
    name: 'enable-native-routing',
    words: [['enable', 'native-routing']],
    summary,
    usage: '[cluster] [--reason …]',
    examples,
    risk,
    deadlineMs: 60_000,
    positionals: ['cluster'],
    flags: { reason: { type: 'string', help: 'why' } },
    Args: z.object({ cluster: ClusterName.optional(), reason: z.string().optional() }),
    async *plan() {
      yield { type: 'step-started', step: 'preflight', title: 'Preflight' };
      yield { type: 'step-ended', step: 'preflight', result: 'ok' };
      return change.plan();
    },
    apply: (_, context) => {
      change.applied.push(context);
      return change.apply(context);
    },
  });
  return Object.assign(change, { job });
}

const unused = (): Promise<never> => Promise.reject(new Error('not used here'));
const helm: HelmPort = {
  release: unused,
  history: unused,
  dryRun: unused,
  manifest: unused,
  upgrade: unused,
  settlePending: unused,
};

/** A Lease that remembers who took it; the first tries reject with what `locked` holds. */
export function fakePorts(locked: OpsError[]) {
  const leases: string[] = [];
  const ports = ({ run, attempt }: LeaseHolder): ChangePorts => ({
    helm,
    write: { create: unused, replace: unused, mergePatch: unused, remove: unused, evict: unused },
    lease: {
      acquire: async () => {
        const error = locked.shift();
        if (error) throw error;
        leases.push(`acquire ${run}/${attempt}`);
      },
      prove: async () => undefined,
      release: async () => {
        leases.push(`release ${run}/${attempt}`);
      },
    },
    close: async () => undefined,
  });
  return { ports, leases };
}

export type Changing = {
  readonly world: World;
  readonly change: FakeChange & { readonly job: ChangeJob };
  readonly deps: ExecuteDeps;
  /** Errors that the next tries to take the Lease reject with. */
  readonly locked: OpsError[];
  readonly leases: readonly string[];
  /** As the worker of the lane that the run belongs into. */
  readonly work: (id: RunId, signal?: AbortSignal) => Promise<Processed>;
};

const never = new AbortController().signal;

/** A bot and a worker of one process, with a change that does nothing but say so. */
export function aChanging(more: { readonly change?: Partial<FakeChange>; readonly config?: unknown } = {}): Changing {
  const change = aChange(more.change);
  const world = aWorld({ jobs: [change.job, aJob()], config: more.config ?? POLICY });
  world.members.set('S01APPROVERS', ['U02LEE']);
  const locked: OpsError[] = [];
  const { ports, leases } = fakePorts(locked);
  const openPorts = async (_: unknown, holder: LeaseHolder): Promise<ChangePorts> => ports(holder);
  const policy = () => world.config().policy;
  const base = { ...world, openCluster: async () => fakeCluster(), worker: 'host/1', changes: { policy, openPorts } };
  return {
    world,
    change,
    locked,
    leases,
    deps: base,
    work: async (id, signal = never) => {
      const { type } = laneOf(await runOf(world, id));
      if (type !== 'read' && type !== 'change') throw new Error('a run belongs to a worker');
      return execute({ ...base, lane: type }, id, signal);
    },
  };
}

/** Asked for and planned: people may vote. */
export async function aWaitingChange(changing: Changing, line = 'enable native-routing prod'): Promise<RunId> {
  const id = await accepted(changing.world, line);
  await changing.work(id);
  const { now } = await runOf(changing.world, id);
  if (now.state !== 'awaiting-approval') throw new Error(`it is ${JSON.stringify(now)}`);
  return id;
}
