import { OpsError } from '../core/errors.ts';
import type { ExecResult } from '../core/ports/ports.ts';
import { ApiFailure, type ApiStatus, parseStatus } from './api-status.ts';

/** Channels of the protocols v4 and v5.channel.k8s.io: the first byte of every message. */
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;

/** Collects what a remote command says, up to a limit over both streams. */
export type ExecOutput = {
  /** @throws OpsError OutputTooLarge */
  readonly take: (message: Buffer) => void;
  /** The server has said how the command ended. */
  readonly ended: () => boolean;
  /** The result once the server has sent the status, which is its last message. @throws ApiFailure for one that never ran */
  readonly result: () => ExecResult | undefined;
};

export function collectOutput(maxBytes: number, what: string): ExecOutput {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let status: string | undefined;
  let bytes = 0;
  return {
    take: (message) => {
      const channel = message[0];
      const payload = message.subarray(1);
      if (channel === STATUS) {
        status = (status ?? '') + payload.toString('utf8');
        return;
      }
      if (channel !== STDOUT && channel !== STDERR) return;
      bytes += payload.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes, what);
      (channel === STDOUT ? stdout : stderr).push(payload);
    },
    ended: () => status !== undefined,
    result: () =>
      status === undefined
        ? undefined
        : { exitCode: exitCodeOf(status), stdout: textOf(stdout), stderr: textOf(stderr) },
  };
}

export function tooLarge(maxBytes: number, what: string): OpsError {
  return new OpsError('OutputTooLarge', `the command in ${what} printed more than ${maxBytes} bytes`, {
    nextStep: 'run it by hand with `kubectl exec` to see its output',
  });
}

// Joined before decoding: a character may be cut in two by the frames.
function textOf(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8');
}

/** Exit codes come as a cause of reason ExitCode; any other failure means that the command never ran. */
function exitCodeOf(text: string): number {
  const status = parseStatus(text);
  if (status?.status === 'Success') return 0;
  const code = status?.reason === 'NonZeroExitCode' ? codeIn(status) : undefined;
  if (code === undefined) throw new ApiFailure(status?.code ?? 500, text, {});
  return code;
}

function codeIn(status: ApiStatus): number | undefined {
  const cause = status.details.causes.find((each) => each.reason === 'ExitCode');
  const code = Number(cause?.message);
  return cause !== undefined && Number.isInteger(code) ? code : undefined;
}
