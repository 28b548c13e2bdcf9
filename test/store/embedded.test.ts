import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openState } from '../../src/store/open-state.ts';
import { type BundledProgram, bundledProgram } from '../support/bundled-program.ts';
import { anEvent, aRunId, silentLog } from '../support/run-events.ts';
import { redisBinary } from '../support/spawn-redis.ts';

let program: BundledProgram;

beforeAll(async () => {
  program = await bundledProgram('support/state-process.ts');
});
afterAll(() => program.remove());

describe.each(['redis', 'postgres'] as const)('embedded %s', (embedded) => {
  let folder = '';
  const children: ChildProcess[] = [];
  beforeEach(async (context) => {
    if (embedded === 'redis' && redisBinary() === undefined) context.skip('no redis-server on PATH');
    folder = await mkdtemp(join(tmpdir(), 'a folder with spaces '));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    // Opening joins whatever still runs, and the last one that closes stops it.
    if (folder === '') return;
    await (await open()).close();
    await rm(folder, { recursive: true, force: true });
  });
  const open = () => openState({ dataDir: join(folder, 'data'), log: silentLog, embedded });
  const start = async (): Promise<{ readonly child: ChildProcess; readonly url: string }> => {
    const child = spawn(process.execPath, [program.path, join(folder, 'data'), embedded], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const [url] = await once(child.stdout, 'data');
    return { child, url: String(url).trim() };
  };

  it('is one server for all who start at once in a fresh folder', async () => {
    // Each makes a folder of its own to begin with, which takes Postgres a second of CPU: two are a race.
    const starters = embedded === 'postgres' ? 2 : 4;
    const states = await Promise.all(Array.from({ length: starters }, open));
    const run = aRunId();

    await states[0]?.state.runs.append(run, 0, anEvent('requested', { run }));

    expect(new Set(states.map((state) => state.url)).size).toBe(1);
    for (const { state } of states) expect(await state.runs.read(run, 0)).toHaveLength(1);
    for (const state of states) await state.close();
  });

  it('stays until the last process has closed it, and keeps what it was given', async () => {
    const { child, url } = await start();
    const joined = await open();
    const run = aRunId();

    child.kill('SIGTERM');
    await once(child, 'exit');
    await joined.state.runs.append(run, 0, anEvent('requested', { run }));
    await joined.close();

    expect(joined.url).toBe(url);
    await expect(openState({ url, dataDir: '', log: silentLog })).rejects.toMatchObject({ code: 'StoreUnavailable' });
    const again = await open();
    expect(await again.state.runs.read(run, 0)).toHaveLength(1);
    expect(again.url).toBe(url);
    await again.close();
  });

  it('outlives a starter that is killed', async () => {
    const { child, url } = await start();

    child.kill('SIGKILL');
    await once(child, 'exit');
    const next = await open();

    expect(next.url).toBe(url);
    await next.close();
  });
});
