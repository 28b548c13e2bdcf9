import { z } from 'zod';
import type { OpenCluster } from '../cluster/connect.ts';
import { createChangeLease } from '../cluster/lease.ts';
import { OpsError } from '../core/errors.ts';
import { guardHelm, guardWrites } from '../core/guarded.ts';
import { withFields } from '../core/log-fields.ts';
import { type Meter, NO_METER } from '../core/meter.ts';
import type { ChangePorts, LeaseHolder } from '../core/ports/change-ports.ts';
import type { ClusterPort, Log } from '../core/ports/ports.ts';
import { DAEMON_SETS } from '../core/resources.ts';
import { createHelm } from '../helm/create-helm.ts';
import type { HelmEnv } from '../helm/helm-binary.ts';
import { systemClock } from './system-clock.ts';

const LOOK_MS = 15_000;
const Named = z.object({ metadata: z.object({ namespace: z.string() }) });

export type ChangeSettings = {
  readonly helmBin: string | undefined;
  /** What helm may see of our environment: where to find it, and proxies. */
  readonly helmEnv: HelmEnv;
  readonly log: Log;
  readonly meter?: Meter;
};

/** Everything one attempt at a change writes with, behind one Lease. Nothing is written until that is acquired. */
export async function openChangePorts(
  { port: cluster, write, kubeconfig }: Pick<OpenCluster, 'port' | 'write' | 'kubeconfig'>,
  { run, attempt }: LeaseHolder,
  { helmBin, helmEnv, log, meter = NO_METER }: ChangeSettings,
): Promise<ChangePorts> {
  const namespace = await ciliumNamespace(cluster);
  const lease = createChangeLease({
    cluster,
    write,
    clock: systemClock,
    log: withFields(log, { cluster: cluster.name, run, attempt }),
    namespace,
    run,
    attempt,
  });
  const bin = helmBin === undefined ? {} : { helmBin };
  const helm = createHelm({ cluster, kubeconfig, clock: systemClock, env: helmEnv, meter, ...bin });
  return {
    helm: guardHelm(helm, lease),
    write: guardWrites(write, lease),
    lease,
    close: () => Promise.resolve(),
  };
}

/** Where the agents are, which is where the Lease is: every bot and terminal must come to the same place. */
async function ciliumNamespace(cluster: ClusterPort): Promise<string> {
  const query = { labelSelector: 'k8s-app=cilium', as: 'metadata' } as const;
  for await (const page of cluster.list(DAEMON_SETS, query, AbortSignal.timeout(LOOK_MS))) {
    const [first] = page;
    if (first !== undefined) return Named.parse(first).metadata.namespace;
  }
  throw new OpsError('CiliumAbsent', `there is no DaemonSet with the label k8s-app=cilium on ${cluster.name}`);
}
