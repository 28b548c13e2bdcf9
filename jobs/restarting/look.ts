import pMap from 'p-map';
import { z } from 'zod';
import { MetadataOnly, ObjectMeta, Pod, parseAll } from '../../src/cilium/facts/kube-objects.ts';
import { ownerKey } from '../../src/cilium/restart/restart-pods.ts';
import type { SeenPod } from '../../src/cilium/restart/restart-progress.ts';
import { ownerOfPod } from '../../src/cilium/restart/unmanaged.ts';
import { CILIUM_ENDPOINTS, PODS } from '../../src/core/resources.ts';
import { patiently } from '../changing/patience.ts';
import { BODIES_PER_PAGE, collect } from '../reading/reading.ts';
import { readOwner } from './read-owners.ts';
import { isOver, type OwnerWatch, type Restarting, update } from './restarting.ts';

/** Namespaces read at once. */
const IN_FLIGHT = 8;

const SeenBody = Pod.extend({ metadata: ObjectMeta.extend({ uid: z.string() }) });

/** Reads the namespaces in which something is still to happen, and takes in how each owner stands. */
export async function look({ context, watches }: Restarting, passedMs: number): Promise<void> {
  const open = watches.filter((watch) => !isOver(watch));
  const namespaces = [...new Set(open.map(({ owner }) => owner.namespace))];
  const seen = await pMap(namespaces, (namespace) => readNamespace(context, namespace), { concurrency: IN_FLIGHT });
  const byOwner = new Map<string, SeenPod[]>();
  for (const pod of seen.flat()) {
    const pods = byOwner.get(pod.owner);
    if (pods) pods.push(pod);
    else byOwner.set(pod.owner, [pod]);
  }
  for (const watch of open) update(watch, byOwner.get(watch.key) ?? [], passedMs);
  await pMap(
    open.filter(({ state }) => state.short),
    (watch) => resize(context, watch),
    { concurrency: IN_FLIGHT },
  );
}

type Context = Restarting['context'];

async function readNamespace(context: Context, namespace: string): Promise<readonly SeenPod[]> {
  // Pods first: an endpoint that is listed after its pod was listed is no mistake, a missing one would be.
  const pods = await patiently(context, () =>
    collect(context, PODS, { namespace, as: 'objects', pageSize: BODIES_PER_PAGE }, (page) =>
      parseAll(SeenBody, page)
        .filter(({ spec }) => !spec.hostNetwork)
        .map(toSeen),
    ),
  );
  const endpoints = await patiently(context, () =>
    collect(context, CILIUM_ENDPOINTS, { namespace, as: 'metadata', pageSize: 2_000 }, (page) =>
      parseAll(MetadataOnly, page).map(({ metadata }) => metadata.name),
    ),
  );
  const managed = new Set(endpoints);
  return pods.map((pod) => ({ ...pod, managed: managed.has(pod.name) }));
}

function toSeen({ metadata, status }: z.infer<typeof SeenBody>): Omit<SeenPod, 'managed'> {
  const { namespace, name, uid, deletionTimestamp } = metadata;
  const owner = ownerOfPod(metadata) ?? { kind: 'Pod', name };
  return {
    name,
    uid,
    owner: ownerKey({ namespace, ...owner }),
    ready: status.conditions.some((each) => each.type === 'Ready' && each.status === 'True'),
    terminating: deletionTimestamp !== undefined,
    finished: status.phase === 'Succeeded' || status.phase === 'Failed',
  };
}

/** It has fewer pods than it was planned with and none on its way: perhaps it wants fewer by now, or is gone. */
async function resize(context: Context, watch: OwnerWatch): Promise<void> {
  const { namespace, kind, name } = watch.owner;
  const now = await patiently(context, () => readOwner(context, { namespace, kind, name, size: watch.size }));
  watch.size = now?.size ?? 0;
}
