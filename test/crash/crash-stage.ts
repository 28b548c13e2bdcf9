import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Origin } from '../../src/core/actor.ts';
import type { RunId } from '../../src/core/ids.ts';
import { PODS } from '../../src/core/resources.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import { fold, type Run } from '../../src/core/run/run.ts';
import { type OpenState, openState } from '../../src/store/open-state.ts';
import { HELM, type SwitchWorld } from '../jobs/switch-world.ts';
import { bundledProgram } from '../support/bundled-program.ts';
import { silentLog } from '../support/rehearsal-cluster.ts';
import { anEvent, aRunId } from '../support/run-events.ts';
import { redisBinary, type SpawnedRedis, spawnRedis } from '../support/spawn-redis.ts';

/** Of the workers' clocks: slower than the cluster, because the time for reading is limited and a busy machine needs it. */
const CLOCK_SPEED = 8;
const POLL_MS = 15;
/** Of the test, not of the change: workers, clusters and helm share the machine with everything else. */
const LIMIT_MS = 150_000;

export const isPossible = redisBinary() !== undefined && HELM !== undefined;

/** A real Redis, and workers that are processes of their own. */
export type Stage = {
  readonly redis: SpawnedRedis;
  readonly store: OpenState;
  readonly startWorker: (world: SwitchWorld, run: string) => ChildProcess;
  /** A switch to native routing that somebody has asked for: the worker plans, approves and applies it. */
  readonly ask: (origin?: Origin) => Promise<RunId>;
  /** The run, as soon as `holds`, or when it has ended. */
  readonly until: (id: RunId, holds: (run: Run) => boolean) => Promise<Run>;
  /** The change itself has begun this step: planning has steps of the same names. */
  readonly began: (id: RunId, step: string) => Promise<Run>;
  readonly close: () => Promise<void>;
};

export async function openStage(clockSpeed = CLOCK_SPEED): Promise<Stage> {
  const redis = await spawnRedis();
  const store = await openState({ url: redis.url, dataDir: '', log: silentLog });
  const program = await bundledProgram('crash/worker-process.ts');
  const children = new Set<ChildProcess>();
  const until: Stage['until'] = async (id, holds) => {
    const endMs = Date.now() + LIMIT_MS;
    const events: RunEvent[] = [];
    for (;;) {
      // Redis may be away, which is what some of these tests are about.
      events.push(...(await store.state.runs.read(id, events.length).catch(() => [])));
      const run = fold(events);
      if (run !== undefined && (holds(run) || run.now.state === 'ended')) return run;
      if (Date.now() > endMs) throw new Error(`the run hangs: ${JSON.stringify(run?.steps)}`);
      await sleep(POLL_MS);
    }
  };
  return {
    ...{ redis, store, until },
    startWorker: (world, run) => {
      const args = [program.path, redis.url, world.kubeconfigPath, run, HELM ?? '', String(clockSpeed)];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
      children.add(child);
      child.once('exit', () => children.delete(child));
      return child;
    },
    ask: async (origin = { type: 'terminal' }) => {
      const id = aRunId();
      const asked = { run: id, requestKey: id, command: 'enable-native-routing', risk: 'change', origin } as const;
      await store.state.runs.append(id, 0, anEvent('requested', { ...asked, args: { cluster: 'prod' } }));
      return id;
    },
    began: (id, step) => until(id, (run) => run.applying !== undefined && run.steps.some((each) => each.step === step)),
    close: async () => {
      for (const child of children) child.kill('SIGKILL');
      await store.close();
      await redis.stop();
      await program.remove();
    },
  };
}

/** What the cluster says afterwards, without asking the bot. */
export async function leftOver({ port }: SwitchWorld) {
  const signal = AbortSignal.timeout(20_000);
  const modes = new Set<string>();
  for await (const page of port.list(
    PODS,
    { namespace: 'kube-system', labelSelector: 'k8s-app=cilium', as: 'metadata' },
    signal,
  )) {
    for (const pod of page as readonly { metadata: { name: string } }[]) {
      const { stdout } = await port.exec(
        {
          namespace: 'kube-system',
          pod: pod.metadata.name,
          container: 'cilium-agent',
          command: ['cilium', 'status', '-o', 'json'],
          deadlineMs: 10_000,
          maxOutputBytes: 2_000_000,
        },
        signal,
      );
      modes.add(
        (JSON.parse(stdout) as { routing: { 'inter-host-routing-mode': string } }).routing['inter-host-routing-mode'],
      );
    }
  }
  let probes = 0;
  for await (const page of port.list(PODS, { namespace: 'cilium-chatops', as: 'metadata' }, signal))
    probes += page.length;
  let holder = '';
  const leases = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' };
  for await (const page of port.list(leases, { namespace: 'kube-system', as: 'objects' }, signal))
    for (const lease of page as readonly { metadata: { name: string }; spec: { holderIdentity?: string } }[])
      if (lease.metadata.name === 'cilium-chatops') holder = lease.spec.holderIdentity ?? '';
  return { modes: [...modes].join('+'), probes, holder };
}
