import { gunzipSync } from 'node:zlib';
import { z } from 'zod';

/**
 * A Helm release is kept as one Secret per revision: type `helm.sh/release.v1`, labels owner=helm, name, status,
 * version; its `release` is JSON, gzipped, base64, and base64 once more as Secret data. A release of Cilium is about
 * 400 KiB packed and some MiB unpacked.
 */
const MAX_PACKED_BYTES = 2 * 1024 * 1024;
const MAX_UNPACKED_BYTES = 32 * 1024 * 1024;

const ReleaseSecret = z.object({ data: z.object({ release: z.string().max(MAX_PACKED_BYTES) }) });

/** The release in a Secret as `shape` takes it, or why it cannot be read within the limits. */
export function unpackRelease<T>(
  secret: unknown,
  shape: z.ZodType<T>,
): { readonly ok: true; readonly release: T } | { readonly ok: false; readonly why: string } {
  const parsed = ReleaseSecret.safeParse(secret);
  if (!parsed.success) return { ok: false, why: 'the release Secret is empty or larger than 2 MiB' };
  try {
    const packed = Buffer.from(Buffer.from(parsed.data.data.release, 'base64').toString('latin1'), 'base64');
    const release = shape.safeParse(JSON.parse(unzipped(packed).toString('utf8')));
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
