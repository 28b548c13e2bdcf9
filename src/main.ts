import { setFlagsFromString } from 'node:v8';
import { toOpsError } from './core/errors.ts';
import { createLog } from './observe/log.ts';
import { readEnv } from './settings/config.ts';

/** `cilium-chatops serve` (the bot, the worker, or both) and `cilium-chatops run <command…>` (the terminal). */
const USAGE = `cilium-chatops: operate Cilium on Kubernetes

  cilium-chatops serve                    start the bot, the worker or both (ROLE=all|bot|worker)
  cilium-chatops run <command…>           run a command here, with your own kubeconfig
                     [--output json]      the result for machines, on stdout
                     [--yes <digest>]     apply this plan; without it a change only shows its plan
  cilium-chatops run help                 the commands
  cilium-chatops doctor [cluster]         whether settings, Slack, store, queue and clusters are well, and how to mend it
                     [--output json]      the same for machines
  cilium-chatops config check [file]      whether chatops.yaml is usable, and what it allows
  cilium-chatops config schema            its JSON schema
  cilium-chatops audit [--since 30d]      who asked, voted and what came of it: JSON lines, one per event
                       [--cluster <name>] [--run <id>]
  cilium-chatops state                    start the embedded state store of DATA_DIR and hold it

Settings come from the environment: see .env.example`;

async function main(argv: readonly string[]): Promise<number> {
  const [verb, ...rest] = argv;
  if (verb === undefined || verb === 'help' || verb === '--help' || verb === '-h') {
    console.log(USAGE);
    return verb === undefined ? 2 : 0;
  }
  // Says itself what is wrong with the environment.
  if (verb === 'doctor') return askDoctor(rest);
  const env = readEnv(process.env);
  if (verb === 'serve') return serveUntilStopped(env);
  if (verb === 'run') return runInTerminal(rest, env);
  if (verb === 'state') return holdState(env);
  if (verb === 'audit') return exportAudit(rest, env);
  if (verb === 'config') return checkConfig(rest, env);
  console.error(`there is no "${verb}"\n\n${USAGE}`);
  return 2;
}

/**
 * Node lets the space for young objects grow to 3 × 16 MiB and gives none of it back. What these processes handle is
 * small or read page by page: kept at its first size it costs a little time and saves a fifth of the memory. A worker,
 * for whose answers nobody waits by the millisecond, also keeps the space for old objects close to what is in use: half
 * of its memory on 5,000 nodes. A bot would acknowledge later for it. (Both measured with `npm run bench`.)
 * These are settings that V8 still heeds after its start; an unknown flag is ignored.
 */
function stayLean(role: string): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  if (role === 'worker') setFlagsFromString('--heap-growing-percent=30');
}

async function serveUntilStopped(env: ReturnType<typeof readEnv>): Promise<number> {
  stayLean(env.ROLE);
  const log = createLog(env.LOG_LEVEL, env.ROLE);
  const { serve } = await import('./roles/serve.ts');
  const serving = await serve(env, log);
  process.on('SIGHUP', () => void serving.reload());
  const reason = await stopSignal();
  log.info({ reason }, 'stopping');
  await serving.stop();
  return 0;
}

async function exportAudit(words: readonly string[], env: ReturnType<typeof readEnv>): Promise<number> {
  const { auditCommand } = await import('./terminal/audit-command.ts');
  // `audit | head` closes the pipe: that is no failure.
  process.stdout.on('error', () => process.exit(0));
  const out = (line: string): Promise<void> =>
    new Promise((resolve) => process.stdout.write(`${line}\n`, () => resolve()));
  return auditCommand(words, env, { out, err: (text) => console.error(text), log: createLog('error', 'audit') });
}

async function checkConfig(words: readonly string[], env: ReturnType<typeof readEnv>): Promise<number> {
  const { configCommand } = await import('./terminal/config-command.ts');
  return configCommand(words, env, { out: (text) => console.log(text), err: (text) => console.error(text) });
}

/** Starts the embedded store and holds it, so that several processes of one folder can come and go around it. */
async function holdState(env: ReturnType<typeof readEnv>): Promise<number> {
  const log = createLog(env.LOG_LEVEL, 'state');
  const { openState } = await import('./store/open-state.ts');
  const store = await openState({ url: env.STATE_URL, dataDir: env.DATA_DIR, log });
  console.log(JSON.stringify({ state: store.url, kind: store.kind }));
  await stopSignal();
  await store.close();
  return 0;
}

/** A line of `.env` that is empty counts as not set, here too. */
function logLevel(otherwise: string): string {
  return process.env['LOG_LEVEL']?.trim() || otherwise;
}

async function runInTerminal(words: readonly string[], env: ReturnType<typeof readEnv>): Promise<number> {
  const { runHere } = await import('./terminal/run-here.ts');
  return runHere(words, env, openTerminal(), createLog(logLevel('error'), 'terminal'));
}

async function askDoctor(words: readonly string[]): Promise<number> {
  const { doctorHere } = await import('./terminal/doctor.ts');
  // What it finds it says itself; the log would say it again.
  return doctorHere(words, process.env, openTerminal(), createLog(logLevel('silent'), 'doctor'));
}

function openTerminal() {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('interrupted')));
  return {
    out: (text: string) => console.log(text),
    err: (text: string) => console.error(text),
    columns: process.stdout.isTTY ? process.stdout.columns : 100,
    color: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
    signal: stop.signal,
  };
}

/** A second signal ends the process at once: whoever asks twice means it. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    // Idle connections do not keep Node alive, and a listener for a signal does not either.
    const alive = setInterval(() => undefined, 60_000);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1));
        clearInterval(alive);
        resolve(signal);
      });
    }
  });
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (thrown: unknown) => {
    const error = toOpsError(thrown);
    console.error(`cilium-chatops: ${error.message}${error.nextStep === undefined ? '' : `\n  ${error.nextStep}`}`);
    if (error.code === 'Bug') console.error(thrown);
    process.exit(1);
  },
);
