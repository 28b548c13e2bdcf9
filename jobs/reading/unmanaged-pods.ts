import pMap from 'p-map';
import type { z } from 'zod';
import { Pod, parseAll } from '../../src/cilium/facts/kube-objects.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { ListQuery } from '../../src/core/ports/ports.ts';
import { CILIUM_ENDPOINTS, PODS, type Resource } from '../../src/core/resources.ts';
import { type LeftOnly, leftOnly, leftOnlyOfSets, OutOfOrder } from './key-join.ts';
import { BODIES_PER_PAGE, type Reading } from './reading.ts';

/** Bodies read one by one; beyond that the names alone are counted. */
const MAX_BODIES = 300;
const IN_FLIGHT = 10;

export type Candidates = {
  readonly candidates: readonly Pod[];
  readonly notLookedAt: number;
  readonly running: number;
};

/** Metadata of a pod is some 400 bytes: bigger pages, fewer round trips. */
const NAMES_PER_PAGE = 2_000;

/**
 * Running pods on the pod network that have no CiliumEndpoint. Names are enough for all but the few that remain, and
 * both lists come in the same order, so a cluster of 150,000 pods costs no pod bodies and a few pages of memory. Both
 * are read at once: an endpoint that appears meanwhile belongs to a pod too young to be judged.
 */
export async function readCandidates(reading: Reading): Promise<Candidates> {
  const { keys, total, left } = await withoutEndpoint(reading, { keep: MAX_BODIES });
  const bodies = await readBodies(reading, keys, Pod);
  return {
    candidates: bodies.filter((body) => body !== undefined),
    notLookedAt: total - keys.length,
    running: left,
  };
}

/** All namespaces without `namespace`; of the names found the first `keep`. */
export type Where = { readonly namespace?: string; readonly keep: number };

/** By when and where it was created: metadata tells no more. */
export type Wanted = (createdAt: string | undefined, namespace: string) => boolean;
const EVERY: Wanted = () => true;

/** Names, as `namespace/name`, of running pods on the pod network that have no CiliumEndpoint. */
export async function withoutEndpoint(
  reading: Reading,
  { keep, ...within }: Where,
  wanted: Wanted = EVERY,
): Promise<LeftOnly> {
  const query = { ...within, as: 'metadata', pageSize: NAMES_PER_PAGE } as const;
  const endpoints = () => keyPages(reading, CILIUM_ENDPOINTS, query);
  try {
    return await leftOnly(runningPods(reading, within, wanted), endpoints(), keep);
  } catch (thrown: unknown) {
    if (!(thrown instanceof OutOfOrder)) throw thrown;
    reading.log.debug({ err: thrown }, 'lists are not in key order');
    return leftOnlyOfSets(runningPods(reading, within, wanted), endpoints(), keep);
  }
}

/** Names of running pods on the pod network that were created when it is `wanted`: the first `keep`, and how many. */
export async function createdWhen(reading: Reading, { keep, ...within }: Where, wanted: Wanted): Promise<Named> {
  const keys: string[] = [];
  let total = 0;
  for await (const page of runningPods(reading, within, wanted)) {
    keys.push(...page.slice(0, keep - keys.length));
    total += page.length;
  }
  return { keys, total };
}

export type Named = Pick<LeftOnly, 'keys' | 'total'>;
type Within = Pick<Where, 'namespace'>;

async function* runningPods(
  reading: Reading,
  within: Within,
  wanted: Wanted,
): AsyncGenerator<readonly string[], void, void> {
  const fieldSelector = 'status.phase=Running,spec.hostNetwork=false';
  const query = { ...within, fieldSelector, as: 'metadata', pageSize: NAMES_PER_PAGE } as const;
  try {
    for await (const page of reading.cluster.list(PODS, query, reading.signal)) yield keysOf(page, wanted);
  } catch (thrown: unknown) {
    if (!isUnsupportedSelector(thrown)) throw thrown;
    yield* runningBodies(reading, within, wanted);
  }
}

/** Servers before 1.28 cannot select by host network, and metadata does not tell it: bodies, reduced page by page. */
async function* runningBodies(
  { cluster, signal }: Reading,
  within: Within,
  wanted: Wanted,
): AsyncGenerator<readonly string[], void, void> {
  const fieldSelector = 'status.phase=Running';
  const query = { ...within, fieldSelector, as: 'objects', pageSize: BODIES_PER_PAGE } as const;
  for await (const page of cluster.list(PODS, query, signal)) {
    yield parseAll(Pod, page)
      .filter((pod) => !pod.spec.hostNetwork && wanted(pod.metadata.creationTimestamp, pod.metadata.namespace))
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  }
}

async function* keyPages(
  { cluster, signal }: Reading,
  resource: Resource,
  query: ListQuery,
): AsyncGenerator<readonly string[], void, void> {
  for await (const page of cluster.list(resource, query, signal)) yield keysOf(page, EVERY);
}

function isUnsupportedSelector(thrown: unknown): boolean {
  return thrown instanceof OpsError && ['Rejected', 'InvalidArgs', 'UnexpectedAnswer'].includes(thrown.code);
}

/** The pods that are still there, each reduced to `shape`. */
export async function readBodies<Body>(
  reading: Reading,
  keys: readonly string[],
  shape: z.ZodType<Body>,
): Promise<readonly (Body | undefined)[]> {
  return pMap(keys, async (key) => readBody(reading, key, shape), { concurrency: IN_FLIGHT });
}

async function readBody<Body>(
  { cluster, signal }: Reading,
  key: string,
  shape: z.ZodType<Body>,
): Promise<Body | undefined> {
  const slash = key.indexOf('/');
  const namespace = key.slice(0, slash);
  const name = key.slice(slash + 1);
  try {
    const parsed = shape.safeParse(await cluster.get(PODS, { namespace, name }, signal));
    return parsed.success ? parsed.data : undefined;
  } catch (thrown: unknown) {
    // Gone since it was listed: then it is nobody's pod.
    if (thrown instanceof OpsError && thrown.code === 'NotFound') return undefined;
    throw thrown;
  }
}

/** By hand and not by schema: this runs for every pod of the cluster, and three fields are all it takes. */
function keysOf(page: readonly unknown[], wanted: Wanted): readonly string[] {
  return (page as readonly MaybeObject[]).flatMap((object) => {
    const { namespace, name, creationTimestamp } = object?.metadata ?? {};
    const where = typeof namespace === 'string' ? namespace : '';
    const createdAt = typeof creationTimestamp === 'string' ? creationTimestamp : undefined;
    return typeof name === 'string' && wanted(createdAt, where) ? [`${where}/${name}`] : [];
  });
}

/** What any JSON can be read as. */
type MaybeObject = { readonly metadata?: MaybeMeta | null } | null;
type MaybeMeta = { readonly namespace?: unknown; readonly name?: unknown; readonly creationTimestamp?: unknown };
