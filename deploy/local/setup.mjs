import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What a fresh machine lacks: the packages of the lock file. Node's own modules only, this runs before anything else. */

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** npm writes it at the end of every install. */
const INSTALLED = `${ROOT}node_modules/.package-lock.json`;
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

/**
 * Installs the locked packages unless that has been done since the lock file last changed. Safe to repeat.
 * `npm install --no-save` and not `npm ci`: the lock file lists the optional packages of the platforms that the registry
 * had when it was made, and `npm ci` refuses a lock that lacks one of them; both install the locked versions.
 */
export function ensurePackages() {
  checkNode();
  if (modified(INSTALLED) >= modified(`${ROOT}package-lock.json`)) return;
  say('installing the packages of package-lock.json (once) …');
  const npm = process.env.npm_execpath;
  const [command, before] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const args = [...before, 'install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  const done = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (done.status !== 0) {
    const how = done.status ?? done.signal ?? done.error?.message;
    fail(`npm install ended with ${how}`, 'see the lines above; a proxy or registry setting is the usual cause');
  }
}

function modified(file) {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
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

if (process.argv[1] === fileURLToPath(import.meta.url)) ensurePackages();
