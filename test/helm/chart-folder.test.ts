import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeChart } from '../../src/helm/chart-folder.ts';
import { chartDigest, type RecordedChart } from '../../src/helm/release-record.ts';
import { inFolder } from './real-helms.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const file = (name: string, text = 'x') => ({ name, data: base64(text) });

function aChart(more: Partial<RecordedChart> = {}): RecordedChart {
  return {
    metadata: { name: 'cilium', version: '1.19.6', appVersion: '1.19.6', apiVersion: 'v2' },
    values: { debug: false },
    schema: base64('{"type":"object"}'),
    templates: [file('templates/cilium-agent/daemonset.yaml', 'kind: DaemonSet')],
    files: [file('files/agent/poststart-eni.bash'), file('.helmignore')],
    ...more,
  };
}

describe('a chart written from a release record', () => {
  it('has its files, metadata, values and schema, private to the bot', async () => {
    await inFolder(async (folder) => {
      await writeChart(folder, aChart());

      const read = (name: string) => readFileSync(join(folder, name), 'utf8');
      expect(read('templates/cilium-agent/daemonset.yaml')).toBe('kind: DaemonSet');
      expect(JSON.parse(read('Chart.yaml'))).toMatchObject({ name: 'cilium', version: '1.19.6' });
      expect(JSON.parse(read('values.yaml'))).toEqual({ debug: false });
      expect(read('values.schema.json')).toBe('{"type":"object"}');
      expect(statSync(join(folder, 'values.yaml')).mode & 0o077).toBe(0);
    });
  });

  it.each([
    '../outside.yaml',
    'templates/../../outside.yaml',
    '/tmp/outside.yaml',
    'templates\\..\\outside.yaml',
    'templates//x.yaml',
    './x.yaml',
    'templates/a\0.yaml',
    'templates/a\n.yaml',
    'charts/sub/Chart.yaml',
    `templates/${'x'.repeat(300)}`,
    '',
  ])('is refused with a file named %j', async (name) => {
    await inFolder(async (folder) => {
      const written = writeChart(join(folder, 'chart'), aChart({ templates: [file(name)] }));

      await expect(written).rejects.toMatchObject({ code: 'Rejected' });
      expect(existsSync(join(folder, 'outside.yaml'))).toBe(false);
    });
  });

  it('is refused when it is too large, or has subcharts', async () => {
    const large = { name: 'templates/x', data: 'A'.repeat(17 * 1024 * 1024) };
    const metadata = { ...aChart().metadata, dependencies: [{ name: 'sub' }] };

    await inFolder(async (folder) => {
      await expect(writeChart(folder, aChart({ files: [large] }))).rejects.toMatchObject({ code: 'Rejected' });
      await expect(writeChart(folder, aChart({ metadata }))).rejects.toThrow('subcharts');
    });
  });

  it('keeps its own values, whatever a file is named', async () => {
    await inFolder(async (folder) => {
      await writeChart(folder, aChart({ files: [file('values.yaml', 'debug: true')] }));

      expect(readFileSync(join(folder, 'values.yaml'), 'utf8')).toBe('{"debug":false}');
    });
  });
});

describe('the digest of a chart', () => {
  it('is the same whatever the order of files and fields', () => {
    const { metadata, files } = aChart();
    const turned = Object.fromEntries(Object.entries(metadata).reverse()) as typeof metadata;

    expect(chartDigest(aChart({ files: [...files].reverse(), metadata: turned }))).toBe(chartDigest(aChart()));
  });

  it.each([
    ['a template', { templates: [file('templates/cilium-agent/daemonset.yaml', 'kind: Other')] }],
    ['a default', { values: { debug: true } }],
    ['the schema', { schema: null }],
    ['a name', { files: [file('files/agent/poststart-eni.sh'), file('.helmignore')] }],
  ])('is another when %s is another', (_situation, more) => {
    expect(chartDigest(aChart(more))).not.toBe(chartDigest(aChart()));
  });
});
