import pMap from 'p-map';
import { Pod, parseAll } from '../../src/cilium/kube-objects.ts';
import { OpsError } from '../../src/core/errors.ts';
import { CILIUM_ENDPOINTS, PODS } from '../../src/core/resources.ts';
import { BODIES_PER_PAGE, collect, type Reading } from './reading.ts';

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
 * Running pods on the pod network that have no CiliumEndpoint. Names are enough for all but the few that remain, so a
 * cluster of 150,000 pods costs no pod bodies. Both lists are read at once: an endpoint that appears meanwhile
 * belongs to a pod too young to be judged.
 */
export async function readCandidates(reading: Reading): Promise<Candidates> {
  const [pods, endpoints] = await Promise.all([
    readRunningPods(reading),
    collect(reading, CILIUM_ENDPOINTS, { as: 'metadata', pageSize: NAMES_PER_PAGE }, keysOf),
  ]);
  const managed = new Set(endpoints);
  const left = pods.filter((key) => !managed.has(key));
  const bodies = await pMap(left.slice(0, MAX_BODIES), async (key) => readBody(reading, key), {
    concurrency: IN_FLIGHT,
  });
  return {
    candidates: bodies.filter((body) => body !== undefined),
    notLookedAt: Math.max(0, left.length - MAX_BODIES),
    running: pods.length,
  };
}

/** Keys, not objects: 150,000 of them are held at once. */
async function readRunningPods(reading: Reading): Promise<readonly string[]> {
  const fieldSelector = 'status.phase=Running,spec.hostNetwork=false';
  try {
    return await collect(reading, PODS, { fieldSelector, as: 'metadata', pageSize: NAMES_PER_PAGE }, keysOf);
  } catch (thrown: unknown) {
    if (!isUnsupportedSelector(thrown)) throw thrown;
    return readRunningBodies(reading);
  }
}

/** Servers before 1.28 cannot select by host network, and metadata does not tell it: bodies, reduced page by page. */
async function readRunningBodies(reading: Reading): Promise<readonly string[]> {
  return collect(
    reading,
    PODS,
    { fieldSelector: 'status.phase=Running', as: 'objects', pageSize: BODIES_PER_PAGE },
    (page) =>
      parseAll(Pod, page)
        .filter((pod) => !pod.spec.hostNetwork)
        .map(keyOf),
  );
}

function isUnsupportedSelector(thrown: unknown): boolean {
  return thrown instanceof OpsError && ['Rejected', 'InvalidArgs', 'UnexpectedAnswer'].includes(thrown.code);
}

async function readBody({ cluster, signal }: Reading, key: string): Promise<Pod | undefined> {
  const slash = key.indexOf('/');
  const namespace = key.slice(0, slash);
  const name = key.slice(slash + 1);
  try {
    const parsed = Pod.safeParse(await cluster.get(PODS, { namespace, name }, signal));
    return parsed.success ? parsed.data : undefined;
  } catch (thrown: unknown) {
    // Gone since it was listed: then it is nobody's pod.
    if (thrown instanceof OpsError && thrown.code === 'NotFound') return undefined;
    throw thrown;
  }
}

/** By hand and not by schema: this runs for every pod of the cluster, and two fields are all it takes. */
function keysOf(page: readonly unknown[]): readonly string[] {
  return (page as readonly MaybeObject[]).flatMap((object) => {
    const { namespace, name } = object?.metadata ?? {};
    return typeof name === 'string' ? [`${typeof namespace === 'string' ? namespace : ''}/${name}`] : [];
  });
}

/** What any JSON can be read as. */
type MaybeObject = { readonly metadata?: { readonly namespace?: unknown; readonly name?: unknown } | null } | null;

function keyOf({ metadata }: Pod): string {
  return `${metadata.namespace}/${metadata.name}`;
}
