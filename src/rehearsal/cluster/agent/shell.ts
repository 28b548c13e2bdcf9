/** Commands any container understands, and a very small `sh -c`: enough for probes and for the recorded exec cases. */

export type ExecResult =
  | { readonly type: 'exited'; readonly stdout: string; readonly stderr: string; readonly code: number }
  /** The container runtime could not start it; `why` as runc words it. */
  | { readonly type: 'not-started'; readonly why: string };

export type ExecInput = {
  readonly argv: readonly string[];
  /** Resolves when the client closes stdin, or at once without one. */
  readonly readStdin: () => Promise<string>;
  readonly signal: AbortSignal;
};

export function exited(stdout: string, code = 0, stderr = ''): ExecResult {
  return { type: 'exited', stdout, stderr, code };
}

function commandNotFound(command: string): ExecResult {
  return {
    type: 'not-started',
    why: `unable to start container process: exec: "${command}": executable file not found in $PATH`,
  };
}

export function sleep(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1_000);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

type Statement = { readonly out: string; readonly err: string; readonly exit?: number };

function unquote(word: string): string {
  return word.replace(/^(['"])(.*)\1$/, '$2');
}

function runStatement(statement: string): Statement {
  const [command = '', ...rest] = statement.split(/\s+/);
  if (command === 'exit') return { out: '', err: '', exit: Number(rest[0] ?? 0) };
  if (statement === 'kill -9 $$') return { out: '', err: '', exit: 137 };
  const bytes = /^head -c (\d+) \/dev\/zero \| tr "\\0" (\S)$/.exec(statement);
  if (bytes !== null) return { out: (bytes[2] ?? '').repeat(Number(bytes[1])), err: '' };
  if (command === 'true' || command === ':') return { out: '', err: '' };
  if (command === 'false') return { out: '', err: '', exit: 1 };
  if (command !== 'echo') return { out: '', err: `sh: ${command}: not found\n`, exit: 127 };
  const toStderr = rest.at(-1) === '>&2';
  const text = `${unquote((toStderr ? rest.slice(0, -1) : rest).join(' '))}\n`;
  return toStderr ? { out: '', err: text } : { out: text, err: '' };
}

function runScript(script: string): ExecResult {
  let out = '';
  let err = '';
  for (const statement of script.split(/;|&&|\n/).map((part) => part.trim())) {
    if (statement === '') continue;
    const done = runStatement(statement);
    out += done.out;
    err += done.err;
    if (done.exit !== undefined) return exited(out, done.exit, err);
  }
  return exited(out, 0, err);
}

const FIXED: Readonly<Record<string, string>> = {
  id: 'uid=0(root) gid=0(root) groups=0(root)\n',
  whoami: 'root\n',
  date: '',
  true: '',
};

const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', '/bin/sh', '/bin/bash']);

/** `timeout [-k d] [-s SIG] d command…` without its wrapper; the seconds it allows. */
export function unwrapTimeout(argv: readonly string[]): { readonly argv: readonly string[]; readonly seconds: number } {
  if (argv[0] !== 'timeout') return { argv, seconds: Number.POSITIVE_INFINITY };
  let index = 1;
  while (argv[index]?.startsWith('-')) index += ['-k', '-s'].includes(argv[index] ?? '') ? 2 : 1;
  return { argv: argv.slice(index + 1), seconds: Number.parseFloat(argv[index] ?? '0') };
}

async function runSleep(input: ExecInput, allowedSeconds: number): Promise<ExecResult> {
  const wanted = input.argv[1] === 'infinity' ? Number.MAX_SAFE_INTEGER : Number.parseFloat(input.argv[1] ?? '0');
  // setTimeout takes 2^31 ms at most.
  await sleep(Math.min(wanted, allowedSeconds, 2_000_000), input.signal);
  return exited('', wanted > allowedSeconds ? 124 : 0);
}

async function runCat(input: ExecInput): Promise<ExecResult> {
  const [, path] = input.argv;
  if (path === undefined) return exited(await input.readStdin());
  return exited('', 1, `cat: ${path}: No such file or directory\n`);
}

async function runShell(input: ExecInput): Promise<ExecResult> {
  const [, flag, script = ''] = input.argv;
  return runScript(flag === '-c' ? script : await input.readStdin());
}

function notThere(command: string): ExecResult {
  // A file that exists and is no program: the recorded case is /etc/passwd.
  if (!command.startsWith('/etc/')) return commandNotFound(command);
  return { type: 'not-started', why: `unable to start container process: exec: "${command}": permission denied` };
}

function runPlain(command: string, rest: readonly string[]): ExecResult {
  if (command === 'echo') return exited(`${rest.join(' ')}\n`);
  if (command === 'false') return exited('', 1);
  const fixed = FIXED[command];
  return fixed === undefined ? notThere(command) : exited(fixed);
}

/** Runs what every container has. */
export function runCommon(input: ExecInput, allowedSeconds: number): Promise<ExecResult> {
  const [command = '', ...rest] = input.argv;
  if (SHELLS.has(command)) return runShell(input);
  if (command === 'sleep') return runSleep(input, allowedSeconds);
  if (command === 'cat') return runCat(input);
  return Promise.resolve(runPlain(command, rest));
}
