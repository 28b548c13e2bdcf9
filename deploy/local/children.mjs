import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { say } from './setup.mjs';

/** Child processes of the demo: started, waited for, restarted when they die unasked, stopped in reverse order. */

const RESTART_AFTER_MS = 1_000;
const STOP_WITHIN_MS = 10_000;

/**
 * Starts `node <args>` and resolves with what `ready` makes of its first fitting line.
 * @param {{ name: string, args: string[], env: NodeJS.ProcessEnv, ready: (line: string) => unknown, log: (line: string) => void }} options
 */
export function startChild({ name, args, env, ready, log }) {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const started = new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        log(`${name}: ${line}`);
        const found = ready(line);
        if (found !== undefined) resolve(found);
      });
    }
    child.once('exit', (code, signal) => reject(new Error(`${name} ended (${signal ?? code}) before it was ready`)));
    child.once('error', reject);
  });
  return { name, child, started };
}

/** Keeps a role running: a process that dies unasked is said to have died, and started again. */
export function keepRunning(options, onReady = () => {}) {
  let current = startChild(options);
  let stopping = false;
  let settled = false;
  const watch = () => {
    current.started.then(onReady, () => {});
    current.child.once('exit', (code, signal) => {
      if (stopping || !settled) return;
      say(`${options.name} ended (${signal ?? code}): starting it again`);
      setTimeout(() => {
        if (stopping) return;
        current = startChild(options);
        watch();
      }, RESTART_AFTER_MS);
    });
  };
  watch();
  return {
    name: options.name,
    started: current.started.then((found) => {
      settled = true;
      return found;
    }),
    pid: () => current.child.pid,
    stop: () => {
      stopping = true;
      return stopChild(current.child);
    },
  };
}

/** SIGTERM, and SIGKILL for whoever does not listen. */
export async function stopChild(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await gone;
  clearTimeout(timer);
}
