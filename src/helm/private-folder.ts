import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'cilium-chatops-helm-';
/** Far longer than helm is ever given. */
const LEFT_AFTER_MS = 3_600_000;

/** A folder that only this user can enter (mode 0700, as mkdtemp makes it), gone when `work` ends. */
export async function inPrivateFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), PREFIX));
  try {
    await mkdir(join(folder, 'no-plugins'));
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes what a worker left that was killed: there are credentials in it. Never fails. */
export async function sweepPrivateFolders(now: Date): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(PREFIX))) {
    const folder = join(tmpdir(), name);
    const found = await stat(folder).catch(() => undefined);
    if (found === undefined || now.getTime() - found.mtimeMs < LEFT_AFTER_MS) continue;
    // Another user's stays: it is not ours to remove.
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}
