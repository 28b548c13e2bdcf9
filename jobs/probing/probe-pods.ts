import pMap from 'p-map';
import { clip, listed } from '../../src/cilium/facts/text.ts';
import {
  type ProbePod,
  type ProbePodSpec,
  parseProbePod,
  probePod,
  probeSelector,
} from '../../src/cilium/probe/probe-pod.ts';
import { targetsVariable } from '../../src/cilium/probe/probe-script.ts';
import { SECOND_MS } from '../../src/core/clock.ts';
import { OpsError, toOpsError } from '../../src/core/errors.ts';
import type { JobContext, ProbeAccess } from '../../src/core/job.ts';
import { PODS } from '../../src/core/resources.ts';
import { collect } from '../reading/reading.ts';

/** What making probe pods needs of a job's context. */
export type ProbeContext = Pick<JobContext, 'cluster' | 'clock' | 'log' | 'signal'> & { readonly probes: ProbeAccess };

const IN_FLIGHT = 10;
const POLL_MS = SECOND_MS;
/** A pulled image starts in 2 s; one that has to be pulled takes its time. */
const READY_WITHIN_MS = 60 * SECOND_MS;
const CREATE_WITHIN_MS = 15 * SECOND_MS;
const NEVER_PULLED: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
]);

export async function listProbePods(
  { cluster, signal, probes }: Pick<ProbeContext, 'cluster' | 'signal' | 'probes'>,
  labelSelector = probeSelector(probes.owner),
): Promise<readonly ProbePod[]> {
  const query = { namespace: probes.namespace, labelSelector, as: 'objects' } as const;
  return collect({ cluster, signal }, PODS, query, (page) => page.flatMap((raw) => parseProbePod(raw) ?? []));
}

/**
 * One living pod for each of `wanted`, made where an earlier attempt of the same run has not left one, and waited for
 * until all are ready with an address. Safe to repeat.
 * @throws OpsError ProbeFailed when a pod does not get ready; Forbidden, NotFound (namespace) as writes do
 */
export async function ensureProbePods(
  context: ProbeContext,
  wanted: readonly ProbePodSpec[],
): Promise<readonly ProbePod[]> {
  const there = await listProbePods(context);
  const absent = wanted.filter((spec) => !there.some((pod) => isPodOf(spec, pod)));
  await createAll(context, absent);
  return waitReady(context, wanted);
}

/**
 * A create that was sent is waited for even when the run is cancelled meanwhile: what the server makes after we looked
 * away would be left behind. Rejects with the first failure once all have ended.
 */
async function createAll({ probes, signal }: ProbeContext, specs: readonly ProbePodSpec[]): Promise<void> {
  const failures: unknown[] = [];
  await pMap(
    specs,
    async (spec) => {
      if (signal.aborted || failures.length > 0) return;
      await probes.write
        .create(PODS, probePod(spec), AbortSignal.timeout(CREATE_WITHIN_MS))
        .catch((thrown: unknown) => failures.push(thrown));
    },
    { concurrency: IN_FLIGHT },
  );
  signal.throwIfAborted();
  if (failures.length > 0) throw toOpsError(failures[0]);
}

function isPodOf(spec: ProbePodSpec, pod: ProbePod): boolean {
  return pod.alive && pod.role === spec.role && pod.node === spec.node && pod.targets === targetsVariable(spec.targets);
}

async function waitReady(context: ProbeContext, wanted: readonly ProbePodSpec[]): Promise<readonly ProbePod[]> {
  const { clock, signal } = context;
  const endMs = clock.now().getTime() + READY_WITHIN_MS;
  for (;;) {
    const pods = await listProbePods(context);
    const found = wanted.map((spec) => ({ spec, pod: best(pods.filter((pod) => isPodOf(spec, pod))) }));
    const open = found.filter(({ pod }) => pod === undefined || !pod.ready || pod.address === undefined);
    if (open.length === 0) return found.flatMap(({ pod }) => pod ?? []);
    const troubles = open.map(({ spec, pod }) => `${spec.node}: ${pod?.trouble ?? 'not ready'}`);
    const isHopeless = open.some(({ pod }) => NEVER_PULLED.has(pod?.trouble ?? ''));
    if (isHopeless || clock.now().getTime() >= endMs) throw notReady(context.probes, troubles);
    await clock.sleep(POLL_MS, signal);
  }
}

function best(pods: readonly ProbePod[]): ProbePod | undefined {
  return pods.find((pod) => pod.ready) ?? pods[0];
}

function notReady({ image, namespace }: ProbeAccess, troubles: readonly string[]): OpsError {
  return new OpsError('ProbeFailed', clip(`probe pods did not get ready: ${listed(troubles)}`, 300), {
    nextStep: `see kubectl -n ${namespace} get pods; the image is ${image}, a mirror of it can be configured`,
  });
}

/** Deletes them at once, by uid, and those it misses because they appeared meanwhile. Deleting twice is harmless. */
export async function removeProbePods(context: ProbeContext, pods: readonly ProbePod[]): Promise<void> {
  await pMap(
    pods,
    ({ name, uid }) =>
      context.probes.write.remove(
        PODS,
        { namespace: context.probes.namespace, name },
        { ...(uid === '' ? {} : { uid }), graceSeconds: 1 },
        context.signal,
      ),
    { concurrency: IN_FLIGHT, stopOnError: false },
  );
}
