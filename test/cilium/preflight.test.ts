import { describe, expect, it } from 'vitest';
import { preflightOf, QUESTIONS } from '../../src/cilium/preflight/preflight.ts';
import { accept, blocks, type Verdict } from '../../src/core/run/check.ts';
import { aNetwork, aNode, anAgent, preflightFacts, route, type World } from './preflight-facts.ts';

type Case = {
  readonly id: string;
  readonly when: string;
  readonly world: World;
  readonly want: Verdict;
  readonly says?: RegExp;
};

function check(id: string, world: World) {
  const found = preflightOf(preflightFacts(world)).checks.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no check ${id}`);
  return found;
}

const config = (settings: Readonly<Record<string, string>>): World => ({ config: settings });
const none: World = {};
const onNode3 = (gateway: string | undefined): World => ({
  node: (node, index) => (index === 2 ? { ...node, ipv4: '172.31.0.14' } : node),
  network: (network, index) => ({
    ...network,
    asked: index === 2 || gateway === undefined ? new Map() : new Map([['172.31.0.14', { dev: 'eth0', gateway }]]),
  }),
});
const native = { routing: { mode: 'native' } } as const;

const CASES: readonly Case[] = [
  // installation
  {
    id: 'current-mode',
    when: 'all agents in the tunnel',
    world: none,
    want: 'pass',
    says: /VXLAN on node1, node2, node3/,
  },
  {
    id: 'current-mode',
    when: 'native configured, one agent not restarted yet',
    world: {
      ...config({ 'routing-mode': 'native' }),
      agent: (agent, at) => (at === 0 ? anAgent(agent.node, native) : agent),
    },
    want: 'warn',
    says: /not rolled out/,
  },
  {
    id: 'current-mode',
    when: 'tunnel configured, one agent native',
    world: { agent: (agent, at) => (at === 0 ? anAgent(agent.node, native) : agent) },
    want: 'fail',
  },
  {
    id: 'current-mode',
    when: 'native everywhere',
    world: { ...config({ 'routing-mode': 'native' }), agent: (agent) => anAgent(agent.node, native) },
    want: 'warn',
    says: /nothing to switch/,
  },
  { id: 'owner', when: 'Helm', world: none, want: 'pass' },
  {
    id: 'owner',
    when: 'Argo CD',
    world: { installation: { owner: { type: 'argo-cd', name: 'infra' } } },
    want: 'fail',
  },
  { id: 'owner', when: 'Flux', world: { installation: { owner: { type: 'flux', name: 'a/b' } } }, want: 'fail' },
  {
    id: 'owner',
    when: 'HelmChart',
    world: { installation: { owner: { type: 'helm-chart', name: 'a/b' } } },
    want: 'fail',
  },
  { id: 'owner', when: 'nobody', world: { installation: { owner: { type: 'none', name: '' } } }, want: 'fail' },
  {
    id: 'owner',
    when: 'nobody knows',
    world: { installation: { owner: { type: 'unknown', name: 'x' } } },
    want: 'unknown',
  },
  { id: 'helm-release', when: 'deployed', world: none, want: 'pass', says: /revision 27/ },
  ...(['pending-upgrade', 'pending-install', 'pending-rollback'] as const).map((status) => ({
    id: 'helm-release',
    when: status,
    world: { installation: { release: { name: 'c', namespace: 'k', revision: 2, status, chart: 'cilium 1' } } },
    want: 'fail' as const,
  })),
  {
    id: 'helm-release',
    when: 'failed',
    world: {
      installation: { release: { name: 'c', namespace: 'k', revision: 2, status: 'failed', chart: 'cilium 1' } },
    },
    want: 'warn',
  },
  {
    id: 'helm-release',
    when: 'Secrets may not be read',
    world: { installation: { release: { name: 'c', namespace: 'k', note: 'unknown: no right to read Secrets' } } },
    want: 'unknown',
    says: /no right/,
  },
  { id: 'version-supported', when: '1.9', world: { installation: { version: '1.9.18' } }, want: 'fail' },
  { id: 'version-supported', when: '1.10.0', world: { installation: { version: '1.10.0' } }, want: 'pass' },
  { id: 'version-supported', when: 'a digest', world: { installation: { version: 'sha256' } }, want: 'unknown' },
  {
    id: 'version-supported',
    when: 'the newest known',
    world: { installation: { version: '1.21.0-pre.0' } },
    want: 'pass',
  },
  { id: 'version-supported', when: 'newer than known', world: { installation: { version: '1.22.0' } }, want: 'warn' },
  {
    id: 'nodes-ready',
    when: 'one kubelet is silent',
    world: { status: { nodes: [{ name: 'node1', ready: 'unknown', kernel: '6.1', kubelet: 'v1' }] } },
    want: 'fail',
    says: /node1/,
  },
  { id: 'agents-ready', when: 'all ready', world: none, want: 'pass', says: /3 of 3/ },
  {
    id: 'agents-ready',
    when: 'one crashes',
    world: { agent: (agent, at) => (at === 1 ? { ...agent, ready: false, trouble: 'CrashLoopBackOff' } : agent) },
    want: 'fail',
    says: /node2 \(CrashLoopBackOff\)/,
  },
  {
    id: 'agents-ready',
    when: 'a node has none',
    world: { installation: { desired: 4 } },
    want: 'fail',
    says: /without an agent/,
  },
  {
    id: 'agents-ready',
    when: 'one is ready and says nothing',
    world: {
      agent: (agent, at) => (at === 1 ? { ...agent, answer: { state: 'failed', why: 'no answer in 5 s' } } : agent),
    },
    want: 'unknown',
  },
  { id: 'rollout-settled', when: 'settled', world: none, want: 'pass' },
  { id: 'rollout-settled', when: 'one to go', world: { installation: { updated: 2 } }, want: 'fail' },
  { id: 'rollout-settled', when: 'a template nobody saw', world: { installation: { observed: false } }, want: 'fail' },
  {
    id: 'one-version',
    when: 'two versions',
    world: { agent: (agent, at) => (at === 0 ? { ...agent, image: 'x/cilium:v1.18.3' } : agent) },
    want: 'fail',
    says: /1\.18\.3 on 1 node/,
  },
  {
    id: 'one-version',
    when: 'one version from two registries',
    world: { agent: (agent, at) => (at === 0 ? { ...agent, image: 'mirror/cilium:v1.19.0@sha256:ab' } : agent) },
    want: 'pass',
  },
  {
    id: 'operator-ready',
    when: 'one of two',
    world: { installation: { operator: { name: 'o', desired: 2, ready: 1 } } },
    want: 'warn',
  },
  {
    id: 'operator-ready',
    when: 'none',
    world: { installation: { operator: { name: 'o', desired: 2, ready: 0 } } },
    want: 'fail',
  },
  { id: 'config-readable', when: 'no right', world: { facts: { config: undefined } }, want: 'unknown' },
  {
    id: 'rollout-strategy',
    when: 'rollOutCiliumPods is on',
    world: { facts: { rollout: { strategy: 'RollingUpdate', maxUnavailable: '2', rollsOnConfigChange: true } } },
    want: 'warn',
  },
  {
    id: 'kernel',
    when: 'too old for 1.19',
    world: { status: { nodes: [{ name: 'node1', ready: 'yes', kernel: '5.4.0', kubelet: 'v1' }] } },
    want: 'warn',
  },
  // addresses
  { id: 'ipam-mode', when: 'cluster-pool', world: none, want: 'pass' },
  { id: 'ipam-mode', when: 'eni', world: config({ ipam: 'eni' }), want: 'fail' },
  { id: 'ipam-mode', when: 'crd', world: config({ ipam: 'crd' }), want: 'warn' },
  {
    id: 'pod-cidrs-known',
    when: 'one node has none',
    world: { node: (node, at) => (at === 2 ? { ...node, podCidrs: [] } : node) },
    want: 'fail',
    says: /node3/,
  },
  { id: 'pod-cidrs-disjoint', when: 'neighbours', world: none, want: 'pass' },
  {
    id: 'pod-cidrs-disjoint',
    when: 'one inside another',
    world: { node: (node, at) => (at === 2 ? { ...node, podCidrs: ['10.0.1.128/25'] } : node) },
    want: 'fail',
    says: /10\.0\.1\.0\/24 of node1 overlaps 10\.0\.1\.128\/25 of node3/,
  },
  {
    id: 'pod-cidrs-disjoint',
    when: 'a node address inside a pod CIDR (10.0.0.0/8 over a 10.x LAN)',
    world: { node: (node, at) => (at === 0 ? { ...node, ipv4: '10.0.2.5' } : node) },
    want: 'fail',
    says: /the address of node node1/,
  },
  {
    id: 'pod-cidrs-disjoint',
    when: 'a link of a node inside a pod CIDR',
    world: { network: (network) => ({ ...network, routes: [...network.routes, route('10.0.3.0/28', 'eth1')] }) },
    want: 'fail',
    says: /eth1/,
  },
  {
    id: 'pod-cidrs-disjoint',
    when: 'a bridge of a former CNI beside the pod CIDRs, as recorded',
    world: { network: (network) => ({ ...network, routes: [...network.routes, route('10.244.1.0/24', 'cni0')] }) },
    want: 'pass',
  },
  { id: 'pod-cidrs-disjoint', when: 'no node told its links', world: { facts: { networks: [] } }, want: 'unknown' },
  { id: 'native-cidr', when: 'the pool', world: none, want: 'pass', says: /^10\.0\.0\.0\/16, from the cluster pool/ },
  {
    id: 'native-cidr',
    when: 'a wrong CIDR that looks fine (seen on a real cluster)',
    world: { facts: { wanted: { cidr: '10.1.0.0/16' } } },
    want: 'fail',
    says: /does not contain 10\.0\.1\.0\/24 of node1/,
  },
  {
    id: 'native-cidr',
    when: 'one that misses the last node',
    world: { facts: { wanted: { cidr: '10.0.0.0/23' } } },
    want: 'fail',
    says: /10\.0\.2\.0\/24 of node2/,
  },
  { id: 'native-cidr', when: 'just wide enough', world: { facts: { wanted: { cidr: '10.0.0.0/22' } } }, want: 'pass' },
  {
    id: 'native-cidr',
    when: 'host bits',
    world: { facts: { wanted: { cidr: '10.0.1.0/16' } } },
    want: 'fail',
    says: /bits behind/,
  },
  { id: 'native-cidr', when: 'IPv6', world: { facts: { wanted: { cidr: 'fd00::/48' } } }, want: 'fail', says: /IPv6/ },
  { id: 'native-cidr', when: 'no length', world: { facts: { wanted: { cidr: '10.0.0.0' } } }, want: 'fail' },
  {
    id: 'native-cidr',
    when: 'a length beyond 32',
    world: { facts: { wanted: { cidr: '10.0.0.0/33' } } },
    want: 'fail',
  },
  {
    id: 'native-cidr',
    when: 'two pools',
    world: config({ 'cluster-pool-ipv4-cidr': '10.0.0.0/17 10.0.128.0/17' }),
    want: 'pass',
    says: /10\.0\.0\.0\/16, from the smallest network over 2 pools/,
  },
  {
    id: 'native-cidr',
    when: 'IPAM kubernetes',
    world: config({ ipam: 'kubernetes' }),
    want: 'pass',
    says: /10\.0\.0\.0\/22/,
  },
  {
    id: 'native-cidr',
    when: 'an IPAM that tells nothing',
    world: config({ ipam: 'delegated-plugin' }),
    want: 'unknown',
  },
  { id: 'native-cidr-scope', when: 'nothing else inside', world: none, want: 'pass' },
  {
    id: 'native-cidr-scope',
    when: 'Services inside',
    world: { facts: { services: ['10.0.240.0/20'] } },
    want: 'warn',
    says: /Service range/,
  },
  {
    id: 'native-cidr-scope',
    when: 'Services just outside',
    world: { facts: { services: ['10.1.0.0/20'] } },
    want: 'pass',
  },
  {
    id: 'native-cidr-scope',
    when: 'the nodes inside (a pool of 10.0.0.0/8 over a 10.x LAN)',
    world: {
      ...config({ 'cluster-pool-ipv4-cidr': '10.0.0.0/8' }),
      node: (node) => ({ ...node, ipv4: `10.9.0.${node.name.at(-1)}` }),
    },
    want: 'warn',
    says: /addresses of node1/,
  },
  { id: 'native-cidr-growth', when: 'the pool', world: none, want: 'pass' },
  { id: 'native-cidr-growth', when: 'made from nodes', world: config({ ipam: 'kubernetes' }), want: 'warn' },
  {
    id: 'native-cidr-growth',
    when: 'stated',
    world: { ...config({ ipam: 'kubernetes' }), facts: { wanted: { cidr: '10.0.0.0/16' } } },
    want: 'pass',
  },
  {
    id: 'native-cidr-growth',
    when: 'K3s with its default',
    world: {
      ...config({ ipam: 'kubernetes' }),
      node: (_, at) => ({ ...aNode(at), kubelet: 'v1.33.1+k3s1', podCidrs: [`10.42.${at}.0/24`] }),
    },
    want: 'pass',
    says: /10\.42\.0\.0\/16/,
  },
  { id: 'ipv6', when: 'on without a CIDR', world: config({ 'enable-ipv6': 'true' }), want: 'fail' },
  {
    id: 'ipv6',
    when: 'on with one, nodes without addresses',
    world: config({ 'enable-ipv6': 'true', 'ipv6-native-routing-cidr': 'fd00::/48' }),
    want: 'fail',
    says: /without an IPv6 address/,
  },
  {
    id: 'ipv6',
    when: 'on with one, dual-stack nodes',
    world: {
      ...config({ 'enable-ipv6': 'true', 'ipv6-native-routing-cidr': 'fd00::/48' }),
      node: (node) => ({ ...node, ipv6: 'fd01::1' }),
    },
    want: 'warn',
  },
  // routes
  { id: 'direct-routes', when: 'one link', world: none, want: 'pass', says: /6 ways/ },
  {
    id: 'direct-routes',
    when: 'a node behind a router (another L2)',
    world: onNode3(undefined),
    want: 'fail',
    says: /node1 to node3 via 172\.30\.0\.1/,
  },
  {
    id: 'direct-routes',
    when: 'the kernel names the node itself as its gateway',
    world: onNode3('172.31.0.14'),
    want: 'pass',
  },
  {
    id: 'direct-routes',
    when: 'no way to a node at all',
    world: {
      network: (network) => ({ ...network, routes: network.routes.filter(({ network: { bits } }) => bits > 24) }),
    },
    want: 'fail',
    says: /has no route/,
  },
  {
    id: 'direct-routes',
    when: 'one node is silent',
    world: { facts: { networks: [aNetwork(0), aNetwork(1)], silent: [{ node: 'node3', why: 'no answer in 5 s' }] } },
    want: 'unknown',
    says: /node3/,
  },
  {
    id: 'direct-routes',
    when: 'policy routing could overrule the tables',
    world: { network: (network) => ({ ...network, oddRules: ['100: from 172.30.0.0/24 lookup 7'] }) },
    want: 'unknown',
  },
  {
    id: 'direct-routes',
    when: 'policy routing, and the kernel was asked about everybody',
    world: {
      network: (network) => ({
        ...network,
        oddRules: ['100: from 172.30.0.0/24 lookup 7'],
        asked: new Map([11, 12, 13].map((last) => [`172.30.0.${last}`, { dev: 'eth0' }])),
      }),
    },
    want: 'pass',
  },
  {
    id: 'direct-routes',
    when: 'a sample of a big cluster',
    world: { facts: { notAsked: 997 } },
    want: 'warn',
    says: /asked 3 of 1,000 nodes/,
  },
  {
    id: 'direct-routes',
    when: 'routes come from outside',
    world: { ...onNode3(undefined), facts: { wanted: { routes: 'external' } } },
    want: 'pass',
  },
  { id: 'external-routes', when: 'not needed', world: none, want: 'pass' },
  {
    id: 'external-routes',
    when: 'wanted, and nobody is known',
    world: { facts: { wanted: { routes: 'external' } } },
    want: 'unknown',
  },
  {
    id: 'external-routes',
    when: 'wanted, BGP is on',
    world: { ...config({ 'enable-bgp-control-plane': 'true' }), facts: { wanted: { routes: 'external' } } },
    want: 'warn',
  },
  {
    id: 'same-device',
    when: 'two devices on a node',
    world: {
      network: (network, at) =>
        at === 0 ? { ...network, asked: new Map([['172.30.0.13', { dev: 'eth1' }]]) } : network,
    },
    want: 'warn',
    says: /node1 \(eth0, eth1\)/,
  },
  {
    id: 'skip-unreachable',
    when: 'alone',
    world: { ...config({ 'direct-routing-skip-unreachable': 'true' }), facts: { wanted: { routes: 'external' } } },
    want: 'fail',
  },
  {
    id: 'stale-routes',
    when: 'Flannel still has routes to the pods',
    world: {
      network: (network) => ({
        ...network,
        routes: [...network.routes.filter(({ dev }) => dev !== 'cilium_host'), route('10.0.0.0/16', 'flannel.1')],
      }),
    },
    want: 'fail',
  },
  { id: 'more-than-one-node', when: 'a single node', world: { facts: { nodes: [aNode(0)] } }, want: 'warn' },
  // features
  { id: 'cni-chaining', when: 'aws-cni', world: config({ 'cni-chaining-mode': 'aws-cni' }), want: 'fail' },
  { id: 'cni-chaining', when: 'none', world: config({ 'cni-chaining-mode': 'none' }), want: 'pass' },
  {
    id: 'cluster-mesh',
    when: 'its API server runs',
    world: { facts: { workloads: ['clustermesh-apiserver'] } },
    want: 'fail',
  },
  { id: 'cluster-mesh', when: 'an id and no API server', world: config({ 'cluster-id': '3' }), want: 'unknown' },
  { id: 'masquerading', when: 'ip-masq-agent', world: config({ 'enable-ip-masq-agent': 'true' }), want: 'warn' },
  { id: 'encryption', when: 'IPsec', world: config({ 'enable-ipsec': 'true' }), want: 'warn' },
  { id: 'encryption', when: 'WireGuard', world: config({ 'enable-wireguard': 'true' }), want: 'pass' },
  { id: 'egress-gateway', when: 'its new key', world: config({ 'enable-egress-gateway': 'true' }), want: 'warn' },
  { id: 'egress-gateway', when: 'its old key', world: config({ 'enable-ipv4-egress-gateway': 'true' }), want: 'warn' },
  {
    id: 'dsr',
    when: 'Geneve dispatch over VXLAN',
    world: config({ 'bpf-lb-mode': 'dsr', 'bpf-lb-dsr-dispatch': 'geneve' }),
    want: 'fail',
  },
  {
    id: 'dsr',
    when: 'Geneve dispatch over Geneve',
    world: config({ 'bpf-lb-mode': 'dsr', 'bpf-lb-dsr-dispatch': 'geneve', 'tunnel-protocol': 'geneve' }),
    want: 'pass',
  },
  {
    id: 'dsr',
    when: 'dispatch of a mode that is not used',
    world: config({ 'bpf-lb-mode': 'snat', 'bpf-lb-dsr-dispatch': 'geneve' }),
    want: 'pass',
  },
  {
    id: 'direct-routing-device',
    when: 'an agent has none',
    world: { agent: (agent, at) => (at === 0 ? withoutDevice(agent) : agent) },
    want: 'fail',
    says: /node1/,
  },
  {
    id: 'direct-routing-device',
    when: 'kube-proxy does it',
    world: { ...config({ 'kube-proxy-replacement': 'false' }), agent: withoutDevice },
    want: 'pass',
  },
  { id: 'xdp', when: 'native', world: config({ 'bpf-lb-acceleration': 'native' }), want: 'warn' },
  { id: 'host-firewall', when: 'on', world: config({ 'enable-host-firewall': 'true' }), want: 'warn' },
  { id: 'mtu-override', when: 'fixed', world: config({ mtu: '1400' }), want: 'warn' },
  { id: 'mtu-override', when: 'zero means detect', world: config({ mtu: '0' }), want: 'pass' },
  // surroundings
  { id: 'worker-path', when: 'a terminal', world: none, want: 'pass' },
  {
    id: 'worker-path',
    when: 'a pod with its store in the cluster',
    world: { facts: { self: { network: 'pod', store: 'in-cluster', storeHost: 'redis.chatops.svc:6379' } } },
    want: 'fail',
    says: /redis\.chatops\.svc/,
  },
  {
    id: 'worker-path',
    when: 'a pod that needs DNS for its store',
    world: { facts: { self: { network: 'pod', store: 'named' } } },
    want: 'fail',
  },
  {
    id: 'worker-path',
    when: 'a pod with its store outside by address',
    world: { facts: { self: { network: 'pod', store: 'outside' } } },
    want: 'warn',
  },
  {
    id: 'worker-path',
    when: 'host network, store in the cluster',
    world: { facts: { self: { network: 'host', store: 'in-cluster' } } },
    want: 'warn',
  },
  {
    id: 'worker-path',
    when: 'host network, store outside',
    world: { facts: { self: { network: 'host', store: 'named' } } },
    want: 'pass',
  },
  { id: 'cloud', when: 'AWS', world: { node: (node) => ({ ...node, providerId: 'aws:///eu/i-1' }) }, want: 'warn' },
  {
    id: 'cloud',
    when: 'one node on Hetzner',
    world: { node: (node, at) => (at === 2 ? { ...node, providerId: 'hcloud://7' } : node) },
    want: 'unknown',
  },
  {
    id: 'cloud',
    when: 'kind',
    world: { node: (node) => ({ ...node, providerId: 'kind://docker/kind/a' }) },
    want: 'pass',
  },
  {
    id: 'node-overrides',
    when: 'a CiliumNodeConfig',
    world: { facts: { nodeConfigs: ['kube-system/a (routing-mode)'] } },
    want: 'fail',
  },
  {
    id: 'node-overrides',
    when: 'an annotation',
    world: { node: (node) => ({ ...node, overrides: ['routing-mode'] }) },
    want: 'fail',
  },
  {
    id: 'node-overrides',
    when: 'they could not be read',
    world: { facts: { nodeConfigs: undefined } },
    want: 'unknown',
  },
  {
    id: 'network-policies',
    when: 'four',
    world: { facts: { policies: { networkPolicies: 3, ciliumPolicies: 1, clusterwide: 0 } } },
    want: 'warn',
    says: /^4 policies/,
  },
  {
    id: 'network-policies',
    when: 'not readable: at worst a warning',
    world: { facts: { policies: undefined } },
    want: 'warn',
  },
  {
    id: 'former-cni',
    when: 'flannel.1 is there',
    world: {
      network: (network, at) =>
        at === 0 ? { ...network, devices: [...network.devices, { name: 'flannel.1', mtu: 1_450 }] } : network,
    },
    want: 'warn',
    says: /node1 \(flannel\.1\)/,
  },
  {
    id: 'former-cni',
    when: 'the bridge of a former CNI alone, as recorded',
    world: { network: (network) => ({ ...network, devices: [...network.devices, { name: 'cni0', mtu: 1_500 }] }) },
    want: 'pass',
  },
  {
    id: 'disruption-budgets',
    when: 'one without room',
    world: { facts: { tightBudgets: ['shop/db'] } },
    want: 'warn',
    says: /shop\/db/,
  },
];

function withoutDevice(agent: ReturnType<typeof anAgent>): ReturnType<typeof anAgent> {
  const { answer } = agent;
  if (answer.state !== 'answered') return agent;
  const { directRoutingDevice: _device, ...view } = answer.view;
  return { ...agent, answer: { ...answer, view } };
}

describe('preflight', () => {
  it.each(CASES)('$id, $when: $want', ({ id, world, want, says }) => {
    const found = check(id, world);

    expect({ verdict: found.verdict, evidence: found.evidence }).toMatchObject({ verdict: want });
    if (says !== undefined) expect(found.evidence).toMatch(says);
    if (want === 'fail' || want === 'unknown') expect(found.fix).not.toBe('');
  });

  it('finds nothing against a healthy cluster', () => {
    const { checks, cidr, routes } = preflightOf(preflightFacts());

    expect(checks.filter(({ verdict }) => verdict !== 'pass').map(({ id }) => id)).toEqual([]);
    expect(cidr).toMatchObject({ ok: true, cidr: '10.0.0.0/16', growth: 'settled' });
    expect(routes.routes).toBe('auto');
  });

  it('has one name for each check, and a reason for each', () => {
    const ids = QUESTIONS.map(({ id }) => id);

    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeLessThanOrEqual(60);
    expect(QUESTIONS.filter(({ why, title }) => why.length > 400 || title.length > 100)).toEqual([]);
  });

  it('blocks on what is unknown until somebody takes it on, and on what fails for good', () => {
    const unknown = preflightOf(preflightFacts({ facts: { nodeConfigs: undefined } })).checks;
    const failed = preflightOf(preflightFacts({ config: { ipam: 'eni' } })).checks;

    expect(unknown.filter(blocks).map(({ id }) => id)).toEqual(['node-overrides']);
    expect(accept(unknown, ['node-overrides'], 'none here').checks.filter(blocks)).toEqual([]);
    expect(accept(failed, ['ipam-mode'], 'please').refused).toEqual(['ipam-mode']);
  });

  it('with nothing readable at all blocks and never throws', () => {
    const { checks } = preflightOf(
      preflightFacts({
        facts: {
          config: undefined,
          nodes: undefined,
          networks: [],
          rollout: undefined,
          services: undefined,
          nodeConfigs: undefined,
          policies: undefined,
          workloads: undefined,
          tightBudgets: undefined,
        },
        status: { cilium: 'unknown', agents: [], nodes: [], installation: undefined, unmanaged: undefined } as never,
      }),
    );

    expect(checks.filter(blocks).length).toBeGreaterThan(15);
    expect(checks.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
  });
});
