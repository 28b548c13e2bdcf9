import { MINUTE_MS } from '../../core/clock.ts';
import type { RunId } from '../../core/ids.ts';
import type { BlobStore } from '../../core/ports/ports.ts';

/** Slack's response URL of a request, for the answers that no channel can take. Slack forgets it after 30 minutes. */
const keyOf = (run: RunId): string => `${run}/response-url`;

export async function keepResponseUrl(blobs: BlobStore, run: RunId, url: string): Promise<void> {
  await blobs.put(keyOf(run), new TextEncoder().encode(url), { ttlMs: 30 * MINUTE_MS });
}

export async function takeResponseUrl(blobs: BlobStore, run: RunId): Promise<string | undefined> {
  const bytes = await blobs.get(keyOf(run));
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}
