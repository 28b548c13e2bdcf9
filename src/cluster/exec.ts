import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { OpsError } from '../core/errors.ts';
import { type Meter, NO_METER, stopwatch } from '../core/meter.ts';
import type { ExecRequest, ExecResult } from '../core/ports/ports.ts';
import { PODS } from '../core/resources.ts';
import { toClusterError } from './api-errors.ts';
import { ApiFailure } from './api-status.ts';
import { type Asked, askedFor, type From } from './asked.ts';
import type { Connection, Pass } from './connection.ts';
import { withDeadline } from './deadline.ts';
import { collectOutput, tooLarge } from './exec-output.ts';
import { pathOf } from './resource-path.ts';

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const FRAME_ALLOWANCE_BYTES = 64 * 1024;
/** From the status, which is the last message, to the close of the socket. */
const LINGER_MS = 500;
const MAX_REFUSAL_BYTES = 64 * 1024;
/** What `timeout` says with when it stopped the command, could not execute it, or could not find it. */
const EXIT_TIMED_OUT = 124;
const EXIT_CANNOT = [126, 127];

type ExecDeps = { readonly connection: Connection; readonly from: From; readonly meter?: Meter };

/**
 * Runs one command in a container. Our own WebSocket rather than client-node's Exec, which has no deadline for the
 * handshake, hides the body of a refusal, has no output limit, and tells nobody when the connection drops.
 *
 * Closing the socket does not stop the remote process, so the command is wrapped here in `timeout -k 5 <seconds>`;
 * where the image has no `timeout` it runs bare. Never repeated once it may have started.
 * @throws OpsError, or the reason of the signal when that aborted
 */
export async function execute(deps: ExecDeps, request: ExecRequest, signal: AbortSignal): Promise<ExecResult> {
  const seconds = stopwatch();
  const note = (result: 'ran' | 'failed'): void =>
    (deps.meter ?? NO_METER).observe(
      'kubernetes_exec_duration_seconds',
      { cluster: deps.from.cluster, result },
      seconds(),
    );
  try {
    const ran = await run(deps, request, signal);
    note('ran');
    return ran;
  } catch (thrown: unknown) {
    note('failed');
    throw thrown;
  }
}

async function run(deps: ExecDeps, request: ExecRequest, signal: AbortSignal): Promise<ExecResult> {
  const { namespace, pod, command } = request;
  const place = { namespace, name: pod, subresource: 'exec' };
  const asked = { ...askedFor(deps.from, 'create', PODS, place), command: command[0] };
  const seconds = Math.max(1, Math.ceil(request.deadlineMs / 1_000));
  const wrapped = ['timeout', '-k', '5', String(seconds), ...command];
  try {
    return await withDeadline(request.deadlineMs, signal, async (within) => {
      const attempt = (words: readonly string[]) =>
        withFreshPass(deps.connection, (pass) =>
          converse({ asked, pass, server: deps.connection.server, request, words }, within),
        );
      try {
        return ranOrThrow(await attempt(wrapped), asked, seconds);
      } catch (thrown: unknown) {
        if (!lacksTimeout(thrown)) throw thrown;
        return attempt(command);
      }
    });
  } catch (thrown: unknown) {
    signal.throwIfAborted();
    throw toClusterError(thrown, asked);
  }
}

/** A refused login is tried once more with fresh credentials: nothing has run yet. */
async function withFreshPass<T>(connection: Connection, work: (pass: Pass) => Promise<T>): Promise<T> {
  const pass = await connection.pass();
  try {
    return await work(pass);
  } catch (thrown: unknown) {
    if (!(thrown instanceof ApiFailure) || thrown.httpStatus !== 401) throw thrown;
    connection.renew(pass.generation);
    return work(await connection.pass());
  }
}

function lacksTimeout(thrown: unknown): boolean {
  return thrown instanceof ApiFailure && /"timeout": executable file not found/.test(thrown.text.replaceAll('\\', ''));
}

/** Under `timeout`, a command that could not run is an exit code and a line on stderr. */
function ranOrThrow(result: ExecResult, asked: Asked, seconds: number): ExecResult {
  if (result.exitCode === EXIT_TIMED_OUT)
    throw new OpsError('ClusterTimeout', `${asked.command ?? ''} in ${asked.what} did not end within ${seconds} s`, {
      nextStep: 'the process was stopped; look at the load of that node',
    });
  if (!EXIT_CANNOT.includes(result.exitCode) || !result.stderr.startsWith('timeout: ')) return result;
  throw new ApiFailure(
    500,
    /denied/.test(result.stderr) ? `exec failed: permission denied` : `executable file not found`,
    {},
  );
}

type Call = {
  readonly asked: Asked;
  readonly pass: Pass;
  readonly server: URL;
  readonly request: ExecRequest;
  readonly words: readonly string[];
};

async function converse(call: Call, signal: AbortSignal): Promise<ExecResult> {
  const { asked, pass, request } = call;
  // A slow login may have used up the time: nothing may start after that.
  signal.throwIfAborted();
  const socket = new WebSocket(urlOf(call), PROTOCOLS, {
    headers: { ...pass.headers },
    ...pass.tls,
    maxPayload: request.maxOutputBytes + FRAME_ALLOWANCE_BYTES,
    perMessageDeflate: false,
    followRedirects: false,
  });
  const output = collectOutput(request.maxOutputBytes, asked.what);
  return new Promise<ExecResult>((resolve, reject) => {
    const fail = (thrown: unknown): void => {
      reject(thrown instanceof Error ? thrown : new Error('exec was aborted', { cause: thrown }));
      socket.terminate();
    };
    const onAbort = (): void => fail(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    // Stays for the life of the socket: terminate() during the handshake emits one more error.
    socket.on('error', (thrown) => fail(isOversized(thrown) ? tooLarge(request.maxOutputBytes, asked.what) : thrown));
    socket.on('unexpected-response', (_, answer) => void refusalOf(answer).then(fail, fail));
    socket.on('message', (message: Buffer) => {
      attempt(() => output.take(message), fail);
      // A server that ended the command but keeps the socket open is not waited for.
      if (output.ended()) setTimeout(() => socket.terminate(), LINGER_MS).unref();
    });
    socket.on('close', () => {
      signal.removeEventListener('abort', onAbort);
      attempt(() => resolve(endOf(output.result(), asked)), fail);
    });
  });
}

function isOversized(thrown: Error): boolean {
  return 'code' in thrown && thrown.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
}

function attempt(work: () => void, fail: (thrown: unknown) => void): void {
  try {
    work();
  } catch (thrown: unknown) {
    fail(thrown);
  }
}

/** The result, if the server had sent its status before the socket closed. */
function endOf(result: ExecResult | undefined, asked: Asked): ExecResult {
  if (result !== undefined) return result;
  throw new OpsError('ClusterUnreachable', `the connection to ${asked.what} broke before the command ended`, {
    nextStep: 'check the node and its kubelet, then run it again',
  });
}

/** A refused upgrade has an ordinary body that says why. */
async function refusalOf(answer: IncomingMessage): Promise<ApiFailure> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MAX_REFUSAL_BYTES) break;
  }
  return new ApiFailure(answer.statusCode ?? 0, text, answer.headers);
}

function urlOf({ server, request, words }: Call): URL {
  const url = new URL(server);
  url.protocol = server.protocol === 'http:' ? 'ws:' : 'wss:';
  const { namespace, pod, container } = request;
  url.pathname = `${url.pathname.replace(/\/$/, '')}${pathOf(PODS, { namespace, name: pod, subresource: 'exec' })}`;
  for (const word of words) url.searchParams.append('command', word);
  for (const [name, value] of Object.entries({ container, stdout: 'true', stderr: 'true' }))
    url.searchParams.append(name, value);
  return url;
}
