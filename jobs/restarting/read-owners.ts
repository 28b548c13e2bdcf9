import pMap from 'p-map';
import { z } from 'zod';
import type { ObjectMeta } from '../../src/cilium/facts/kube-objects.ts';
import { type Owner, ownerKey } from '../../src/cilium/restart/restart-pods.ts';
import { ownerOfPod } from '../../src/cilium/restart/unmanaged.ts';
import { OpsError } from '../../src/core/errors.ts';
import {
  DAEMON_SETS,
  DEPLOYMENTS,
  JOBS,
  REPLICA_SETS,
  type Resource,
  STATEFUL_SETS,
} from '../../src/core/resources.ts';
import type { Reading } from '../reading/reading.ts';

const IN_FLIGHT = 10;

const KINDS: Readonly<Record<string, Resource>> = {
  Deployment: DEPLOYMENTS,
  StatefulSet: STATEFUL_SETS,
  ReplicaSet: REPLICA_SETS,
  DaemonSet: DAEMON_SETS,
  Job: JOBS,
};

const Sized = z.object({
  spec: z.object({ replicas: z.number().optional(), parallelism: z.number().optional() }).prefault({}),
  status: z.object({ desiredNumberScheduled: z.number().optional() }).prefault({}),
});

/** Owners of these pods that still exist, by `ownerKey`, each asked once. Owners of a kind we do not know count as there. */
export async function readOwners(reading: Reading, pods: readonly ObjectMeta[]): Promise<ReadonlyMap<string, Owner>> {
  const wanted = new Map<string, Owner>();
  for (const metadata of pods) {
    const owner = ownerOfPod(metadata);
    if (owner === undefined) continue;
    const found = { namespace: metadata.namespace, ...owner, size: undefined };
    wanted.set(ownerKey(found), found);
  }
  const read = await pMap(wanted.values(), (owner) => readOwner(reading, owner), { concurrency: IN_FLIGHT });
  return new Map(read.flatMap((owner) => (owner === undefined ? [] : [[ownerKey(owner), owner] as const])));
}

/** How many pods it wants now; undefined when it is gone. */
export async function readOwner(
  { cluster, signal }: Pick<Reading, 'cluster' | 'signal'>,
  owner: Owner,
): Promise<Owner | undefined> {
  const resource = KINDS[owner.kind];
  if (resource === undefined) return owner;
  try {
    const { spec, status } = Sized.parse(await cluster.get(resource, owner, signal));
    return { ...owner, size: status.desiredNumberScheduled ?? spec.parallelism ?? spec.replicas ?? 1 };
  } catch (thrown: unknown) {
    if (thrown instanceof OpsError && thrown.code === 'NotFound') return undefined;
    // A kind that this bot may not read: the pods themselves will tell.
    if (thrown instanceof OpsError && thrown.code === 'Forbidden') return owner;
    throw thrown;
  }
}
