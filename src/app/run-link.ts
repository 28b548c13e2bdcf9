import type { ChannelId } from '../core/ids.ts';
import type { BlobStore } from '../core/ports/ports.ts';
import type { Requested } from '../core/run/events.ts';
import { loadDelivery } from './publish/delivery.ts';

/** Where a message of Slack is to be found in a browser; undefined while nobody knows the workspace's address. */
export type LinkTo = (at: {
  readonly channel: ChannelId;
  readonly ts: string;
  readonly threadTs?: string;
}) => string | undefined;

/** The thread of a run; undefined when it has none (yet). @throws OpsError StoreUnavailable */
export async function linkOf(
  { blobs, linkTo }: { readonly blobs: BlobStore; readonly linkTo: LinkTo | undefined },
  { run, origin }: Pick<Requested, 'run' | 'origin'>,
): Promise<string | undefined> {
  if (linkTo === undefined || origin.type === 'terminal') return undefined;
  const { parent, channel, threadGone } = await loadDelivery(blobs, run);
  if (parent === undefined) return undefined;
  const asked = origin.type === 'slack' ? origin.threadTs : undefined;
  const inThread = asked === undefined || threadGone === true ? {} : { threadTs: asked };
  return linkTo({ channel: channel ?? origin.channel, ts: parent.ts, ...inThread });
}
