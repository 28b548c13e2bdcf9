import { decodeRelease, revisionsOf } from '../../src/cilium/helm-release.ts';
import { MetadataOnly, parseAll } from '../../src/cilium/kube-objects.ts';
import type { Release } from '../../src/cilium/status-data.ts';
import { OpsError, toOpsError } from '../../src/core/errors.ts';
import { SECRETS } from '../../src/core/resources.ts';
import { collect, type Reading } from './reading.ts';

/**
 * The newest revision of the release, by the labels of its Secrets; the chart's version is inside the newest one.
 * Secrets are often out of reach for good reasons: then the release says so itself, and nothing else suffers.
 */
export async function readRelease(
  reading: Reading,
  release: { readonly name: string; readonly namespace: string } | undefined,
): Promise<Release | undefined> {
  if (release === undefined) return undefined;
  try {
    const secrets = await collect(
      reading,
      SECRETS,
      { namespace: release.namespace, labelSelector: `owner=helm,name=${release.name}`, as: 'metadata' },
      (page) => parseAll(MetadataOnly, page),
    );
    const [newest] = revisionsOf(secrets);
    if (newest === undefined) return { ...release, note: 'no release record found' };
    const chart = await readChart(reading, release.namespace, newest.secret);
    const changed = newest.at === undefined ? {} : { changedAt: newest.at };
    return { ...release, revision: newest.version, status: newest.status, ...changed, ...chart };
  } catch (thrown: unknown) {
    reading.cancel.throwIfAborted();
    return { ...release, note: noteOf(thrown) };
  }
}

async function readChart(
  { cluster, signal, cancel }: Reading,
  namespace: string,
  name: string,
): Promise<Pick<Release, 'chart' | 'note'>> {
  try {
    const decoded = decodeRelease(await cluster.get(SECRETS, { namespace, name }, signal));
    if (!decoded.ok) return { note: decoded.why };
    const { metadata } = decoded.release.chart;
    return { chart: `${metadata.name} ${metadata.version}` };
  } catch (thrown: unknown) {
    cancel.throwIfAborted();
    return { note: noteOf(thrown) };
  }
}

function noteOf(thrown: unknown): string {
  if (thrown instanceof OpsError && thrown.code === 'Forbidden') return 'unknown: no right to read Secrets';
  return `unknown: ${toOpsError(thrown).message}`;
}
