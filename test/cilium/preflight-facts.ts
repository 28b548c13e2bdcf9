import type { Datapath } from '../../src/cilium/facts/datapath.ts';
import { parseNetwork } from '../../src/cilium/facts/ipv4-network.ts';
import type { NodeAddresses } from '../../src/cilium/facts/node-addresses.ts';
import type { NodeNetwork, Route } from '../../src/cilium/facts/node-network.ts';
import type { AgentState, Installation, StatusData } from '../../src/cilium/facts/status-data.ts';
import type { PreflightFacts } from '../../src/cilium/preflight/facts.ts';

/** A healthy cluster in tunnel mode with `nodes` nodes on one link, as the recorded one: 172.30.0.0/24, 10.0.0.0/16. */
export type World = {
  readonly facts?: Partial<PreflightFacts>;
  readonly config?: Readonly<Record<string, string>>;
  readonly installation?: Partial<Installation>;
  readonly status?: Partial<StatusData>;
  readonly node?: (node: NodeAddresses, index: number) => NodeAddresses;
  readonly agent?: (agent: AgentState, index: number) => AgentState;
  readonly network?: (network: NodeNetwork, index: number) => NodeNetwork;
};

export function preflightFacts(world: World = {}): PreflightFacts {
  const nodes = [0, 1, 2].map((index) => world.node?.(aNode(index), index) ?? aNode(index));
  const agents = nodes.map((node, index) => {
    const agent = anAgent(node.name);
    return world.agent?.(agent, index) ?? agent;
  });
  const networks = nodes.map((_, index) => world.network?.(aNetwork(index), index) ?? aNetwork(index));
  return {
    status: statusOf(nodes, agents, world),
    config: { ...CONFIG, ...world.config },
    nodes,
    networks,
    silent: [],
    notAsked: 0,
    rollout: { strategy: 'RollingUpdate', maxUnavailable: '2', rollsOnConfigChange: false },
    services: ['10.96.0.0/12'],
    nodeConfigs: [],
    policies: { networkPolicies: 0, ciliumPolicies: 0, clusterwide: 0 },
    workloads: ['cilium', 'cilium-operator'],
    tightBudgets: [],
    self: undefined,
    wanted: {},
    ...world.facts,
  };
}

const CONFIG: Readonly<Record<string, string>> = {
  'routing-mode': 'tunnel',
  'tunnel-protocol': 'vxlan',
  'auto-direct-node-routes': 'false',
  ipam: 'cluster-pool',
  'cluster-pool-ipv4-cidr': '10.0.0.0/16',
  'enable-ipv4-masquerade': 'true',
  'enable-ipv6': 'false',
  'kube-proxy-replacement': 'true',
  'cluster-id': '0',
};

export function aNode(index: number): NodeAddresses {
  return {
    name: `node${index + 1}`,
    ipv4: `172.30.0.${index + 11}`,
    podCidrs: [`10.0.${index + 1}.0/24`],
    podCidrsV6: [],
    providerId: '',
    kubelet: 'v1.36.2',
    overrides: [],
  };
}

export function datapath(more: Partial<Datapath> = {}): Datapath {
  return {
    routing: { mode: 'tunnel', protocol: 'vxlan' },
    kubeProxyReplacement: 'on',
    hostRouting: 'Legacy',
    masquerading: 'iptables',
    bandwidthManager: 'off',
    ipv4BigTcp: 'off',
    ipv6BigTcp: 'off',
    encryption: 'off',
    hubble: 'on',
    deviceMode: 'veth',
    attachMode: 'tcx',
    ...more,
  };
}

export function anAgent(node: string, more: Partial<Datapath> = {}): AgentState {
  return {
    node,
    pod: `cilium-${node}`,
    ready: true,
    restarts: 0,
    image: 'quay.io/cilium/cilium:v1.19.0',
    answer: {
      state: 'answered',
      at: '2026-11-23T00:00:00Z',
      view: {
        version: '1.19.0',
        state: 'Ok',
        datapath: datapath(more),
        devices: ['eth0'],
        directRoutingDevice: 'eth0',
        masqueradedProtocols: ['IPv4'],
        failing: [],
        troubles: [],
      },
    },
  };
}

export function route(dst: string, dev: string, more: Partial<Route> = {}): Route {
  const network = dst === 'default' ? { base: 0, bits: 0 } : parseNetwork(dst);
  if (network === undefined) throw new Error(`no network: ${dst}`);
  return { network, dev, metric: 0, table: 'main', ...more };
}

/** In tunnel mode: the default route, the link, and everybody's pods over cilium_host. */
export function aNetwork(index: number): NodeNetwork {
  const pods = [0, 1, 2].map((peer) =>
    route(`10.0.${peer + 1}.0/24`, 'cilium_host', {
      gateway: `10.0.${index + 1}.25`,
      ...(peer === index ? {} : { mtu: 1_450 }),
    }),
  );
  return {
    node: `node${index + 1}`,
    routes: [
      route('default', 'eth0', { gateway: '172.30.0.1' }),
      route('172.30.0.0/24', 'eth0'),
      ...pods,
      route(`172.30.0.${index + 11}`, 'eth0', { table: 'local' }),
    ],
    devices: [
      { name: 'eth0', mtu: 1_500 },
      { name: 'cilium_host', mtu: 1_500 },
      { name: 'cilium_vxlan', mtu: 1_500 },
    ],
    oddRules: [],
    asked: new Map(),
  };
}

/** In native mode with direct routes. */
export function aNativeNetwork(index: number): NodeNetwork {
  const network = aNetwork(index);
  return {
    ...network,
    devices: network.devices.filter(({ name }) => name !== 'cilium_vxlan'),
    routes: network.routes.map((each) =>
      each.dev === 'cilium_host' && each.mtu !== undefined
        ? { network: each.network, dev: 'eth0', metric: 0, table: 'main', gateway: `172.30.0.${10 + podOwner(each)}` }
        : each,
    ),
  };
}

function podOwner({ network }: Route): number {
  return Math.floor(network.base / 256) % 256;
}

function statusOf(nodes: readonly NodeAddresses[], agents: readonly AgentState[], world: World): StatusData {
  return {
    schemaVersion: 1,
    cluster: 'prod',
    asOf: '2026-11-23T00:00:00Z',
    kubernetes: 'v1.36.2',
    cilium: 'installed',
    missing: [],
    nodes: nodes.map(({ name }) => ({ name, ready: 'yes', kernel: '6.18.44', kubelet: 'v1.36.2' })),
    chosen: [],
    agents,
    features: [],
    health: [],
    unmanaged: { total: 0, pods: [], groups: [], undecided: 0, notLookedAt: 0, running: 20 },
    installation: {
      namespace: 'kube-system',
      daemonSet: 'cilium',
      version: '1.19.0',
      desired: agents.length,
      ready: agents.length,
      updated: agents.length,
      observed: true,
      owner: { type: 'helm', name: 'kube-system/cilium' },
      release: { name: 'cilium', namespace: 'kube-system', revision: 27, status: 'deployed', chart: 'cilium 1.19.0' },
      operator: { name: 'cilium-operator', desired: 2, ready: 2 },
      settings: {},
      ...world.installation,
    },
    ...world.status,
  };
}
