import { openCluster } from '../../src/cluster/connect.ts';
import type { Clock } from '../../src/core/clock.ts';
import { ClusterName } from '../../src/core/ids.ts';
import type { Planned, Planning, Progress } from '../../src/core/job.ts';
import type { ClusterWritePort, HelmPort } from '../../src/core/ports/change-ports.ts';
import type { ClusterPort } from '../../src/core/ports/ports.ts';
import { createHelm } from '../../src/helm/create-helm.ts';
import { startRehearsalCluster } from '../../src/rehearsal/cluster/start.ts';
import { HELMS } from '../helm/real-helms.ts';
import { silentLog, systemClock } from '../support/rehearsal-cluster.ts';

/** A rehearsal cluster with everything a change needs, and the real helm. */
export type SwitchWorld = {
  readonly port: ClusterPort;
  readonly write: ClusterWritePort;
  readonly helm: HelmPort;
  readonly controlUrl: string;
  readonly kubeconfigPath: string;
  readonly fault: (id: string, value: string) => Promise<void>;
  readonly close: () => Promise<void>;
};

export const HELM = HELMS.find(({ path }) => path !== undefined)?.path;

export async function openSwitchWorld(
  start: Parameters<typeof startRehearsalCluster>[0] = {},
  clock: Clock = systemClock,
): Promise<SwitchWorld> {
  const rehearsal = await startRehearsalCluster(start);
  const cluster = await openCluster({
    name: ClusterName.parse('prod'),
    context: 'admin',
    kubeconfigPath: rehearsal.kubeconfigPath,
    clock: systemClock,
    log: silentLog,
  });
  const helm = createHelm({
    cluster: cluster.port,
    kubeconfig: cluster.kubeconfig,
    clock,
    env: { PATH: process.env['PATH'] },
    ...(HELM === undefined ? {} : { helmBin: HELM }),
    limits: { settleAfterMs: 2_000 },
  });
  return {
    port: cluster.port,
    write: cluster.write,
    helm,
    controlUrl: rehearsal.controlUrl,
    kubeconfigPath: rehearsal.kubeconfigPath,
    fault: async (id, value) => {
      const answer = await fetch(`${rehearsal.controlUrl}/faults`, {
        method: 'POST',
        body: JSON.stringify({ id, value }),
      });
      if (!answer.ok) throw new Error(`fault ${id}=${value}: ${answer.status} ${await answer.text()}`);
    },
    close: async () => {
      await cluster.close();
      await rehearsal.close();
    },
  };
}

export async function finishPlanning(
  planning: Planning,
): Promise<{ readonly planned: Planned; readonly progress: readonly Progress[] }> {
  const progress: Progress[] = [];
  for (;;) {
    const next = await planning.next();
    if (next.done) return { planned: next.value, progress };
    progress.push(next.value);
  }
}
