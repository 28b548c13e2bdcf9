import type { Agent as HttpAgent } from 'node:http';
import type { RequestOptions } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Cluster, KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher } from 'undici';
import { loadKubeConfig, type Source } from './kubeconfig.ts';
import { fromLoginFailure } from './network-errors.ts';

/** What one request needs to be let in. Secrets: never log it. */
export type Pass = {
  readonly generation: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
  /** For WebSockets, which do not go through undici. */
  readonly tls: {
    readonly ca?: RequestOptions['ca'];
    readonly cert?: RequestOptions['cert'];
    readonly key?: RequestOptions['key'];
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
    readonly agent?: HttpAgent;
    /** Made once: reading certificates anew costs as much as a handshake. */
    readonly secureContext?: SecureContext;
  };
};

/** One cluster as one user: its address, its credentials, its sockets. */
export type Connection = {
  readonly server: URL;
  readonly proxyUrl?: string;
  /** Credentials may come from a plugin or a file and change. @throws OpsError Unauthenticated */
  readonly pass: () => Promise<Pass>;
  /** Forgets cached credentials after a 401, unless that has been done since `generation`. */
  readonly renew: (generation: number) => void;
  readonly close: () => Promise<void>;
};

type Made = {
  readonly material: string;
  readonly dispatcher: Dispatcher;
  readonly secureContext: SecureContext | undefined;
};

/** @throws OpsError BadConfig */
export function openConnection(source: Source): Connection {
  let kubeConfig = loadKubeConfig(source);
  let generation = 1;
  let made: Made | undefined;
  let pending: Promise<Pass> | undefined;

  function madeFor(options: RequestOptions): Made {
    const material = materialOf(options);
    if (made?.material === material) return made;
    // A rotated certificate: requests under way finish on the old sockets.
    void made?.dispatcher.close().catch(() => undefined);
    made = { material, dispatcher: createDispatcher(kubeConfig, options), secureContext: secureContextOf(options) };
    return made;
  }

  async function makePass(): Promise<Pass> {
    const options: RequestOptions = {};
    const current = generation;
    try {
      await kubeConfig.applyToHTTPSOptions(options);
    } catch (thrown: unknown) {
      throw fromLoginFailure(thrown, kubeConfig.getCurrentUser()?.exec);
    }
    const { dispatcher, secureContext } = madeFor(options);
    const tls = { ...tlsOf(options), ...(secureContext === undefined ? {} : { secureContext }) };
    return { generation: current, headers: headersOf(options), dispatcher, tls };
  }

  const { server, proxyUrl } = serverOf(kubeConfig);
  return {
    server: new URL(server),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
    // One login at a time: client-node would start a credential plugin once per parallel request.
    pass: () => {
      pending ??= makePass().finally(() => {
        pending = undefined;
      });
      return pending;
    },
    renew: (used) => {
      if (used !== generation) return;
      generation += 1;
      kubeConfig = loadKubeConfig(source);
    },
    close: async () => {
      await made?.dispatcher.destroy();
      made = undefined;
    },
  };
}

function serverOf(kubeConfig: KubeConfig): Cluster {
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster === null) throw new Error('a loaded KubeConfig has a cluster');
  return cluster;
}

/**
 * client-node makes a new dispatcher, hence a new TLS connection, for every request; here one is kept for as long as
 * the TLS material is the same. Its factory knows HTTP and SOCKS proxies, so it is worth borrowing.
 */
function createDispatcher(kubeConfig: KubeConfig, options: RequestOptions): Dispatcher {
  // `createDispatcher` is private in the types; there is no public way to the dispatcher of a KubeConfig.
  const factory = kubeConfig as unknown as {
    createDispatcher(cluster: Cluster, options: RequestOptions): Dispatcher | undefined;
  };
  return factory.createDispatcher(serverOf(kubeConfig), options) ?? new Agent();
}

function materialOf(options: RequestOptions): string {
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  return [ca, cert, key, servername, rejectUnauthorized].map((each) => String(each)).join('\n');
}

function headersOf(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': 'cilium-chatops' };
  for (const [name, value] of Object.entries(options.headers ?? {}))
    if (value !== undefined) headers[name.toLowerCase()] = String(value).trim();
  if (typeof options.auth === 'string')
    headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  return headers;
}

/** Nothing for material that cannot be read: the connection attempt says so in words people know. */
function secureContextOf({ ca, cert, key }: RequestOptions): SecureContext | undefined {
  try {
    return createSecureContext({ ca, cert, key });
  } catch {
    return undefined;
  }
}

function tlsOf(options: RequestOptions): Pass['tls'] {
  const { ca, cert, key, servername, rejectUnauthorized, agent } = options;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    ...(typeof agent === 'object' ? { agent } : {}),
  };
}
