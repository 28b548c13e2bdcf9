import pMap from 'p-map';
import { clip, listed } from '../../src/cilium/facts/text.ts';
import { BENCH_IMAGE, type BenchPath, benchPod, podTrouble, ROLES } from '../../src/cilium/iperf/iperf-pod.ts';
import { MANAGED_BY, MANAGER, type ProbePod } from '../../src/cilium/probe/probe-pod.ts';
import { SECOND_MS } from '../../src/core/clock.ts';
import { OpsError, toOpsError } from '../../src/core/errors.ts';
import { PODS } from '../../src/core/resources.ts';
import { listProbePods, type ProbeContext, removeProbePods } from '../probing/probe-pods.ts';

const IN_FLIGHT = 10;
const POLL_MS = SECOND_MS;
/** An image of 200 MB has to come from somewhere. */
const READY_WITHIN_MS = 120 * SECOND_MS;
/** The scheduler tries again for ever; whoever asked does not wait for that. */
const SCHEDULED_WITHIN_MS = 10 * SECOND_MS;
const CREATE_WITHIN_MS = 15 * SECOND_MS;
const REMOVE_WITHIN_MS = 30 * SECOND_MS;
const HOPELESS = /Image|ErrPull|CreateContainerConfigError|already in use|StartError|not found/;
const UNSCHEDULED = /^0\/\d+ nodes/;

const BENCH_ROLES: ReadonlySet<string> = new Set(Object.values(ROLES));

/** Pods of benchmarks, by whoever made them. */
export async function listBenchPods(
  context: Pick<ProbeContext, 'cluster' | 'signal' | 'probes'>,
): Promise<readonly ProbePod[]> {
  const pods = await listProbePods(context, `${MANAGED_BY}=${MANAGER}`);
  return pods.filter(({ role }) => BENCH_ROLES.has(role));
}

export function imageOf({ probes }: Pick<ProbeContext, 'probes'>): string {
  return probes.bench?.image ?? BENCH_IMAGE;
}

type Wanted = { readonly path: BenchPath; readonly nodes: readonly string[]; readonly ttlSeconds: number };

/** Address by node. */
export type Servers = ReadonlyMap<string, { readonly pod: string; readonly address: string }>;

/**
 * A living server on each node, made where an earlier attempt of the same run has not left one, and waited for. Safe to
 * repeat. @throws OpsError ProbeFailed with the reason of each node; Forbidden, Rejected, NotFound as writes do
 */
export async function ensureServers(context: ProbeContext, wanted: Wanted): Promise<Servers> {
  const there = await ownPods(context, wanted.path);
  const absent = wanted.nodes.filter((node) => !there.some((pod) => pod.node === node && pod.alive));
  await createAll(context, wanted, absent);
  return waitReady(context, wanted);
}

async function ownPods(context: ProbeContext, path: BenchPath): Promise<readonly ProbePod[]> {
  const pods = await listBenchPods(context);
  return pods.filter(({ role, owner }) => role === ROLES[path] && owner === context.probes.owner);
}

/** A create that was sent is waited for even when the run is cancelled meanwhile: what it makes would be left behind. */
async function createAll(context: ProbeContext, wanted: Wanted, nodes: readonly string[]): Promise<void> {
  const { probes, signal } = context;
  const { owner, namespace, write } = probes;
  const { path, ttlSeconds } = wanted;
  const failures: unknown[] = [];
  await pMap(
    nodes,
    async (node) => {
      if (signal.aborted || failures.length > 0) return;
      await write
        .create(
          PODS,
          benchPod({ path, node, owner, namespace, image: imageOf(context), ttlSeconds }),
          AbortSignal.timeout(CREATE_WITHIN_MS),
        )
        .catch((thrown: unknown) => failures.push(thrown));
    },
    { concurrency: IN_FLIGHT },
  );
  signal.throwIfAborted();
  if (failures.length > 0) throw toOpsError(failures[0]);
}

async function waitReady(context: ProbeContext, { path, nodes }: Wanted): Promise<Servers> {
  const { clock, signal } = context;
  const startMs = clock.now().getTime();
  for (;;) {
    const pods = await ownPods(context, path);
    const found = nodes.map((node) => ({ node, pod: best(pods.filter((pod) => pod.node === node)) }));
    const open = found.filter(({ pod }) => !isServing(pod));
    if (open.length === 0)
      return new Map(found.map(({ node, pod }) => [node, { pod: pod?.name ?? '', address: pod?.address ?? '' }]));
    const isOver = open.some(({ pod }) => isHopeless(pod, clock.now().getTime() - startMs));
    if (isOver) throw notReady(context, open);
    await clock.sleep(POLL_MS, signal);
  }
}

function isServing(pod: ProbePod | undefined): boolean {
  return pod?.ready === true && pod.alive && (pod.address ?? '') !== '';
}

function isHopeless(pod: ProbePod | undefined, waitedMs: number): boolean {
  const trouble = pod?.trouble ?? '';
  if (pod !== undefined && !pod.alive) return true;
  if (HOPELESS.test(trouble) || waitedMs >= READY_WITHIN_MS) return true;
  return UNSCHEDULED.test(trouble) && waitedMs >= SCHEDULED_WITHIN_MS;
}

function best(pods: readonly ProbePod[]): ProbePod | undefined {
  return pods.find((pod) => isServing(pod)) ?? pods.find(({ alive }) => alive) ?? pods[0];
}

type Open = readonly { readonly node: string; readonly pod: ProbePod | undefined }[];

function notReady(context: ProbeContext, open: Open): OpsError {
  const image = imageOf(context);
  const told = open.map(({ node, pod }) => ({ node, ...podTrouble(pod?.trouble, image) }));
  const said = open.flatMap(({ pod }) => pod?.trouble ?? []);
  const why = listed(told.map(({ node, why: reason }) => `${node}: ${reason}`));
  const detail = said.length === 0 ? '' : ` (${said[0] ?? ''})`;
  return new OpsError('ProbeFailed', clip(`benchmark pods did not get ready: ${why}${detail}`, 400), {
    nextStep: told[0]?.fix ?? `see kubectl -n ${context.probes.namespace} get pods`,
  });
}

/** Those of this run. With a signal of its own: pods are removed after a cancel too. Never rejects. */
export async function removeServers(context: ProbeContext): Promise<void> {
  const own = { ...context, signal: AbortSignal.timeout(REMOVE_WITHIN_MS) };
  try {
    const pods = await listBenchPods(own);
    await removeProbePods(
      own,
      pods.filter(({ owner }) => owner === context.probes.owner),
    );
  } catch (thrown: unknown) {
    context.log.warn({ err: toOpsError(thrown) }, 'benchmark pods could not be removed; they end at their deadline');
  }
}
