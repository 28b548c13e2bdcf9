/** The channel framing of `v4.channel.k8s.io` and `v5.channel.k8s.io`, and the Status that ends an exec. */
import { randomBytes } from 'node:crypto';
import type { ExecResult } from './agent/shell.ts';

export const STDIN = 0;
export const STDOUT = 1;
export const STDERR = 2;
const STATUS = 3;
/** v5 only: the byte after it names the channel that the client closes. */
export const CLOSE = 255;

export const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

/** Frames of real servers are at most this long (recorded with 300 kB of output). */
const MAX_PAYLOAD_BYTES = 32_768;

export function frame(channel: number, payload: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from([channel]), Buffer.from(payload)]);
}

export function* framesOf(channel: number, text: string): Iterable<Buffer> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += MAX_PAYLOAD_BYTES) {
    yield frame(channel, bytes.subarray(start, start + MAX_PAYLOAD_BYTES));
  }
}

function exitCodeMessage(protocol: string, argv: readonly string[], code: number): string {
  const prefix = 'command terminated with non-zero exit code: ';
  // The two protocol versions take different paths through the kubelet: recorded.
  if (protocol === 'v4.channel.k8s.io')
    return `${prefix}error executing command [${argv.join(' ')}], exit code ${code}`;
  return `${prefix}command terminated with exit code ${code}`;
}

export function statusFrame(result: ExecResult, argv: readonly string[], protocol: string): Buffer {
  return frame(STATUS, JSON.stringify(statusOf(result, argv, protocol)));
}

function statusOf(result: ExecResult, argv: readonly string[], protocol: string): Readonly<Record<string, unknown>> {
  if (result.type === 'not-started') {
    const id = randomBytes(32).toString('hex');
    const runtime = `failed to exec in container: failed to start exec "${id}": OCI runtime exec failed: exec failed`;
    const cause = `Internal error occurred: error executing command in container: ${runtime}: ${result.why}`;
    return {
      metadata: {},
      status: 'Failure',
      message: `Internal error occurred: ${cause}`,
      reason: 'InternalError',
      details: { causes: [{ message: cause }] },
      code: 500,
    };
  }
  if (result.code === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: exitCodeMessage(protocol, argv, result.code),
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(result.code) }] },
  };
}
