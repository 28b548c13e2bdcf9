import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** helm 4 and helm 3, where they are: on PATH, or unpacked by `node deploy/local/tools.mjs`. */
export const HELMS: readonly { readonly name: string; readonly path: string | undefined }[] = ['helm', 'helm3'].map(
  (name) => ({
    name,
    path: [...(process.env['PATH'] ?? '').split(delimiter), join(ROOT, '.data/tools')]
      .filter((folder) => folder !== '')
      .map((folder) => join(folder, name))
      .find(isExecutable),
  }),
);

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Released charts of Cilium beside the checkout (`cilium-1.13.4.tgz` …); they are no part of the repository. */
const CHARTS_DIR = process.env['CHARTS_DIR'] ?? join(ROOT, '../shared/charts');

export const CHARTS: readonly { readonly version: string; readonly path: string }[] = (
  existsSync(CHARTS_DIR) ? readdirSync(CHARTS_DIR) : []
)
  .flatMap((file) => {
    const version = /^cilium-(.*)\.tgz$/.exec(file)?.[1];
    return version === undefined ? [] : [{ version, path: join(CHARTS_DIR, file) }];
  })
  .sort((left, right) => left.version.localeCompare(right.version, 'en', { numeric: true }));

/** A folder of its own for `work`, as the bot gives helm one. */
export async function inFolder<T>(work: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'helm-test-'));
  try {
    mkdirSync(join(folder, 'no-plugins'));
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
