import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What a fresh machine lacks: the packages of the lock file. Node's own modules only, this runs before anything else. */

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const STAMP = `${ROOT}node_modules/.installed-lock`;
const OLDEST_NODE = [20, 19];

/** A line for the person who waits; results go to stdout, so this does not. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Ends the process with one line that says what is wrong and one that says what to do. */
export function fail(what, fix) {
  say(`cilium-chatops: ${what}\n  ${fix}`);
  process.exit(1);
}

/** Installs the locked packages unless that has been done for this lock file. Safe to repeat. */
export function ensurePackages() {
  checkNode();
  const lock = createHash('sha256')
    .update(readFileSync(`${ROOT}package-lock.json`))
    .digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lock) return;
  say('installing the packages of package-lock.json (once) …');
  const npm = process.env.npm_execpath;
  const [command, before] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const args = [...before, 'ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const done = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (done.status !== 0)
    fail(
      `npm ci ended with ${done.status ?? done.signal ?? done.error?.message}`,
      'see the lines above; a proxy or registry setting is the usual cause',
    );
  writeFileSync(STAMP, lock);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [wantMajor, wantMinor] = OLDEST_NODE;
  if (major > wantMajor || (major === wantMajor && minor >= wantMinor)) return;
  fail(
    `this is Node ${process.versions.node}, too old`,
    `install Node ${OLDEST_NODE.join('.')} or newer (24 is what the image runs)`,
  );
}
