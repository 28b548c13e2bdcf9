import { z } from 'zod';
import type { ClusterName } from '../core/ids.ts';
import { Freeze } from '../core/policy/freeze.ts';
import type { BlobStore } from '../core/ports/ports.ts';

const Document = z.object({ freeze: Freeze.optional() });

export type FreezePlace = ClusterName | 'everywhere';

/** A cluster may be called anything but cannot contain a dot. */
const keyOf = (place: FreezePlace): string => (place === 'everywhere' ? 'freeze/every.cluster' : `freeze/${place}`);

/** What keeps the cluster from being changed, the freeze of everything first. @throws OpsError StoreUnavailable */
export async function freezeOf(blobs: BlobStore, cluster: ClusterName): Promise<Freeze | undefined> {
  return (await freezeAt(blobs, 'everywhere')) ?? (await freezeAt(blobs, cluster));
}

export async function freezeAt(blobs: BlobStore, place: FreezePlace): Promise<Freeze | undefined> {
  const bytes = await blobs.get(keyOf(place));
  return bytes === undefined ? undefined : Document.parse(JSON.parse(new TextDecoder().decode(bytes))).freeze;
}

/** `undefined` thaws. */
export async function putFreeze(blobs: BlobStore, place: FreezePlace, freeze: Freeze | undefined): Promise<void> {
  await blobs.put(keyOf(place), new TextEncoder().encode(JSON.stringify({ freeze })));
}

/** `prod is frozen by U02LEE since 2026-11-23 15:20 UTC: reason`. */
export function frozenWords(cluster: ClusterName, { by, at, reason, everywhere }: Freeze): string {
  const what = everywhere ? 'every cluster' : cluster;
  const since = `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
  return `${what} is frozen by ${by.user} since ${since}${reason === undefined ? '' : `: ${reason}`}`;
}
