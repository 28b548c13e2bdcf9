/** The chart of the recorded release, written out for helm, and helm run on it. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { RehearsalCluster } from '../../../src/rehearsal/cluster/start.ts';
import { ask } from './support.ts';

type Named = { readonly name: string; readonly data: string };
type Chart = {
  readonly metadata: unknown;
  readonly values: unknown;
  readonly schema?: string;
  readonly templates: readonly Named[];
  readonly files: readonly Named[];
};

const SECRET = '/api/v1/namespaces/kube-system/secrets/sh.helm.release.v1.cilium.v1';

export const NATIVE = 'routingMode=native,autoDirectNodeRoutes=true,ipv4NativeRoutingCIDR=10.0.0.0/16';

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

/** A folder with `chart/` in it; the caller removes it. */
export async function writeChart(cluster: RehearsalCluster): Promise<string> {
  const secret = (await ask(cluster, { path: SECRET })).body as { data: { release: string } };
  const packed = Buffer.from(Buffer.from(secret.data.release, 'base64').toString(), 'base64');
  const { chart } = JSON.parse(gunzipSync(packed).toString()) as { chart: Chart };
  const folder = mkdtempSync(join(tmpdir(), 'rehearsal-helm-'));
  const write = (name: string, content: string | Buffer): void => {
    const path = join(folder, 'chart', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  };
  write('Chart.yaml', JSON.stringify(chart.metadata));
  write('values.yaml', JSON.stringify(chart.values));
  if (chart.schema !== undefined) write('values.schema.json', Buffer.from(chart.schema, 'base64'));
  for (const { name, data } of [...chart.templates, ...chart.files]) write(name, Buffer.from(data, 'base64'));
  return folder;
}

/** Runs helm as the bot's service account. */
export function runHelm(
  { kubeconfigPath }: RehearsalCluster,
  { path, folder }: { readonly path: string; readonly folder: string },
  args: readonly string[],
): Promise<Ran> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, KUBECONFIG: kubeconfigPath };
  const all = [...args, '--namespace', 'kube-system', '--kube-context', 'chatops'];
  return new Promise((resolve) => {
    execFile(path, all, { env, cwd: folder, maxBuffer: 1 << 26 }, (thrown, out, err) => {
      resolve({ code: thrown === null ? 0 : Number(thrown.code), out, err });
    });
  });
}

export function upgradeArgs(set: string, ...more: readonly string[]): string[] {
  return ['upgrade', 'cilium', './chart', '--reset-then-reuse-values', '--set', set, ...more];
}

export async function configMap(cluster: RehearsalCluster): Promise<Readonly<Record<string, string>>> {
  const { body } = await ask(cluster, { path: '/api/v1/namespaces/kube-system/configmaps/cilium-config' });
  return (body as { data: Readonly<Record<string, string>> }).data;
}
