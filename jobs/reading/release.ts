import { decodeRelease, revisionsOf } from '../../src/cilium/facts/helm-release.ts';
import { MetadataOnly, parseAll } from '../../src/cilium/facts/kube-objects.ts';
import type { Release } from '../../src/cilium/facts/status-data.ts';
import { OpsError, toOpsError } from '../../src/core/errors.ts';
import { SECRETS } from '../../src/core/resources.ts';
import { configMapData } from '../../src/core/run/manifest.ts';
import { collect, type Reading } from './reading.ts';

/** `rendered` is what the newest revision, if it is deployed, has as cilium-config. */
type ReleaseRead = { readonly release?: Release; readonly rendered?: Readonly<Record<string, string>> };

/**
 * The newest revision of the release, by the labels of its Secrets; the chart's version is inside the newest one.
 * Secrets are often out of reach for good reasons: then the release says so itself, and nothing else suffers.
 */
export async function readDeployed(
  reading: Reading,
  release: { readonly name: string; readonly namespace: string } | undefined,
): Promise<ReleaseRead> {
  if (release === undefined) return {};
  try {
    const secrets = await collect(
      reading,
      SECRETS,
      { namespace: release.namespace, labelSelector: `owner=helm,name=${release.name}`, as: 'metadata' },
      (page) => parseAll(MetadataOnly, page),
    );
    const [newest] = revisionsOf(secrets);
    if (newest === undefined) return { release: { ...release, note: 'no release record found' } };
    const { rendered, ...chart } = await readRecord(reading, release.namespace, newest.secret);
    const changed = newest.at === undefined ? {} : { changedAt: newest.at };
    const known = { ...release, revision: newest.version, status: newest.status, ...changed, ...chart };
    // Of a revision that is pending or failed nobody knows what was applied.
    return { release: known, ...(newest.status === 'deployed' && rendered ? { rendered } : {}) };
  } catch (thrown: unknown) {
    reading.cancel.throwIfAborted();
    return { release: { ...release, note: noteOf(thrown) } };
  }
}

/** The same without what it rendered. */
export async function readRelease(
  reading: Reading,
  release: { readonly name: string; readonly namespace: string } | undefined,
): Promise<Release | undefined> {
  return (await readDeployed(reading, release)).release;
}

type Rendered = { readonly rendered?: Readonly<Record<string, string>> };

async function readRecord(
  { cluster, signal, cancel }: Reading,
  namespace: string,
  name: string,
): Promise<Pick<Release, 'chart' | 'note'> & Rendered> {
  try {
    const decoded = decodeRelease(await cluster.get(SECRETS, { namespace, name }, signal));
    if (!decoded.ok) return { note: decoded.why };
    const { metadata } = decoded.release.chart;
    const rendered = configMapData(decoded.release.manifest, 'cilium-config');
    return { chart: `${metadata.name} ${metadata.version}`, ...(rendered ? { rendered } : {}) };
  } catch (thrown: unknown) {
    cancel.throwIfAborted();
    return { note: noteOf(thrown) };
  }
}

function noteOf(thrown: unknown): string {
  if (thrown instanceof OpsError && thrown.code === 'Forbidden') return 'unknown: no right to read Secrets';
  return `unknown: ${toOpsError(thrown).message}`;
}
