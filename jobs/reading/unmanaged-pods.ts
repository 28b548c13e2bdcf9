import pMap from 'p-map';
import { MetadataOnly, Pod, parseAll } from '../../src/cilium/kube-objects.ts';
import { OpsError } from '../../src/core/errors.ts';
import { CILIUM_ENDPOINTS, PODS } from '../../src/core/resources.ts';
import { collect, type Reading } from './reading.ts';

/** Bodies read one by one; beyond that the names alone are counted. */
const MAX_BODIES = 300;
const IN_FLIGHT = 10;

export type Candidates = {
  readonly candidates: readonly Pod[];
  readonly notLookedAt: number;
  readonly running: number;
};

/**
 * Running pods on the pod network that have no CiliumEndpoint. Names and labels are enough for all but the few that
 * remain, so a cluster of 150,000 pods costs no pod bodies. Pods are listed before endpoints: an endpoint that
 * appears in between then counts for its pod.
 */
export async function readCandidates(reading: Reading): Promise<Candidates> {
  const pods = await readRunningPods(reading);
  const managed = new Set(
    await collect(reading, CILIUM_ENDPOINTS, { as: 'metadata' }, (page) => parseAll(MetadataOnly, page).map(keyOf)),
  );
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
    return await collect(reading, PODS, { fieldSelector, as: 'metadata' }, (page) =>
      parseAll(MetadataOnly, page).map(keyOf),
    );
  } catch (thrown: unknown) {
    if (!isUnsupportedSelector(thrown)) throw thrown;
    return readRunningBodies(reading);
  }
}

/** Servers before 1.28 cannot select by host network, and metadata does not tell it: bodies, reduced page by page. */
async function readRunningBodies(reading: Reading): Promise<readonly string[]> {
  return collect(reading, PODS, { fieldSelector: 'status.phase=Running', as: 'objects' }, (page) =>
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

function keyOf({ metadata }: MetadataOnly): string {
  return `${metadata.namespace}/${metadata.name}`;
}
