import type { BlobStore } from '../../core/ports/ports.ts';
import type { Run } from '../../core/run/run.ts';

/** The diff of the newest plan as text; undefined when there is none, or it is no longer kept. */
export async function planDiff(blobs: BlobStore, run: Run): Promise<string | undefined> {
  const digest = run.plan?.digest.slice(0, 8) ?? '';
  const diffs = run.artifacts.filter((artifact) => artifact.name.endsWith('.diff'));
  const artifact = diffs.find(({ name }) => name.includes(digest)) ?? diffs.at(-1);
  const bytes = artifact && (await blobs.get(artifact.key));
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}
