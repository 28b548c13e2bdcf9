/** The HTTPS side: faults first, then the router; every request ends up in the log. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import { sleep } from './agent/shell.ts';
import { ApiError } from './api-error.ts';
import type { Certificate } from './certificate.ts';
import type { Cluster } from './cluster-state.ts';
import { createExecServer } from './exec.ts';
import { answerOf, writeAnswer } from './http-answer.ts';
import { parseRequest } from './request-info.ts';
import type { RequestLog } from './request-log.ts';
import { answerRequest } from './router.ts';
import { labelsOf } from './store-entry.ts';

const SLOW_SECONDS = 2;

export type ApiServer = { readonly server: Server; readonly close: () => void };

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The newest revision counts: older ones may have been left pending for good. */
function isReleasePending(cluster: Cluster): boolean {
  const secrets = cluster.table.find('', 'v1', 'secrets');
  if (secrets === undefined) return false;
  const releases = [...cluster.store.scan(secrets, '')].map(labelsOf).filter((labels) => labels['owner'] === 'helm');
  const newest = releases.sort((a, b) => Number(a['version']) - Number(b['version'])).at(-1);
  return newest?.['status']?.startsWith('pending') ?? false;
}

/** A helm that was killed writes nothing more: its release stays pending. */
function isHelmDead(cluster: Cluster, { method = 'GET', headers, url = '' }: IncomingMessage): boolean {
  const fault = cluster.faults.value('helm');
  if (fault === 'off' || method === 'GET' || !/^helm\//i.test(headers['user-agent'] ?? '')) return false;
  if (fault === 'dies-half-way' && method === 'PATCH' && url.includes('/configmaps/')) return false;
  return isReleasePending(cluster);
}

/** What is broken for every request alike. Returns false when the connection is gone. @throws ApiError */
async function applyFaults(cluster: Cluster, request: IncomingMessage): Promise<boolean> {
  const fault = cluster.faults.value('api');
  if (fault === 'unreachable' || fault.startsWith('gone') || isHelmDead(cluster, request)) {
    // A reset, as from a load balancer without backends, rather than an orderly end.
    request.socket.destroy();
    return false;
  }
  if (fault === 'slow') {
    const gone = new AbortController();
    request.socket.once('close', () => gone.abort());
    await sleep(SLOW_SECONDS, gone.signal);
  }
  if (fault === 'errors')
    throw new ApiError(500, 'InternalError', 'Internal error occurred: etcdserver: request timed out');
  if (fault === 'overloaded') {
    const message = 'too many requests, please try again later';
    throw new ApiError(429, 'TooManyRequests', message, { details: { retryAfterSeconds: 1 } });
  }
  return true;
}

async function answer(cluster: Cluster, request: IncomingMessage, response: ServerResponse): Promise<string> {
  let username = '';
  try {
    if (!(await applyFaults(cluster, request))) return username;
    const user = cluster.authentication.userOf(request.headers);
    username = user.username;
    writeAnswer(response, await answerRequest(cluster, { request, response, user, readBody: () => readBody(request) }));
  } catch (thrown: unknown) {
    if (response.headersSent) response.destroy();
    else writeAnswer(response, answerOf(thrown));
  }
  return username;
}

type LogInput = { readonly request: IncomingMessage; readonly startedMs: number; readonly user: string };

function logged(log: RequestLog, input: LogInput, status: number, bytes: number): void {
  const { request, startedMs, user } = input;
  const path = request.url ?? '/';
  const { verb } = parseRequest(request.method ?? 'GET', path);
  const durationMs = Date.now() - startedMs;
  log.add({ at: new Date(startedMs).toISOString(), verb, path, user, status, bytes, durationMs });
}

export function createApiServer(cluster: Cluster, certificate: Certificate, log: RequestLog): ApiServer {
  const exec = createExecServer(cluster);

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const startedMs = Date.now();
    const bytesBefore = request.socket.bytesWritten;
    const { socket } = request;
    let user = '';
    response.on('close', () => {
      logged(log, { request, startedMs, user }, response.statusCode, socket.bytesWritten - bytesBefore);
    });
    user = await answer(cluster, request, response);
  };

  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const startedMs = Date.now();
    socket.on('error', () => socket.destroy());
    try {
      if (!(await applyFaults(cluster, request))) return;
      const { status, user } = exec.upgrade(request, socket, head);
      logged(log, { request, startedMs, user }, status, 0);
    } catch (thrown: unknown) {
      logged(log, { request, startedMs, user: '' }, exec.refuse(socket, thrown), 0);
    }
  };

  // A kubelet that does not answer keeps the handshake waiting: no timeout of ours may end it.
  const options = { ...certificate, requestTimeout: 0, keepAliveTimeout: 60_000 };
  const server = createServer(options, (request, response) => void serve(request, response));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => void upgrade(request, socket, head));
  return { server, close: exec.close };
}
