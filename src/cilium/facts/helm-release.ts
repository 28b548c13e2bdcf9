import { z } from 'zod';
import { unpackRelease } from '../../core/release-secret.ts';
import type { ObjectMeta } from './kube-objects.ts';

export const HelmRelease = z.object({
  name: z.string(),
  version: z.number(),
  info: z.object({ status: z.string().default('unknown'), last_deployed: z.string().optional() }).prefault({}),
  chart: z.object({
    metadata: z.object({ name: z.string(), version: z.string(), appVersion: z.string().optional() }),
  }),
  /** What was applied. It holds Secrets. */
  manifest: z.string().default(''),
});
export type HelmRelease = z.infer<typeof HelmRelease>;

/** @returns why not, when the Secret holds no release that can be read within the limits. */
export function decodeRelease(
  secret: unknown,
): { readonly ok: true; readonly release: HelmRelease } | { readonly ok: false; readonly why: string } {
  return unpackRelease(secret, HelmRelease);
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
