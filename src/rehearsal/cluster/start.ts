/** Starts and stops one rehearsal cluster: an HTTPS API server and a control API, both on 127.0.0.1. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAgents } from './agent/agents.ts';
import { createApiServer } from './api-server.ts';
import { createAuthentication } from './authentication.ts';
import { type Certificate, createCertificate } from './certificate.ts';
import type { Cluster } from './cluster-state.ts';
import { answerControl } from './control.ts';
import { createControllers } from './controllers/controllers.ts';
import { createPace } from './controllers/pace.ts';
import { createTroubles } from './controllers/troubles.ts';
import { effectOf } from './fault-effects.ts';
import { type EffectWorld, nodeNames } from './fault-moves.ts';
import { createFaults, type Faults } from './faults.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { unreadyNodes } from './node-state.ts';
import { createAuthorizer } from './rbac.ts';
import { createRequestLog } from './request-log.ts';
import { createResourceTable, type ResourceTable, type ResourceType, readDiscovery } from './resources.ts';
import { loadScale } from './scale.ts';
import { loadObjects, seedObjects } from './seed.ts';
import { createStore } from './store.ts';
import { OFF } from './switches.ts';
import { loadUnmanaged } from './unmanaged.ts';
import { type Account, createAccounts } from './users.ts';

export type RehearsalClusterOptions = {
  /** 0 (the default) takes a free port. */
  readonly port?: number;
  /** Where to write the kubeconfig; a temporary folder, removed on close, unless given. */
  readonly kubeconfigPath?: string;
  /** The cluster's name in the kubeconfig. */
  readonly name?: string;
  /** The kubeconfig's current context: `admin` unless given. */
  readonly context?: string;
  /** More nodes and pods than the three nodes and 18 pods that were recorded. */
  readonly nodes?: number;
  readonly pods?: number;
  /** How many times faster than a real cluster pods start and roll; 1 unless given. */
  readonly speed?: number;
  /** So many more pods without a CiliumEndpoint, in workloads with disruption budgets. */
  readonly unmanaged?: number;
  /** How long a pod takes to stop, in ms before `speed`; 400 unless given. */
  readonly stopMs?: number;
};

export type RehearsalCluster = {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  readonly kubeconfigPath: string;
  /** `http://127.0.0.1:PORT/_control` */
  readonly controlUrl: string;
  /** Contexts of the kubeconfig and the tokens they carry, for tests that speak HTTP themselves. */
  readonly accounts: readonly Account[];
  /** PEM of the authority that signed the server's certificate. */
  readonly certificateAuthority: string;
  readonly close: () => Promise<void>;
};

const HOST = '127.0.0.1';

type Listener = Pick<Server, 'listen' | 'address' | 'once' | 'close' | 'closeAllConnections'>;

async function listen(server: Listener, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function close(server: Listener): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeAllConnections();
  await closed;
}

type World = { readonly cluster: Cluster; readonly reset: () => void };

function requiredType(table: ResourceTable): (apiVersion: string, kind: string) => ResourceType {
  return (apiVersion, kind) => {
    const found = table.byKind(apiVersion, kind);
    if (found === undefined) throw new Error(`no resource serves ${apiVersion} ${kind}`);
    return found;
  };
}

type WorldInput = {
  readonly options: RehearsalClusterOptions;
  readonly accounts: readonly Account[];
  readonly certificate: Certificate;
  readonly address: () => string;
};

function createWorld({ options, accounts, certificate, address }: WorldInput): World {
  const table = createResourceTable(readDiscovery());
  const store = createStore();
  const fill = (): void => {
    loadObjects(store, table, seedObjects(Date.now(), certificate));
    loadScale(store, table, { nodes: options.nodes ?? 0, pods: options.pods ?? 0 });
    loadUnmanaged(store, table, options.unmanaged ?? 0);
  };
  fill();
  const authorizer = createAuthorizer(store, table);
  const agents = createAgents(store, table, Date.now, options.speed);
  let installed = true;
  const now = (): Date => new Date();
  const setCiliumInstalled = (value: boolean): void => {
    installed = value;
  };
  const lastNode = (): string => nodeNames(store, table).at(-1) ?? '';
  const effects: EffectWorld = {
    store,
    table,
    agents,
    now,
    setCiliumInstalled,
    mend: (id) => faults.set(id, OFF),
  };
  const faults: Faults = createFaults({ effectOf: (id, value) => effectOf(effects, id, value), lastNode });
  const type = requiredType(table);
  const pace = createPace(options.speed ?? 1, options.stopMs);
  const troubles = createTroubles(faults, lastNode);
  const world = { store, type, agents, pace, now, troubles };
  const controllers = createControllers(world);
  const cluster: Cluster = {
    table,
    store,
    authorizer,
    authentication: createAuthentication(accounts, authorizer),
    faults,
    controllers,
    world,
    agents: { agents, nowMs: Date.now, deadNodes: () => unreadyNodes(store, table) },
    now,
    address,
    groupVisible: (group) => {
      if (group === 'helm.cattle.io') return faults.value('owner') === 'helm-chart';
      return installed || group !== 'cilium.io';
    },
  };
  const reset = (): void => {
    faults.reset();
    store.clear();
    fill();
    agents.reset();
    controllers.restart();
  };
  return { cluster, reset };
}

export async function startRehearsalCluster(options: RehearsalClusterOptions = {}): Promise<RehearsalCluster> {
  let port = 0;
  const accounts = createAccounts();
  const certificate = await createCertificate();
  const { cluster, reset } = createWorld({ options, accounts, certificate, address: () => `${HOST}:${port}` });
  const log = createRequestLog();
  const resetAll = (): void => {
    reset();
    log.clear();
  };

  const api = createApiServer(cluster, certificate, log);
  const control = createServer((request, response) => {
    void answerControl({ cluster, log, reset: resetAll }, request, response);
  });
  port = await listen(api.server, options.port ?? 0);
  const controlPort = await listen(control, 0);
  const folder = options.kubeconfigPath === undefined ? await mkdtemp(join(tmpdir(), 'rehearsal-cluster-')) : undefined;
  const kubeconfigPath = options.kubeconfigPath ?? join(folder ?? '', 'kubeconfig');
  const url = `https://${HOST}:${port}`;
  await writeKubeconfig(kubeconfigPath, {
    clusterName: options.name ?? 'rehearsal',
    server: url,
    certificate: certificate.cert,
    accounts,
    currentContext: options.context ?? 'admin',
  });

  return {
    url,
    kubeconfigPath,
    controlUrl: `http://${HOST}:${controlPort}/_control`,
    accounts,
    certificateAuthority: certificate.cert,
    close: async () => {
      cluster.controllers.stop();
      api.close();
      await Promise.all([close(api.server), close(control)]);
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
