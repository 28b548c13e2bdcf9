import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { OpsError } from '../core/errors.ts';

/** The environment of the worker as far as helm needs it. */
export type HelmEnv = Readonly<Record<string, string | undefined>>;

/** Nothing else of the worker's environment reaches helm: no tokens, and no HELM_* that would change what it does. */
const PASSED_ON = ['PATH', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];

/** `--reset-then-reuse-values` came with 3.14. */
const OLDEST = [3, 14] as const;
const VERSION_MS = 20_000;
/** After SIGTERM helm marks its release as failed; that takes a few requests. */
const GRACE_MS = 5_000;

/** @throws OpsError BadConfig */
export function findHelm(env: HelmEnv, named: string | undefined): string {
  if (named !== undefined && (isAbsolute(named) || named.includes('/'))) {
    if (isExecutable(named)) return named;
    throw new OpsError('BadConfig', `HELM_BIN names ${named}, which cannot be run`, {
      nextStep: 'set HELM_BIN to the helm binary, or unset it and put helm on PATH',
    });
  }
  const name = named ?? 'helm';
  const found = (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
  if (found !== undefined) return found;
  throw new OpsError('BadConfig', `there is no ${name} on the PATH of the worker`, {
    nextStep: 'install Helm 3.14 or newer there, or set HELM_BIN',
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export type HelmCall = {
  readonly binary: string;
  readonly args: readonly string[];
  /** A private folder: home, caches and temporary files of helm. */
  readonly folder: string;
  readonly kubeconfigPath?: string;
  readonly env: HelmEnv;
  readonly deadlineMs: number;
  readonly maxOutputBytes: number;
};

export type HelmResult = { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

/**
 * Runs helm, without a shell, in a process group of its own. When `signal` aborts or the time is up it is asked to stop
 * (SIGTERM), then killed; this function ends only when it has: no helm is at work behind the caller's back.
 * @throws OpsError ClusterTimeout, OutputTooLarge, BadConfig; or the reason of `signal`
 */
export async function runHelm(call: HelmCall, signal: AbortSignal): Promise<HelmResult> {
  signal.throwIfAborted();
  const child = spawn(call.binary, call.args, {
    cwd: call.folder,
    env: environment(call),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const stop = stopper(child.pid);
  const stopped: { because?: OpsError } = {};
  const stopFor = (because: OpsError): void => {
    stopped.because ??= because;
    stop();
  };
  const collect = collector(call.maxOutputBytes, () => stopFor(wordy(call)));
  child.stdout.on('data', (part: Buffer) => collect.add('stdout', part));
  child.stderr.on('data', (part: Buffer) => collect.add('stderr', part));
  const timer = setTimeout(() => stopFor(tooLate(call)), call.deadlineMs);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const exitCode = await ended(child, call.binary);
    signal.throwIfAborted();
    if (stopped.because !== undefined) throw stopped.because;
    return { exitCode, stdout: collect.text('stdout'), stderr: collect.text('stderr') };
  } finally {
    clearTimeout(timer);
    stop.forget();
    signal.removeEventListener('abort', stop);
  }
}

function environment({ env, folder, kubeconfigPath }: HelmCall): Record<string, string> {
  const passed = PASSED_ON.flatMap((name) => [name, name.toLowerCase()]).flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(passed),
    HOME: folder,
    TMPDIR: folder,
    HELM_CACHE_HOME: join(folder, 'cache'),
    HELM_CONFIG_HOME: join(folder, 'config'),
    HELM_DATA_HOME: join(folder, 'data'),
    HELM_PLUGINS: join(folder, 'no-plugins'),
    HELM_NO_PLUGINS: '1',
    HELM_DRIVER: 'secret',
    ...(kubeconfigPath === undefined ? {} : { KUBECONFIG: kubeconfigPath }),
  };
}

type Stop = { (): void; forget(): void };

/** Asks the process group to end; kills it when it has not after GRACE_MS. */
function stopper(pid: number | undefined): Stop {
  let timer: NodeJS.Timeout | undefined;
  const send = (name: 'SIGTERM' | 'SIGKILL'): void => {
    try {
      if (pid !== undefined) process.kill(-pid, name);
    } catch {
      // It has ended meanwhile.
    }
  };
  const stop = (): void => {
    if (timer !== undefined) return;
    send('SIGTERM');
    timer = setTimeout(() => send('SIGKILL'), GRACE_MS);
  };
  return Object.assign(stop, { forget: () => clearTimeout(timer) });
}

function collector(maxBytes: number, onTooMuch: () => void) {
  const parts = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  let bytes = 0;
  return {
    add: (stream: keyof typeof parts, part: Buffer): void => {
      bytes += part.length;
      if (bytes > maxBytes) onTooMuch();
      else parts[stream].push(part);
    },
    text: (stream: keyof typeof parts): string => Buffer.concat(parts[stream]).toString('utf8'),
  };
}

function ended(child: ReturnType<typeof spawn>, binary: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(
        new OpsError('BadConfig', `${binary} cannot be started`, {
          nextStep: 'check that it is a helm for this machine',
          cause,
        }),
      ),
    );
    child.once('close', (code) => resolve(code ?? -1));
  });
}

function tooLate({ args, deadlineMs }: HelmCall): OpsError {
  return new OpsError('ClusterTimeout', `helm ${args[0]} did not end within ${deadlineMs / 1_000} s and was stopped`, {
    nextStep: 'see what it has done with `helm history`',
  });
}

function wordy({ args, maxOutputBytes }: HelmCall): OpsError {
  return new OpsError('OutputTooLarge', `helm ${args[0]} printed more than ${maxOutputBytes} bytes`, {
    nextStep: 'run the same command by hand to see what it prints',
  });
}

/** `v3.17.2`. @throws OpsError BadConfig for a helm that is too old, or none */
export async function helmVersion(
  call: Pick<HelmCall, 'binary' | 'folder' | 'env'>,
  signal: AbortSignal,
): Promise<string> {
  const args = ['version', '--template', '{{.Version}}'];
  const { stdout } = await runHelm({ ...call, args, deadlineMs: VERSION_MS, maxOutputBytes: 64 * 1024 }, signal);
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(stdout.trim()) ?? [];
  if (major === undefined || minor === undefined)
    throw new OpsError('BadConfig', `${call.binary} is not helm, or does not tell its version`, {
      nextStep: 'set HELM_BIN to the helm binary',
    });
  if (Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]))
    throw new OpsError('BadConfig', `${call.binary} is Helm ${stdout.trim()}, and 3.14 is needed`, {
      nextStep: 'install Helm 3.14 or newer, or set HELM_BIN',
    });
  return stdout.trim();
}
