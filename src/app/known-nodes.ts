import { z } from 'zod';
import { DAY_MS } from '../core/clock.ts';
import { toOpsError } from '../core/errors.ts';
import type { ClusterName } from '../core/ids.ts';
import type { BlobStore, ClusterPort, ListQuery, Log } from '../core/ports/ports.ts';
import { NODES } from '../core/resources.ts';

/**
 * The names of a cluster's nodes, as a worker last read them. The bot has no rights on any cluster: this is what its
 * pickers offer. Whether a node may be used is for the job to say, which reads it anew.
 */
const KnownNodes = z
  .object({
    asOf: z.string(),
    nodes: z.array(z.object({ name: z.string(), zone: z.string().optional() }).readonly()).readonly(),
  })
  .readonly();
export type KnownNodes = z.infer<typeof KnownNodes>;
type KnownNode = KnownNodes['nodes'][number];

/** Of a cluster that nobody has looked at for so long nothing is known. */
const KEPT_MS = 30 * DAY_MS;
/** Of the store; 5,000 nodes with names of 60 characters take half of it. */
const MAX_BYTES = 1_048_576;
const ZONE = 'topology.kubernetes.io/zone';

/** Whatever else is on the object is not looked at, nor kept. */
const Listed = z.object({
  metadata: z.object({
    name: z.string().min(1),
    labels: z.record(z.string(), z.unknown()).optional().catch(undefined),
  }),
});

export type Remembering = {
  readonly blobs: BlobStore;
  readonly now: () => Date;
  readonly log: Log;
};

/** The same port; whenever somebody has read every node, their names are kept. What fails at that is no trouble of the reader. */
export function rememberingNodes(port: ClusterPort, kept: Remembering): ClusterPort {
  return {
    ...port,
    list: (resource, query, signal) => {
      const pages = port.list(resource, query, signal);
      return resource === NODES && isEverything(query) ? passedOn(pages, port.name, kept) : pages;
    },
  };
}

function isEverything({ labelSelector, fieldSelector }: ListQuery): boolean {
  return labelSelector === undefined && fieldSelector === undefined;
}

async function* passedOn(
  pages: AsyncIterable<readonly unknown[]>,
  cluster: ClusterName,
  kept: Remembering,
): AsyncIterable<readonly unknown[]> {
  // By name: a list that began anew passes nodes twice.
  const found = new Map<string, KnownNode>();
  for await (const page of pages) {
    for (const node of page.flatMap((each) => nodeOf(each) ?? [])) found.set(node.name, node);
    yield page;
  }
  await keep([...found.values()], cluster, kept);
}

function nodeOf(raw: unknown): KnownNode | undefined {
  const parsed = Listed.safeParse(raw);
  if (!parsed.success) return undefined;
  const { name, labels } = parsed.data.metadata;
  const zone = labels?.[ZONE];
  return typeof zone === 'string' && zone !== '' ? { name, zone } : { name };
}

async function keep(
  nodes: readonly KnownNode[],
  cluster: ClusterName,
  { blobs, now, log }: Remembering,
): Promise<void> {
  const sorted = [...nodes].sort((left, right) => left.name.localeCompare(right.name, 'en', { numeric: true }));
  const bytes = new TextEncoder().encode(JSON.stringify({ asOf: now().toISOString(), nodes: sorted }));
  if (nodes.length === 0 || bytes.byteLength > MAX_BYTES) return;
  try {
    await blobs.put(keyOf(cluster), bytes, { ttlMs: KEPT_MS });
  } catch (thrown: unknown) {
    log.warn({ err: toOpsError(thrown), cluster }, 'names of the nodes are not kept');
  }
}

/** Undefined where no worker has read them lately. @throws OpsError StoreUnavailable */
export async function knownNodes(blobs: BlobStore, cluster: ClusterName): Promise<KnownNodes | undefined> {
  const bytes = await blobs.get(keyOf(cluster));
  if (bytes === undefined) return undefined;
  try {
    return KnownNodes.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    // Another version wrote it: as good as nothing.
    return undefined;
  }
}

/** Those whose name or zone has every word of what was typed; names that begin with it come first. */
export function nodesLike({ nodes }: KnownNodes, typed: string): readonly KnownNode[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = nodes.filter(({ name, zone = '' }) =>
    words.every((word) => `${name} ${zone}`.toLowerCase().includes(word)),
  );
  const [first = ''] = words;
  const begins = ({ name }: KnownNode): boolean => name.toLowerCase().startsWith(first);
  return [...fits.filter(begins), ...fits.filter((node) => !begins(node))];
}

function keyOf(cluster: ClusterName): string {
  return `nodes/${cluster}`;
}
