/** Starts and stops one rehearsal cluster: an HTTPS API server and a control API, both on 127.0.0.1. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthentication } from './authentication.ts';
import { createCertificate } from './certificate.ts';
import type { Cluster } from './cluster-state.ts';
import { createFaults } from './faults.ts';
import { answerOf, writeAnswer } from './http-answer.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { createAuthorizer } from './rbac.ts';
import { createResourceTable, readDiscovery } from './resources.ts';
import { answerRequest } from './router.ts';
import { loadObjects, seedObjects } from './seed.ts';
import { createStore } from './store.ts';
import { createAccounts } from './users.ts';

export type RehearsalClusterOptions = {
  /** 0 (the default) takes a free port. */
  readonly port?: number;
  /** Where to write the kubeconfig; a temporary folder, removed on close, unless given. */
  readonly kubeconfigPath?: string;
};

export type RehearsalCluster = {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  readonly kubeconfigPath: string;
  /** `http://127.0.0.1:PORT/_control` */
  readonly controlUrl: string;
  readonly close: () => Promise<void>;
};

const HOST = '127.0.0.1';

async function listen(server: Server | TlsServer, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function close(server: Server | TlsServer): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeAllConnections();
  await closed;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function serve(cluster: Cluster, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const user = cluster.authentication.userOf(request.headers);
    const answer = await answerRequest(cluster, { request, response, user, readBody: () => readBody(request) });
    writeAnswer(response, answer);
  } catch (thrown: unknown) {
    if (!response.headersSent) writeAnswer(response, answerOf(thrown));
    else response.destroy();
  }
}

export async function startRehearsalCluster(options: RehearsalClusterOptions = {}): Promise<RehearsalCluster> {
  const table = createResourceTable(readDiscovery());
  const store = createStore();
  loadObjects(store, table, seedObjects(Date.now()));
  const authorizer = createAuthorizer(store, table);
  const accounts = createAccounts();
  let port = 0;
  const cluster: Cluster = {
    table,
    store,
    authorizer,
    authentication: createAuthentication(accounts, authorizer),
    faults: createFaults(),
    now: () => new Date(),
    address: () => `${HOST}:${port}`,
    groupVisible: () => true,
  };

  const certificate = await createCertificate();
  const api = createTlsServer(certificate, (request, response) => void serve(cluster, request, response));
  const control = createServer((_request, response) => response.end('{}'));
  port = await listen(api, options.port ?? 0);
  const controlPort = await listen(control, 0);
  const folder = options.kubeconfigPath === undefined ? await mkdtemp(join(tmpdir(), 'rehearsal-cluster-')) : undefined;
  const kubeconfigPath = options.kubeconfigPath ?? join(folder ?? '', 'kubeconfig');
  const url = `https://${HOST}:${port}`;
  const server = { clusterName: 'rehearsal', server: url, certificate: certificate.cert };
  await writeKubeconfig(kubeconfigPath, { ...server, accounts, currentContext: 'admin' });

  return {
    url,
    kubeconfigPath,
    controlUrl: `http://${HOST}:${controlPort}/_control`,
    close: async () => {
      await Promise.all([close(api), close(control)]);
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
