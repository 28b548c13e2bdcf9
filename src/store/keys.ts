import { OpsError } from '../core/errors.ts';
import { RunId } from '../core/ids.ts';

/** One hash tag over everything, so that scripts may touch several keys on Redis Cluster too. */
export const PREFIX = '{cilium-chatops}';

const MAX_BLOB_BYTES = 1_048_576;

/** The run a blob belongs to: blobs named `<run>/…` go when their run is pruned. */
export function runOfBlob(key: string): RunId | undefined {
  const parsed = RunId.safeParse(key.split('/', 1)[0]);
  return parsed.success ? parsed.data : undefined;
}

/** @throws OpsError OutputTooLarge */
export function checkBlobSize(key: string, bytes: Uint8Array): void {
  if (bytes.byteLength <= MAX_BLOB_BYTES) return;
  throw new OpsError('OutputTooLarge', `${key} has ${bytes.byteLength} bytes and may have ${MAX_BLOB_BYTES}`);
}
