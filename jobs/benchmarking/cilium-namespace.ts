import type { JobContext } from '../../src/core/job.ts';
import { readDaemonSet } from '../reading/installation.ts';

/** Where changes keep their Lease. Without Cilium there is nothing to change, and throughput may be measured all the same. */
export async function ciliumNamespace({
  cluster,
  clock,
  log,
  signal,
}: Pick<JobContext, 'cluster' | 'clock' | 'log' | 'signal'>): Promise<string> {
  const miss = (): void => undefined;
  const daemonSet = await readDaemonSet({ cluster, log, cancel: signal, signal, now: clock.now, miss });
  return daemonSet?.metadata.namespace ?? 'kube-system';
}
