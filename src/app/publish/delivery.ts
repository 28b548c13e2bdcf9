import { z } from 'zod';
import { ChannelId, type RunId } from '../../core/ids.ts';
import type { BlobStore } from '../../core/ports/ports.ts';

/**
 * What of a run has reached Slack: where its messages are, and a hash of what they say. Kept beside the events, because
 * what was sent is a fact about Slack and not about the run. `look` is the run's state when it was sent.
 */
const Sent = z.object({ ts: z.string(), hash: z.string(), editedAtMs: z.number(), look: z.string() });
export type Sent = z.infer<typeof Sent>;

export const Delivery = z.object({
  channel: ChannelId.optional(),
  parent: Sent.optional(),
  replies: z.record(z.string(), Sent).default({}),
  /** Direct messages that went out. */
  told: z.array(z.string()).default([]),
  /** The thread where it was asked is gone: the run has its own since. */
  threadGone: z.boolean().optional(),
  /** Slack refuses the channel for good; the person was told why. */
  undeliverable: z.string().optional(),
});
export type Delivery = z.infer<typeof Delivery>;

const keyOf = (run: RunId): string => `${run}/slack`;

export async function loadDelivery(blobs: BlobStore, run: RunId): Promise<Delivery> {
  const bytes = await blobs.get(keyOf(run));
  return Delivery.parse(bytes === undefined ? {} : JSON.parse(new TextDecoder().decode(bytes)));
}

export async function saveDelivery(blobs: BlobStore, run: RunId, delivery: Delivery): Promise<void> {
  await blobs.put(keyOf(run), new TextEncoder().encode(JSON.stringify(delivery)));
}
