import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import type { ObjectMeta } from './kube-objects.ts';

/**
 * A Helm release is kept as one Secret per revision: type `helm.sh/release.v1`, labels owner=helm, name, status,
 * version; its `release` is JSON, gzipped, base64, and base64 once more as Secret data. A release of Cilium is about
 * 400 KiB packed and some MiB unpacked.
 */
const MAX_PACKED_BYTES = 2 * 1024 * 1024;
const MAX_UNPACKED_BYTES = 32 * 1024 * 1024;

const ReleaseSecret = z.object({ data: z.object({ release: z.string().max(MAX_PACKED_BYTES) }) });

export const HelmRelease = z.object({
  name: z.string(),
  version: z.number(),
  info: z.object({ status: z.string().default('unknown'), last_deployed: z.string().optional() }).prefault({}),
  chart: z.object({
    metadata: z.object({ name: z.string(), version: z.string(), appVersion: z.string().optional() }),
  }),
});
export type HelmRelease = z.infer<typeof HelmRelease>;

/** @returns why not, when the Secret holds no release that can be read within the limits. */
export function decodeRelease(
  secret: unknown,
): { readonly ok: true; readonly release: HelmRelease } | { readonly ok: false; readonly why: string } {
  const parsed = ReleaseSecret.safeParse(secret);
  if (!parsed.success) return { ok: false, why: 'the release Secret is empty or larger than 2 MiB' };
  try {
    const packed = Buffer.from(Buffer.from(parsed.data.data.release, 'base64').toString('latin1'), 'base64');
    const release = HelmRelease.safeParse(JSON.parse(unzipped(packed).toString('utf8')));
    return release.success
      ? { ok: true, release: release.data }
      : { ok: false, why: 'the release Secret holds no Helm release' };
  } catch {
    // Not base64, not gzip, not JSON, or more than the limit once unpacked.
    return { ok: false, why: 'the release Secret cannot be decoded' };
  }
}

/** Helm before 3 wrote some releases without gzip; it still reads them, and so do we. */
function unzipped(packed: Buffer): Buffer {
  const isGzip = packed[0] === 0x1f && packed[1] === 0x8b;
  return isGzip ? gunzipSync(packed, { maxOutputLength: MAX_UNPACKED_BYTES }) : packed;
}

export type Revision = {
  readonly secret: string;
  readonly version: number;
  readonly status: string;
  readonly at: string | undefined;
};

/** Revisions told by the labels of the release Secrets alone, newest first. */
export function revisionsOf(secrets: readonly { readonly metadata: ObjectMeta }[]): readonly Revision[] {
  return secrets
    .flatMap(({ metadata }) => {
      const version = Number(metadata.labels['version']);
      const status = metadata.labels['status'];
      if (!Number.isInteger(version) || status === undefined) return [];
      return [{ secret: metadata.name, version, status, at: metadata.creationTimestamp }];
    })
    .sort((left, right) => right.version - left.version);
}
