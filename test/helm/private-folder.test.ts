import { existsSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateFolder, sweepPrivateFolders } from '../../src/helm/private-folder.ts';

it('a private folder can be entered by nobody else, and goes even when the work fails', async () => {
  let seen = '';

  const failing = inPrivateFolder((folder) => {
    seen = folder;
    expect(statSync(folder).mode & 0o077).toBe(0);
    return Promise.reject(new Error('failed'));
  });

  await expect(failing).rejects.toThrow('failed');
  expect(existsSync(seen)).toBe(false);
});

it('folders that a killed worker left are swept after an hour, others are not', async () => {
  const left = mkdtempSync(join(tmpdir(), 'cilium-chatops-helm-'));
  const inUse = mkdtempSync(join(tmpdir(), 'cilium-chatops-helm-'));
  const foreign = mkdtempSync(join(tmpdir(), 'cilium-chatops-other-'));
  writeFileSync(join(left, 'kubeconfig'), 'secret');
  const now = new Date();
  const longAgo = new Date(now.getTime() - 3_700_000);
  for (const folder of [left, foreign]) utimesSync(folder, longAgo, longAgo);

  await sweepPrivateFolders(now);

  expect([left, inUse, foreign].map((folder) => existsSync(folder))).toEqual([false, true, true]);
  for (const folder of [inUse, foreign]) rmSync(folder, { recursive: true });
});
