import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type Dispatcher, request } from 'undici';
import type { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { OpsError } from '../core/errors.ts';
import { type Meter, NO_METER, stopwatch } from '../core/meter.ts';
import type { Log } from '../core/ports/ports.ts';
import { toClusterError } from './api-errors.ts';
import { ApiFailure } from './api-status.ts';
import type { Asked } from './asked.ts';
import type { Connection, Pass } from './connection.ts';
import { DeadlineExceeded, withDeadline } from './deadline.ts';
import { isTransient } from './network-errors.ts';

export type Limits = {
  /** Login, connecting, and the first byte of the answer. */
  readonly headersMs: number;
  /** The rest of the answer. */
  readonly bodyMs: number;
  readonly maxBodyBytes: number;
  /** Tries of a call in all. */
  readonly attempts: number;
  /** First pause between tries; doubles, with jitter. */
  readonly pauseMs: number;
  /** A server that asks to wait longer is reported, not waited for. */
  readonly maxPauseMs: number;
};

export const LIMITS: Limits = {
  headersMs: 8_000,
  bodyMs: 20_000,
  maxBodyBytes: 64 * 1024 * 1024,
  attempts: 3,
  pauseMs: 200,
  maxPauseMs: 5_000,
};

export type ApiCall = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: readonly (readonly [string, string])[];
  readonly accept?: string;
  readonly body?: unknown;
  /** Of the body; JSON unless given. */
  readonly contentType?: string;
  readonly asked: Asked;
  /**
   * Set for POSTs that change nothing (access reviews). GETs are always safe to repeat; other calls only when the
   * server answered that it did nothing (401, 429).
   */
  readonly safe?: boolean;
};

/** One answered call; only success comes back. @throws OpsError, or the reason of the signal when that aborted */
export type Api = {
  readonly text: (call: ApiCall, signal: AbortSignal) => Promise<string>;
  /** @throws OpsError UnexpectedAnswer for a body that is not JSON of the shape */
  readonly json: <T>(call: ApiCall, shape: z.ZodType<T>, signal: AbortSignal) => Promise<T>;
};

export type ApiDeps = {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly meter?: Meter;
};

export function createApi(deps: ApiDeps): Api {
  const text = (call: ApiCall, signal: AbortSignal): Promise<string> => withRetries(deps, call, signal);
  return {
    text,
    json: async (call, shape, signal) =>
      parsed(await text({ accept: 'application/json', ...call }, signal), shape, call.asked),
  };
}

function parsed<T>(text: string, shape: z.ZodType<T>, asked: Asked): T {
  try {
    return shape.parse(JSON.parse(text));
  } catch (thrown: unknown) {
    throw unexpected(thrown, asked);
  }
}

function unexpected(cause: unknown, { server, what }: Asked): OpsError {
  return new OpsError(
    'UnexpectedAnswer',
    `${server} answered about ${what}, but not as a Kubernetes API server would`,
    {
      nextStep: `check that ${server} is a Kubernetes API server and not a proxy's page`,
      cause,
    },
  );
}

async function withRetries(deps: ApiDeps, call: ApiCall, signal: AbortSignal): Promise<string> {
  const { clock, log, limits } = deps;
  const safe = call.method === 'GET' || call.safe === true;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await measured(deps, call, signal);
    } catch (thrown: unknown) {
      signal.throwIfAborted();
      const again = attempt < limits.attempts && (safe || wasRefusedUnread(thrown));
      const pauseMs = again ? pauseAfter(thrown, attempt, limits) : undefined;
      if (pauseMs === undefined) throw toClusterError(thrown, call.asked);
      log.debug(
        { cluster: call.asked.cluster, path: call.path, attempt, pauseMs, err: thrown },
        'cluster call retried',
      );
      await clock.sleep(pauseMs, signal);
    }
  }
}

/** Turned away before it was looked at. A 429 with causes is an answer about the object: a disruption budget. */
function wasRefusedUnread(thrown: unknown): boolean {
  if (!(thrown instanceof ApiFailure)) return false;
  if (thrown.httpStatus === 401) return true;
  return thrown.httpStatus === 429 && (thrown.status?.details.causes ?? []).length === 0;
}

/** How long to wait before the next try, or nothing when another one makes no sense. */
function pauseAfter(thrown: unknown, attempt: number, limits: Limits): number | undefined {
  const jittered = limits.pauseMs * 2 ** (attempt - 1) * (0.5 + Math.random());
  if (thrown instanceof ApiFailure)
    return pauseAfterAnswer(thrown, attempt, Math.max(thrown.retryAfterMs ?? 0, jittered), limits);
  // After a hang one fresh connection is tried, at once: the old one may have been half open.
  if (thrown instanceof DeadlineExceeded) return attempt === 1 ? 0 : undefined;
  return isTransient(thrown) ? jittered : undefined;
}

function pauseAfterAnswer(
  { httpStatus }: ApiFailure,
  attempt: number,
  pauseMs: number,
  limits: Limits,
): number | undefined {
  // The credentials were renewed meanwhile; refused again, they are wrong.
  if (httpStatus === 401) return attempt === 1 ? 0 : undefined;
  if (httpStatus !== 429 && httpStatus < 500) return;
  return pauseMs > limits.maxPauseMs ? undefined : pauseMs;
}

/** Each try is a request of its own to the server. One that we gave up, or that never got there, has no code. */
async function measured(deps: ApiDeps, call: ApiCall, signal: AbortSignal): Promise<string> {
  const { cluster, verb, plural } = call.asked;
  const seconds = stopwatch();
  const note = (code: string): void => {
    const resource = plural === '' ? 'none' : plural;
    const meter = deps.meter ?? NO_METER;
    meter.count('kubernetes_api_requests_total', { cluster, verb, resource, code });
    meter.observe('kubernetes_api_request_duration_seconds', { verb, resource }, seconds());
  };
  try {
    const { text, status } = await once(deps, call, signal);
    note(String(status));
    return text;
  } catch (thrown: unknown) {
    note(thrown instanceof ApiFailure ? String(thrown.httpStatus) : 'error');
    throw thrown;
  }
}

type Answer = Dispatcher.ResponseData;

async function once(
  deps: ApiDeps,
  call: ApiCall,
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly status: number }> {
  const { connection, limits } = deps;
  const pass = await withDeadline(limits.headersMs, signal, () => connection.pass());
  const response = await withDeadline(limits.headersMs, signal, (within) => send(deps, call, pass, within));
  const text = await withDeadline(limits.bodyMs, signal, (within) => read(response, call.asked, limits, within));
  if (response.statusCode >= 200 && response.statusCode < 300) return { text, status: response.statusCode };
  if (response.statusCode === 401) connection.renew(pass.generation);
  throw new ApiFailure(response.statusCode, text, response.headers);
}

function send({ connection, limits }: ApiDeps, call: ApiCall, pass: Pass, signal: AbortSignal): Promise<Answer> {
  const url = new URL(connection.server);
  url.pathname = `${url.pathname.replace(/\/$/, '')}${call.path}`;
  for (const [name, value] of call.query ?? []) url.searchParams.append(name, value);
  const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) };
  return request(url, {
    method: call.method,
    dispatcher: pass.dispatcher,
    headers: {
      ...pass.headers,
      accept: call.accept ?? '*/*',
      'accept-encoding': 'gzip',
      ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
    },
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.bodyMs,
    signal,
    ...body,
  });
}

async function read(response: Answer, asked: Asked, limits: Limits, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const collect = async (parts: AsyncIterable<Buffer>): Promise<void> => {
    for await (const part of parts) {
      bytes += part.length;
      if (bytes > limits.maxBodyBytes) throw tooLarge(asked, limits);
      chunks.push(part);
    }
  };
  try {
    if (response.headers['content-encoding'] === 'gzip')
      await pipeline(response.body, createGunzip(), collect, { signal });
    else await pipeline(response.body, collect, { signal });
  } catch (thrown: unknown) {
    // Stopping early makes the streams before it complain, and one of them may be heard first.
    throw bytes > limits.maxBodyBytes ? tooLarge(asked, limits) : thrown;
  }
  return Buffer.concat(chunks, bytes).toString('utf8');
}

function tooLarge({ what }: Asked, { maxBodyBytes }: Limits): OpsError {
  return new OpsError('OutputTooLarge', `the answer about ${what} is larger than ${maxBodyBytes} bytes`, {
    nextStep: 'ask for less: a namespace, a label, or smaller pages',
  });
}
