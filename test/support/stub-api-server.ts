import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { openCluster } from '../../src/cluster/connect.ts';
import type { Limits } from '../../src/cluster/http.ts';
import type { Clock } from '../../src/core/clock.ts';
import { ClusterName } from '../../src/core/ids.ts';
import type { ClusterWritePort } from '../../src/core/ports/change-ports.ts';
import type { ClusterPort } from '../../src/core/ports/ports.ts';
import { silentLog } from './rehearsal-cluster.ts';

export type StubHandlers = {
  readonly request?: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
};

export type Stub = {
  readonly port: ClusterPort;
  readonly write: ClusterWritePort;
  /** What was sent with the requests that `seen` lists, once a request has been answered. */
  readonly bodies: readonly string[];
  readonly seen: readonly {
    readonly method: string;
    readonly url: URL;
    readonly headers: IncomingMessage['headers'];
  }[];
  /** Pauses the port asked its clock for, in ms. */
  readonly pauses: readonly number[];
  /** Sockets open now on the server's side. */
  readonly sockets: () => number;
  readonly kubeconfigPath: string;
  readonly close: () => Promise<void>;
};

/**
 * A real HTTP server that answers as badly as a test wants, and the port opened on it. Its clock does not wait.
 * `user` is the user entry of the kubeconfig.
 */
export async function openStub(
  handlers: StubHandlers,
  options: { readonly limits?: Partial<Limits>; readonly user?: unknown } = {},
): Promise<Stub> {
  const seen: Stub['seen'][number][] = [];
  const sockets = new Set<Duplex>();
  const see = ({ method = '', url = '', headers }: IncomingMessage) =>
    seen.push({ method, url: new URL(url, 'http://stub'), headers });
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const index = see(request) - 1;
    request.on('data', (part: Buffer) => {
      bodies[index] = (bodies[index] ?? '') + part.toString('utf8');
    });
    handlers.request?.(request, response);
  });
  server.on('upgrade', (request, socket, head) => {
    see(request);
    handlers.upgrade?.(request, socket, head);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const folder = mkdtempSync(join(tmpdir(), 'stub-api-'));
  const kubeconfigPath = join(folder, 'kubeconfig');
  writeFileSync(
    kubeconfigPath,
    JSON.stringify(kubeconfig(`http://127.0.0.1:${port}`, options.user ?? { token: 't0ken' })),
  );
  const pauses: number[] = [];
  const clock: Clock = {
    now: () => new Date(),
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      pauses.push(ms);
    },
  };
  const opened = await openCluster({
    name: ClusterName.parse('prod'),
    kubeconfigPath,
    clock,
    log: silentLog,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  return {
    port: opened.port,
    write: opened.write,
    bodies,
    seen,
    pauses,
    sockets: () => sockets.size,
    kubeconfigPath,
    close: async () => {
      await opened.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}

export function kubeconfig(server: string, user: unknown): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'stub', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'bot', user }],
    contexts: [{ name: 'stub', context: { cluster: 'stub', user: 'bot' } }],
    'current-context': 'stub',
  };
}
