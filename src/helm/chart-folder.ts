import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OpsError } from '../core/errors.ts';
import type { RecordedChart } from './release-record.ts';

const MAX_CHART_BYTES = 16 * 1024 * 1024;
const MAX_NAME = 250;

/**
 * Writes the chart that a release record holds as a folder that helm takes for a chart (seen to work with helm 3.17 and
 * 4.1). What it is made of came from the cluster: no name may lead out of `folder`.
 * @throws OpsError Rejected for charts that cannot be made again: subcharts are not part of the record
 */
export async function writeChart(folder: string, chart: RecordedChart): Promise<void> {
  const { metadata, values, schema, templates, files } = chart;
  if ((metadata.dependencies ?? []).length > 0)
    throw new OpsError('Rejected', `chart ${metadata.name} has subcharts, which a release does not record`, {
      nextStep: 'change the values with `helm upgrade` and the chart from its repository',
    });
  const all = [...templates, ...files];
  const size = all.reduce((sum, { data }) => sum + data.length, 0);
  if (size > MAX_CHART_BYTES) throw broken(chart, `larger than ${MAX_CHART_BYTES} bytes`);
  for (const { name, data } of all) {
    if (!isInside(name)) throw broken(chart, `with a file named ${JSON.stringify(name.slice(0, 80))}`);
    await writeInside(folder, name, Buffer.from(data, 'base64'));
  }
  // Last, so that no file of the record takes their place. Both may be JSON, which is YAML.
  await writeInside(folder, 'Chart.yaml', JSON.stringify(metadata));
  await writeInside(folder, 'values.yaml', JSON.stringify(values));
  if (schema !== undefined && schema !== null && schema !== '')
    await writeInside(folder, 'values.schema.json', Buffer.from(schema, 'base64'));
}

async function writeInside(folder: string, name: string, content: string | Buffer): Promise<void> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, content, { mode: 0o600 });
}

/** A relative path of plain segments. Subcharts would have come as files below `charts/`, which helm never records. */
function isInside(name: string): boolean {
  if (name.length > MAX_NAME || !/^[\w.@+ /-]+$/.test(name)) return false;
  const segments = name.split('/');
  return segments[0] !== 'charts' && segments.every((each) => each !== '' && each !== '.' && each !== '..');
}

function broken({ metadata }: RecordedChart, how: string): OpsError {
  return new OpsError('Rejected', `the release records a chart ${metadata.name} ${how}, which is not used`, {
    nextStep: 'find out who wrote that release: it is not as helm writes it',
  });
}
