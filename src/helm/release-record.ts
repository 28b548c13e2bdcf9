import { createHash } from 'node:crypto';
import { z } from 'zod';
import { OpsError } from '../core/errors.ts';
import type { HelmRelease } from '../core/ports/change-ports.ts';
import { unpackRelease } from '../core/release-secret.ts';

/** A file of a chart as Go's JSON has it: bytes in base64. */
const ChartFile = z.object({ name: z.string(), data: z.base64().default('') });
export type ChartFile = z.infer<typeof ChartFile>;

const files = z
  .array(ChartFile)
  .max(5_000)
  .nullish()
  .transform((list) => list ?? []);
const values = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((map) => map ?? {});

/** One revision of a release, whole: with it the chart can be installed again, no repository needed. */
export const ReleaseRecord = z.object({
  name: z.string(),
  namespace: z.string(),
  version: z.number().int().min(1),
  manifest: z.string().default(''),
  config: values,
  info: z.object({ status: z.string().default('unknown'), description: z.string().default('') }).prefault({}),
  chart: z.object({
    metadata: z.looseObject({
      name: z.string(),
      version: z.string(),
      appVersion: z.string().default(''),
      dependencies: z.array(z.unknown()).nullish(),
    }),
    values,
    schema: z.base64().nullish(),
    templates: files,
    files,
  }),
});
export type ReleaseRecord = z.infer<typeof ReleaseRecord>;
export type RecordedChart = ReleaseRecord['chart'];

/** @throws OpsError UnexpectedAnswer when the Secret holds no release within the limits */
export function toReleaseRecord(secret: unknown, name: string): ReleaseRecord {
  const unpacked = unpackRelease(secret, ReleaseRecord);
  if (unpacked.ok) return unpacked.release;
  throw new OpsError('UnexpectedAnswer', `the Helm release ${name} cannot be read: ${unpacked.why}`, {
    nextStep: `look at it with \`helm get all ${name}\``,
  });
}

export function toHelmRelease(record: ReleaseRecord): HelmRelease {
  const { metadata } = record.chart;
  return {
    name: record.name,
    namespace: record.namespace,
    revision: record.version,
    status: record.info.status,
    chartName: metadata.name,
    chartVersion: metadata.version,
    appVersion: metadata.appVersion,
    chartDigest: chartDigest(record.chart),
    config: record.config,
    description: record.info.description,
  };
}

/** SHA-256 over what the chart is, in hex. Helm 3 and 4 write the same chart with fields in another order. */
export function chartDigest(chart: RecordedChart): string {
  const hash = createHash('sha256');
  hash.update(canonical(chart.metadata)).update('\n').update(canonical(chart.values)).update('\n');
  hash.update(chart.schema ?? '');
  const all = [...chart.templates, ...chart.files].sort((left, right) => (left.name < right.name ? -1 : 1));
  for (const { name, data } of all) hash.update(`\n${JSON.stringify(name)} ${data}`);
  return hash.digest('hex');
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([left], [right]) => (left < right ? -1 : 1)))
      : each,
  );
}
