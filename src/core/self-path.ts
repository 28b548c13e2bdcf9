import { isIP } from 'node:net';

/**
 * How the worker itself reaches the state store, while pods of different nodes cannot reach each other. `outside` is a
 * terminal or a machine beside the cluster; `host` a pod on the host network; `pod` a pod like any other.
 */
export type SelfPath = {
  readonly network: 'outside' | 'host' | 'pod';
  /** in-cluster: a pod or a Service of this cluster. named: outside, by a name that the cluster's DNS resolves. */
  readonly store: 'none' | 'outside' | 'named' | 'in-cluster';
  /** The store as people know it, without credentials: `redis.chatops.svc:6379`. */
  readonly storeHost?: string;
};

/** From what a worker knows at its start. `podIp` and `hostIp` come from the downward API; equal means host network. */
export function selfPathOf(known: {
  readonly inCluster: boolean;
  readonly podIp?: string | undefined;
  readonly hostIp?: string | undefined;
  readonly stateUrl?: string | undefined;
}): SelfPath {
  const store = storeOf(known.stateUrl);
  if (!known.inCluster) return { network: 'outside', ...store };
  const isHost = known.podIp !== undefined && known.podIp === known.hostIp;
  return { network: isHost ? 'host' : 'pod', ...store };
}

function storeOf(stateUrl: string | undefined): Pick<SelfPath, 'store' | 'storeHost'> {
  if (stateUrl === undefined || !URL.canParse(stateUrl)) return { store: 'none' };
  const { hostname, host } = new URL(stateUrl);
  if (hostname === '' || hostname === 'localhost' || /^127\./.test(hostname)) return { store: 'none' };
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return { store: 'outside', storeHost: host };
  // One label is a Service of the same namespace; `.svc` and `.cluster.local` are Services anywhere in the cluster.
  const isService = !hostname.includes('.') || /\.svc(\.|$)|\.cluster\.local\.?$/.test(hostname);
  return { store: isService ? 'in-cluster' : 'named', storeHost: host };
}
