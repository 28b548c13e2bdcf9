import { z } from 'zod';
import { listed } from '../../src/cilium/facts/text.ts';
import type { ProbePod } from '../../src/cilium/probe/probe-pod.ts';
import { OpsError } from '../../src/core/errors.ts';
import { LEASES } from '../../src/core/resources.ts';
import type { ProbeContext } from '../probing/probe-pods.ts';
import { listBenchPods } from './bench-pods.ts';

const LEASE = 'cilium-chatops';
const DEFAULT_LEASE_SECONDS = 60;

const Lease = z.object({
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      renewTime: z.string().nullish(),
    })
    .prefault({}),
});

/**
 * Numbers taken while agents restart mean nothing, and load on the nodes would disturb the change.
 * @param namespace of the Helm release, where changes keep their Lease
 * @throws OpsError Locked while a change other than this run's own is under way; reads' errors, except that a Lease
 * which may not be read or is not there keeps nobody from measuring
 */
export async function refuseDuringChange(
  { cluster, clock, signal, log, probes }: ProbeContext,
  namespace: string,
): Promise<void> {
  const raw = await cluster.get(LEASES, { namespace, name: LEASE }, signal).catch((thrown: unknown) => {
    signal.throwIfAborted();
    const code = thrown instanceof OpsError ? thrown.code : undefined;
    if (code !== 'NotFound' && code !== 'Forbidden') throw thrown;
    if (code === 'Forbidden') log.warn({ err: thrown }, 'nobody can say whether a change is under way');
    return undefined;
  });
  const lease = Lease.safeParse(raw);
  if (!lease.success) return;
  const { holderIdentity, leaseDurationSeconds, renewTime } = lease.data.spec;
  const holder = holderIdentity ?? '';
  const untilMs = Date.parse(renewTime ?? '') + (leaseDurationSeconds ?? DEFAULT_LEASE_SECONDS) * 1_000;
  if (holder === '' || !(clock.now().getTime() <= untilMs)) return;
  const [run = holder] = holder.split('/');
  if (run === probes.owner) return;
  throw new OpsError('Locked', `${run} is changing ${cluster.name}: nothing is measured meanwhile`, {
    nextStep: `ask again when \`show ${run}\` says that it has ended`,
  });
}

/**
 * One benchmark per node at a time. Called again once our own pods are there: of two that began together, the one whose
 * run id sorts first stays. @throws OpsError Locked
 */
export async function refuseBusyNodes(
  context: ProbeContext,
  nodes: readonly string[],
  own: 'not there yet' | 'there',
): Promise<void> {
  const { owner } = context.probes;
  const wanted = new Set(nodes);
  const nowMs = context.clock.now().getTime();
  const others = (await listBenchPods(context)).filter(
    (pod) => pod.owner !== owner && pod.alive && wanted.has(pod.node) && !isOver(pod, nowMs),
  );
  const stronger = own === 'there' ? others.filter((pod) => pod.owner < owner) : others;
  const [first] = stronger;
  if (first === undefined) return;
  const where = listed([...new Set(stronger.map(({ node }) => node))]);
  throw new OpsError('Locked', `${first.owner} measures on ${where} already`, {
    nextStep: `wait for it, cancel it with \`cancel ${first.owner}\`, or measure other nodes`,
  });
}

/** Left behind by a worker that was killed: its pods have ended or will any moment. */
function isOver({ createdAt, ttlSeconds }: ProbePod, nowMs: number): boolean {
  return ttlSeconds !== undefined && nowMs - Date.parse(createdAt ?? '') > ttlSeconds * 1_000;
}
