import type { JobContext } from '../core/job.ts';
import type { ClusterPort, Log } from '../core/ports.ts';
import type { Run } from '../core/run.ts';
import type { ExecuteDeps } from './execute.ts';

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

export function withRun(log: Log, run: Run['request']['run']): Log {
  return {
    debug: (fields, message) => log.debug({ run, ...fields }, message),
    info: (fields, message) => log.info({ run, ...fields }, message),
    warn: (fields, message) => log.warn({ run, ...fields }, message),
    error: (fields, message) => log.error({ run, ...fields }, message),
  };
}
