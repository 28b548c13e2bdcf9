import { z } from 'zod';

/** A version of Cilium or of the kernel. `text` is as it was written, without a leading v. */
export const Version = z
  .object({ major: z.number().int(), minor: z.number().int(), patch: z.number().int(), text: z.string() })
  .readonly();
export type Version = z.infer<typeof Version>;

const NUMBERS = /^v?(\d{1,4})\.(\d{1,5})(?:\.(\d{1,9}))?/;

/** Reads `v1.13.4`, `1.19.0-pre.4`, `6.18.44-fc-v657`, `5.15.0-1051-aws`; undefined when it does not start so. */
export function parseVersion(text: string): Version | undefined {
  const match = NUMBERS.exec(text.trim());
  if (!match) return undefined;
  return {
    major: Number(match[1]),
    minor: Number(match[2]),
    patch: Number(match[3] ?? 0),
    text: text.trim().replace(/^v/, ''),
  };
}

/**
 * The version in an image reference, whatever registry or mirror it comes from; a digest alone has none.
 * `quay.io/cilium/cilium:v1.13.4@sha256:…`, `gke.gcr.io/cilium/cilium:v1.14.5-gke.20`, `mirror:5000/cilium:v1.15.1-cee.1`.
 */
export function versionOfImage(image: string): Version | undefined {
  const name = image.split('@')[0] ?? '';
  const tag = /:([^/:]+)$/.exec(name)?.[1];
  return tag === undefined ? undefined : parseVersion(tag);
}

/** The version at the start of the agent's own message: `1.19.0-dev (v1.19.0-dev-507103c61fe2)`. */
export function versionOfMessage(message: string | undefined): Version | undefined {
  return parseVersion(message?.split(/[\s(]/)[0] ?? '');
}

/** `minimum` is written `1.14` or `1.14.3`; a pre-release counts as its release, because features land before it. */
export function atLeast(version: Version, minimum: string): boolean {
  const floor = parseVersion(minimum);
  return floor !== undefined && compareVersions(version, floor) >= 0;
}

export function compareVersions(left: Version, right: Version): number {
  return left.major - right.major || left.minor - right.minor || left.patch - right.patch;
}
