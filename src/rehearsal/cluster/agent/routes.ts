/** What `ip -j route` and its relatives print inside an agent container: the proof of the routing mode. */
import { type Agent, isNative, type NodeFacts } from './agents.ts';

export type Route = Readonly<Record<string, unknown>>;

/** 1500 on the wire less 50 bytes of VXLAN. */
const TUNNEL_ROUTE_MTU = 1_450;

/** The node network is one L2 of 172.30/16 (written as a /24 while that is enough); 172.31 is behind a router. */
export function sameLink(a: string, b: string): boolean {
  return a.split('.').slice(0, 2).join('.') === b.split('.').slice(0, 2).join('.');
}

function linkNetwork(agent: Agent, nodes: number): string {
  const [a = '', b = '', c = ''] = agent.nodeIp.split('.');
  return nodes > 200 ? `${a}.${b}.0.0/16` : `${a}.${b}.${c}.0/24`;
}

function viaHost(agent: Agent, dst: string, remote: boolean): Route {
  const route = {
    dst,
    gateway: agent.routerIp,
    dev: 'cilium_host',
    protocol: 'kernel',
    prefsrc: agent.routerIp,
    flags: [],
  };
  return remote ? { ...route, metrics: [{ mtu: TUNNEL_ROUTE_MTU }] } : route;
}

/** The route to another node's pods; none in native mode where nobody made one. */
function remoteRoute(agent: Agent, node: NodeFacts, cidr: string): Route | undefined {
  if (!isNative(agent)) return viaHost(agent, cidr, true);
  // The kernel refuses a gateway that is not on the link: a node in another L2 gets no route.
  const reachable = sameLink(agent.nodeIp, node.nodeIp);
  if (!agent.directRoutes || !reachable) return undefined;
  return { dst: cidr, gateway: node.nodeIp, dev: 'eth0', protocol: 'kernel', flags: [] };
}

function routesToPods(agent: Agent, nodes: readonly NodeFacts[]): Route[] {
  return nodes.flatMap((node) =>
    node.podCidrs.flatMap((cidr) => {
      if (node.name === agent.name) {
        const own = { dst: agent.routerIp, dev: 'cilium_host', protocol: 'kernel', scope: 'link', flags: [] };
        return [viaHost(agent, cidr, false), own];
      }
      const route = remoteRoute(agent, node, cidr);
      return route === undefined ? [] : [route];
    }),
  );
}

function sortKey(route: Route): string {
  const [address = '', length = '32'] = String(route['dst']).split('/');
  return [...address.split('.'), length].map((part) => part.padStart(3, '0')).join('.');
}

export function mainTable(agent: Agent, nodes: readonly NodeFacts[]): Route[] {
  const gateway = agent.nodeIp.replace(/\d+$/, '1');
  const link = linkNetwork(agent, nodes.length);
  const rest = [
    ...routesToPods(agent, nodes),
    { dst: link, dev: 'eth0', protocol: 'kernel', scope: 'link', prefsrc: agent.nodeIp, flags: [] },
  ].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  return [{ dst: 'default', gateway, dev: 'eth0', flags: [] }, ...rest];
}

export function localTable(agent: Agent): Route[] {
  const local = (dst: string, dev: string): Route => {
    const prefsrc = dst.split('/')[0];
    return { type: 'local', dst, dev, table: 'local', protocol: 'kernel', scope: 'host', prefsrc, flags: [] };
  };
  return [
    local(agent.routerIp, 'cilium_host'),
    { ...local('127.0.0.0/8', 'lo'), prefsrc: '127.0.0.1' },
    local('127.0.0.1', 'lo'),
    local(agent.nodeIp, 'eth0'),
  ];
}

export function contains(cidr: string, ip: string): boolean {
  const [network = '', length = '32'] = cidr.split('/');
  const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(length));
  return Math.floor(toNumber(network) / size) === Math.floor(toNumber(ip) / size);
}

/** `ip -j route get <ip>`: the most specific route that covers it. */
export function routeGet(agent: Agent, nodes: readonly NodeFacts[], ip: string): Route {
  const candidates = mainTable(agent, nodes).filter(
    (route) => route['dst'] !== 'default' && contains(String(route['dst']), ip),
  );
  const length = (route: Route): number => Number(String(route['dst']).split('/')[1] ?? 32);
  const [best] = candidates.sort((a, b) => length(b) - length(a));
  const chosen = best ?? mainTable(agent, nodes)[0] ?? {};
  const { gateway, dev, prefsrc = agent.nodeIp, metrics } = chosen;
  return {
    dst: ip,
    ...(gateway === undefined ? {} : { gateway }),
    dev,
    prefsrc,
    flags: [],
    uid: 0,
    cache: [],
    ...(metrics === undefined ? {} : { metrics }),
  };
}

/** The same as text, as `ip route` without -j prints it. */
export function routeText(route: Route): string {
  const { dst, gateway, dev, protocol, scope, prefsrc, metrics, table, type } = route;
  const mtu = (metrics as readonly { mtu?: number }[] | undefined)?.[0]?.mtu;
  const parts = [
    type === undefined ? dst : `${type} ${dst}`,
    gateway && `via ${gateway}`,
    `dev ${dev}`,
    table && `table ${table}`,
    protocol && `proto ${protocol}`,
    scope && `scope ${scope}`,
    prefsrc && `src ${prefsrc}`,
    mtu !== undefined && `mtu ${mtu}`,
  ];
  return `${parts.filter(Boolean).join(' ')} `;
}
