import { z } from 'zod';
import type { Clock } from '../../src/core/clock.ts';
import { type CheckGroup, checkOfError, type SelfChecks } from '../../src/core/doctoring.ts';
import type { ProbeAccess } from '../../src/core/job.ts';
import type { ClusterPort, Log } from '../../src/core/ports/ports.ts';
import { NODES } from '../../src/core/resources.ts';
import type { Check } from '../../src/core/run/check.ts';
import type { Reading } from '../reading/reading.ts';
import { ciliumChecks, imagesCheck, probeNamespaceCheck } from './cluster-checks.ts';
import { connectionChecks, REACHED } from './connection-checks.ts';
import { rightsChecks } from './rights-checks.ts';

export type ClusterExam = {
  readonly cluster: ClusterPort;
  readonly clock: Clock;
  readonly log: Log;
  /** The run's own; when it aborts, everything ends. */
  readonly cancel: AbortSignal;
  /** `cancel`, or the time is up. */
  readonly signal: AbortSignal;
  readonly self: Pick<SelfChecks, 'connection' | 'permits'>;
  /** Absent: this process makes no pods. */
  readonly probes: Pick<ProbeAccess, 'namespace' | 'image' | 'bench'> | undefined;
};

/** Where agents are, when the cluster does not say. */
const USUAL_NAMESPACE = 'kube-system';
/** Anybody may read; verify makes pods of its own, and is read all the same. */
const READS: ReadonlySet<string> = new Set(['doctor', 'status', 'preflight', 'verify']);
const USUAL_PROBE_NAMESPACE = 'cilium-chatops';

/** Everything about one cluster. What does not answer ends its own questions only. Rejects only when cancelled. */
export async function examineCluster(exam: ClusterExam): Promise<CheckGroup> {
  const { cluster, clock, cancel, signal, self } = exam;
  const title = `Cluster ${cluster.name}`;
  let reached: readonly Check[];
  let user: string | undefined;
  try {
    const [signs, version] = await Promise.all([self.connection(signal), cluster.version(signal)]);
    reached = connectionChecks(signs, version, clock.now());
    user = signs.user;
  } catch (thrown) {
    cancel.throwIfAborted();
    // Nothing else about it can be asked.
    return { title, checks: [checkOfError({ ...REACHED, verdict: 'fail' }, thrown)] };
  }
  const reading: Reading = {
    cluster,
    log: exam.log,
    cancel,
    signal,
    now: clock.now,
    miss: () => undefined,
  };
  const found = await ciliumChecks(reading);
  const cilium = found.daemonSet?.metadata.namespace ?? USUAL_NAMESPACE;
  const places = { cilium, probes: exam.probes?.namespace ?? USUAL_PROBE_NAMESPACE };
  const [rights, probes] = await Promise.all([
    rightsOf(exam, { cluster, places, user, signal, permits: (job) => isPermitted(self, job) }),
    probesOf(exam, reading),
  ]);
  return { title, checks: [...reached, ...found.checks, ...rights, ...probes] };
}

async function probesOf(exam: ClusterExam, reading: Reading): Promise<readonly Check[]> {
  const { probes } = exam;
  if (probes === undefined) return [];
  const images = [probes.image, ...(probes.bench?.image === undefined ? [] : [probes.bench.image])];
  const [namespace, held] = await Promise.all([probeNamespaceCheck(reading, probes.namespace), imagesOf(exam, images)]);
  return [namespace, ...held];
}

function isPermitted({ permits }: Pick<SelfChecks, 'permits'>, job: string): boolean {
  return READS.has(job) || permits(job, job === 'iperf' ? 'probe' : 'change');
}

async function rightsOf({ cancel }: ClusterExam, asked: Parameters<typeof rightsChecks>[0]): Promise<readonly Check[]> {
  try {
    return await rightsChecks(asked);
  } catch (thrown) {
    cancel.throwIfAborted();
    const why = 'one access review per verb that the jobs use';
    return [checkOfError({ id: 'rights', title: 'Rights', why, verdict: 'unknown' }, thrown)];
  }
}

const Images = z.object({
  status: z
    .object({
      images: z
        .array(z.object({ names: z.array(z.string()).nullish() }))
        .catch([])
        .default([]),
    })
    .prefault({}),
});
/** Enough to judge by: a node names up to fifty images, and there may be thousands of nodes. */
const NODES_LOOKED_AT = 50;

async function imagesOf(
  { cluster, signal, cancel }: ClusterExam,
  images: readonly string[],
): Promise<readonly Check[]> {
  try {
    for await (const page of cluster.list(NODES, { as: 'objects', pageSize: NODES_LOOKED_AT }, signal)) {
      const nodes = page.map((node) => Images.parse(node).status.images.flatMap(({ names }) => names ?? []));
      return [imagesCheck(nodes, images)];
    }
    return [];
  } catch (thrown) {
    cancel.throwIfAborted();
    const why = 'nodes name the images they hold';
    return [checkOfError({ id: 'probe-images', title: 'Images of probe pods', why, verdict: 'unknown' }, thrown)];
  }
}
