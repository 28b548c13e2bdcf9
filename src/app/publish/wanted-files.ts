import type { RunId } from '../../core/ids.ts';
import type { BlobStore } from '../../core/ports/ports.ts';

/**
 * Somebody asked for a run's raw result in its thread. Kept beside the events: it is a wish about Slack and says
 * nothing about the run, and `publish`, which sees it, has the retries and the budget.
 */
const keyOf = (run: RunId): string => `${run}/result-wanted`;

export async function wantResult(blobs: BlobStore, run: RunId): Promise<void> {
  await blobs.put(keyOf(run), new TextEncoder().encode('1'));
}

export async function isResultWanted(blobs: BlobStore, run: RunId): Promise<boolean> {
  return (await blobs.get(keyOf(run))) !== undefined;
}
