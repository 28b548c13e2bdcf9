import { enableNativeRouting } from '../../jobs/enable-native-routing.ts';
import { restartUnmanaged } from '../../jobs/restart-unmanaged.ts';
import { rollback } from '../../jobs/rollback.ts';
import { execute } from '../../src/app/execute/execute.ts';
import type { ExecuteDeps } from '../../src/app/execute/executing.ts';
import { loadRun, record } from '../../src/app/record.ts';
import { openCluster } from '../../src/cluster/connect.ts';
import { createChangeLease } from '../../src/cluster/lease.ts';
import { Actor } from '../../src/core/actor.ts';
import { OpsError } from '../../src/core/errors.ts';
import { guardHelm, guardWrites } from '../../src/core/guarded.ts';
import { ClusterName, RunId } from '../../src/core/ids.ts';
import { ChatopsConfig } from '../../src/core/policy/chatops-config.ts';
import { createHelm } from '../../src/helm/create-helm.ts';
import { openState } from '../../src/store/open-state.ts';
import { fastClock } from '../jobs/fast-clock.ts';
import { createFakeQueues } from '../support/fake-queues.ts';
import { silentLog, systemClock } from '../support/rehearsal-cluster.ts';

/*
 * A worker that does one job and ends: to be killed at any moment. Everything is real but the speed of its clock and
 * the queue. Plans and approves what is not planned yet, then applies it, or goes on with what another worker began.
 * Arguments: state URL, kubeconfig, run, helm, speed.
 */
const [, , url = '', kubeconfigPath = '', id = '', helmBin = '', speed = '1'] = process.argv;
const run = RunId.parse(id);
const RETRY_MS = 500;
const tell = (fields: Readonly<Record<string, unknown>>, message: string): void => {
  if (process.env['CRASH_LOG'] !== undefined) process.stderr.write(`${message} ${String(fields['err'])}\n`);
};
const log = { ...silentLog, warn: tell, error: tell };
const store = await openState({ url, dataDir: '', log });
const cluster = await openCluster({
  name: ClusterName.parse('prod'),
  context: 'admin',
  kubeconfigPath,
  clock: systemClock,
  log: silentLog,
});
const clock = fastClock(Number(speed));
// Ten minutes of an outage are ten seconds from here on.
process.on('SIGUSR2', () => clock.runAt(60));
const { port, write } = cluster;
const config = ChatopsConfig.parse({
  clusters: [{ name: 'prod' }],
  policy: { rules: [{ clusters: ['prod'], approvals: 1, approve: { users: ['U02LEE'] } }] },
});
const deps: ExecuteDeps = {
  state: store.state,
  queues: createFakeQueues(),
  jobs: [enableNativeRouting, rollback, restartUnmanaged],
  openCluster: async () => port,
  clock,
  log,
  worker: `worker/${process.pid}`,

  around: async () => ({
    probes: { write, owner: run, namespace: 'cilium-chatops', image: 'registry.k8s.io/e2e-test-images/agnhost:2.53' },
  }),
  changes: {
    policy: () => config.policy,
    openPorts: async (_, holder) => {
      const lease = createChangeLease({
        cluster: port,
        write,
        clock: systemClock,
        log,
        namespace: 'kube-system',
        ...holder,
      });
      const helm = createHelm({
        cluster: port,
        kubeconfig: cluster.kubeconfig,
        clock: systemClock,
        env: { PATH: process.env['PATH'] },
        helmBin,
        limits: { settleAfterMs: 1_500 },
      });
      return { helm: guardHelm(helm, lease), write: guardWrites(write, lease), lease, close: async () => undefined };
    },
  },
};

const signal = new AbortController().signal;

async function work(): Promise<void> {
  // Reading has a budget by the clock, which a busy machine would use up at a fast one.
  await execute({ ...deps, clock: systemClock, lane: 'read' }, run, signal);
  const planned = await loadRun(store.state.runs, run);
  if (planned.now.state === 'awaiting-approval') {
    const { digest } = planned.now.plan;
    const at = new Date().toISOString();
    const by = Actor.parse({ user: 'U02LEE' });
    await record(store.state.runs, run, { type: 'voted', at, by, verdict: 'approve', digest });
    await record(store.state.runs, run, { type: 'approved', at, digest });
  }
  await execute({ ...deps, lane: 'change' }, run, signal);
}

/** As the queue does: what fails because the store does not answer (a busy machine is enough) is tried again. */
async function untilDone(): Promise<void> {
  for (;;) {
    try {
      return await work();
    } catch (thrown) {
      if (!(thrown instanceof OpsError) || thrown.code !== 'StoreUnavailable') throw thrown;
      tell({ err: thrown }, 'tried again');
      await systemClock.sleep(RETRY_MS, signal);
    }
  }
}

await untilDone();
process.exit(0);
