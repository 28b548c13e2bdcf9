import { gunzipSync, gzipSync } from 'node:zlib';
import { type KubeObject, textAt } from './kube-object.ts';

export type Release = { readonly manifest: string; readonly config?: Readonly<Record<string, unknown>> };

/** A Helm release Secret (base64 of base64 of gzip of JSON) with another release in it. */
export function mapRelease(object: KubeObject, change: (release: Release) => Release): KubeObject {
  const packed = textAt(object, 'data', 'release');
  const zipped = Buffer.from(Buffer.from(packed, 'base64').toString(), 'base64');
  const release = JSON.parse(gunzipSync(zipped).toString()) as Release;
  const repacked = gzipSync(JSON.stringify(change(release)), { level: 1 }).toString('base64');
  return { ...object, data: { release: Buffer.from(repacked).toString('base64') } };
}
