import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { OpsError } from '../../src/core/errors.ts';
import type { ChatopsConfig } from '../../src/core/policy/chatops-config.ts';
import { systemClock } from '../../src/roles/system-clock.ts';
import { openLiveConfig } from '../../src/settings/live-config.ts';
import { createTestLog } from '../support/test-log.ts';

const ONE = 'clusters: [{ name: prod }]\n';
const TWO = 'clusters: [{ name: prod }, { name: dev }]\n';

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chatops-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function opened(file: string, more: { check?: (config: ChatopsConfig) => void; everyMs?: number } = {}) {
  const log = createTestLog();
  const live = await openLiveConfig({ env: { CHATOPS_CONFIG: file }, clock: systemClock, log, ...more });
  onTestFinished(live.close);
  const seen: string[] = [];
  live.onChange(async (next, before) => {
    seen.push(`${names(before)} → ${names(next)}`);
  });
  return { live, log, seen, now: () => names(live.current()) };
}

function names({ clusters }: ChatopsConfig): string {
  return clusters.map((cluster) => cluster.name).join(' ');
}

describe('a configuration that is followed', () => {
  it('is used at once when the file changes, without being asked', async () => {
    const file = join(await aFolder(), 'chatops.yaml');
    await writeFile(file, ONE);
    const { now, seen, log } = await opened(file, { everyMs: 10 });

    await writeFile(file, TWO);

    await vi.waitFor(() => expect(now()).toBe('prod dev'), { timeout: 10_000 });
    await vi.waitFor(() => expect(seen).toEqual(['prod → prod dev']), { timeout: 10_000 });
    expect(log.lines.map((line) => line.message)).toContain('configuration reloaded');
  });

  it('follows the symlinks of a mounted ConfigMap, which change while the file does not', async () => {
    const folder = await aFolder();
    for (const [version, text] of [
      ['v1', ONE],
      ['v2', TWO],
    ] as const) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'chatops.yaml'), text);
    }
    await symlink('v1', join(folder, '..data'));
    await symlink(join('..data', 'chatops.yaml'), join(folder, 'chatops.yaml'));
    const { live, now } = await opened(join(folder, 'chatops.yaml'));

    await symlink('v2', join(folder, '..new'));
    await rename(join(folder, '..new'), join(folder, '..data'));
    await live.reload();

    expect(now()).toBe('prod dev');
  });

  it('stays what it was when the new version is not usable, says so once, and recovers', async () => {
    const file = join(await aFolder(), 'chatops.yaml');
    await writeFile(file, ONE);
    const { live, now, seen, log } = await opened(file);

    await writeFile(file, 'clusters: [{ nam: prod }]\n');
    await live.reload();
    await live.reload();

    expect(now()).toBe('prod');
    expect(live.state()).toMatchObject({ file, error: { message: expect.stringContaining('did you mean "name"') } });
    expect(log.lines.filter((line) => line.message.includes('not usable'))).toHaveLength(1);
    expect(seen).toEqual([]);

    await writeFile(file, TWO);
    await live.reload();

    expect(now()).toBe('prod dev');
    expect(live.state().error).toBeUndefined();
  });

  it.each([
    { when: 'the file is gone', break: (file: string) => rm(file) },
    { when: 'this process cannot serve it', break: (file: string) => writeFile(file, 'clusters: [{ name: other }]\n') },
  ])('stays what it was when $when', async ({ break: breakIt }) => {
    const file = join(await aFolder(), 'chatops.yaml');
    await writeFile(file, ONE);
    const check = (config: ChatopsConfig): void => {
      if (names(config) === 'other') throw new OpsError('BadConfig', 'CLUSTERS names prod, which is not configured');
    };
    const { live, now } = await opened(file, { check });

    await breakIt(file);
    await live.reload();

    expect(now()).toBe('prod');
    expect(live.state().error?.message).toMatch(/cannot be read|CLUSTERS names prod/);
  });

  it('goes on when somebody cannot take it over', async () => {
    const file = join(await aFolder(), 'chatops.yaml');
    await writeFile(file, ONE);
    const { live, now, log } = await opened(file);
    live.onChange(() => Promise.reject(new Error('no lane')));

    await writeFile(file, TWO);
    await live.reload();

    expect(now()).toBe('prod dev');
    expect(log.lines.map((line) => line.message)).toContain('configuration not taken over everywhere');
  });

  it('does not begin with a file that is not usable', async () => {
    const file = join(await aFolder(), 'chatops.yaml');
    await writeFile(file, 'clusters: []\n');

    await expect(opened(file)).rejects.toMatchObject({ code: 'BadConfig' });
  });
});
