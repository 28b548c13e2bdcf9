import type { JobContext } from '../../core/job.ts';
import type { ClusterPort, Log } from '../../core/ports/ports.ts';
import type { Run } from '../../core/run/run.ts';
import type { ExecuteDeps } from './executing.ts';

/** What every job gets, whether it looks, plans or changes. @throws OpsError when the cluster cannot be opened */
export async function jobContext(
  deps: ExecuteDeps,
  run: Run,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Log },
): Promise<JobContext> {
  const cluster: ClusterPort = await deps.openCluster(run.request.cluster);
  const around = (await deps.around?.(run.request)) ?? {};
  return { ...around, cluster, clock: deps.clock, log, signal };
}
