import pack from '../../package.json' with { type: 'json' };
import type { ClusterName } from '../core/ids.ts';
import type { Sample } from '../core/meter.ts';
import type { Lane, Queues } from '../core/ports/ports.ts';
import { createMetrics, type Metrics } from '../observe/metrics.ts';
import type { LiveConfig } from '../settings/live-config.ts';

export function openMetrics(role: string): Metrics {
  return createMetrics({ version: pack.version, role });
}

/** Every replica answers the same about the queue: take the maximum over instances, not the sum. */
export function collectQueues({ collect }: Metrics, queues: Queues, clusters: () => readonly ClusterName[]): void {
  collect(['queue_jobs', 'queue_oldest_job_age_seconds'], async () => {
    const perCluster = clusters().flatMap((cluster): Lane[] => [
      { type: 'read', cluster },
      { type: 'change', cluster },
    ]);
    const lanes: readonly Lane[] = [...perCluster, { type: 'render' }, { type: 'deadline' }];
    return (await Promise.all(lanes.map((lane) => samplesOf(queues, lane)))).flat();
  });
}

async function samplesOf(queues: Queues, lane: Lane): Promise<readonly Sample[]> {
  const { waiting, active, oldestAt } = await queues.depth(lane);
  const labels = { lane: lane.type, cluster: 'cluster' in lane ? lane.cluster : 'all' };
  const ageMs = oldestAt === undefined ? 0 : Math.max(0, Date.now() - oldestAt.getTime());
  return [
    { name: 'queue_jobs', labels: { ...labels, state: 'waiting' }, value: waiting },
    { name: 'queue_jobs', labels: { ...labels, state: 'active' }, value: active },
    { name: 'queue_oldest_job_age_seconds', labels, value: ageMs / 1_000 },
  ];
}

export function collectConfig({ collect }: Metrics, live: LiveConfig): void {
  collect(['config_last_reload_success_timestamp_seconds', 'config_last_reload_successful'], async () => {
    const { loadedAt, error } = live.state();
    return [
      { name: 'config_last_reload_success_timestamp_seconds', labels: {}, value: Date.parse(loadedAt) / 1_000 },
      { name: 'config_last_reload_successful', labels: {}, value: error === undefined ? 1 : 0 },
    ];
  });
}

export function collectSlack({ collect }: Metrics, connected: () => boolean): void {
  collect(['slack_connected'], async () => [{ name: 'slack_connected', labels: {}, value: connected() ? 1 : 0 }]);
}
