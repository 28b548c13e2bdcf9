import { covers, firstOverlap, type Ipv4Network, overlaps, parseNetwork } from '../facts/ipv4-network.ts';
import type { NodeAddresses } from '../facts/node-addresses.ts';
import { count, listed } from '../facts/text.ts';
import type { PreflightFacts } from './facts.ts';
import { isTooWide, nativeCidrOf, podNetworks } from './native-cidr.ts';
import { type Answer, fail, isOn, notRead, notReadButMinor, pass, type Question, unknown, warn } from './question.ts';

export const ADDRESSES: readonly Question[] = [
  {
    id: 'ipam-mode',
    group: 'Addresses',
    title: 'The IPAM mode fits native routing by Cilium',
    why: 'cloud IPAM modes route natively already and by other means',
    ask: ipamMode,
  },
  {
    id: 'pod-cidrs-known',
    group: 'Addresses',
    title: 'Every node has a pod CIDR',
    why: 'without one the other nodes have nothing to route to',
    ask: podCidrsKnown,
  },
  {
    id: 'pod-cidrs-disjoint',
    group: 'Addresses',
    title: 'Pod CIDRs overlap nothing',
    why: 'in native mode they become routes on every node and would shadow whatever else has these addresses',
    ask: podCidrsDisjoint,
  },
  {
    id: 'native-cidr',
    group: 'Addresses',
    title: 'The native routing CIDR covers every pod',
    why: 'traffic to addresses outside of it is masqueraded: policies then see a node instead of a pod, and nothing else shows it',
    ask: nativeCidr,
  },
  {
    id: 'native-cidr-scope',
    group: 'Addresses',
    title: 'The native routing CIDR covers nothing else',
    why: 'traffic from pods to hosts inside it is no longer masqueraded, so those hosts need a way back to pod addresses',
    ask: nativeCidrScope,
  },
  {
    id: 'native-cidr-growth',
    group: 'Addresses',
    title: 'The native routing CIDR covers nodes to come',
    why: 'a node that joins later with a pod CIDR outside of it would be masqueraded, silently',
    ask: nativeCidrGrowth,
  },
  {
    id: 'node-addresses',
    group: 'Addresses',
    title: 'Every node has an IPv4 address',
    why: 'routes to its pods go by way of that address',
    ask: nodeAddresses,
  },
  {
    id: 'ipv6',
    group: 'Addresses',
    title: 'IPv6 is off, or has its own native routing CIDR',
    why: 'agents refuse to start in native mode with IPv6 masquerading and no IPv6 native routing CIDR',
    ask: ipv6,
  },
];

const OWN_ROUTING: ReadonlySet<string> = new Set(['eni', 'azure', 'alibabacloud', 'delegated-plugin', 'gke']);

function ipamMode({ config }: PreflightFacts): Answer {
  if (config === undefined) return notRead('cilium-config');
  const mode = config['ipam'] ?? 'unknown';
  if (['cluster-pool', 'kubernetes', 'multi-pool'].includes(mode)) return pass(mode);
  if (OWN_ROUTING.has(mode)) return fail(`${mode} routes natively by itself`, 'there is nothing to switch here');
  if (mode === 'unknown') return unknown('IPAM mode not told', 'look at ipam in cilium-config');
  return warn(`${mode} was not tried with this change`);
}

function podCidrsKnown({ nodes }: PreflightFacts): Answer {
  if (nodes === undefined) return notRead('nodes and CiliumNodes');
  const without = nodes.filter((node) => node.podCidrs.length === 0).map((node) => node.name);
  if (without.length > 0)
    return fail(
      `${count(without.length, 'node')} without: ${listed(without, 6)}`,
      'wait for the operator, or look at its log; with IPAM kubernetes the controller manager must allocate node CIDRs',
    );
  const number = nodes.reduce((sum, node) => sum + node.podCidrs.length, 0);
  return pass(`${count(number, 'pod CIDR')} on ${count(nodes.length, 'node')}`);
}

function podCidrsDisjoint(facts: PreflightFacts): Answer {
  const { nodes } = facts;
  if (nodes === undefined) return notRead('nodes and CiliumNodes');
  const pods = podNetworks(facts);
  const twice = firstOverlap(pods);
  if (twice !== undefined) {
    const [one, other] = twice;
    return fail(
      `${one.cidr} of ${one.node} overlaps ${other.cidr} of ${other.node}`,
      'give one of the nodes another pod CIDR (delete its CiliumNode when drained, or repair IPAM)',
    );
  }
  const shadowed = shadowedHost(nodes, pods) ?? shadowedLink(facts, pods);
  if (shadowed !== undefined) return fail(shadowed, 'move the pods to addresses that nothing else uses (re-IPAM)');
  if (facts.networks.length === 0)
    return unknown('the networks the nodes are connected to were not read', 'see why the agents do not answer');
  return pass(`no overlap between ${count(pods.length, 'pod CIDR')}, node addresses and networks of the nodes`);
}

type Pods = ReturnType<typeof podNetworks>;

/** A node whose own address lies in some node's pod CIDR. */
function shadowedHost(nodes: readonly NodeAddresses[], pods: Pods): string | undefined {
  const hosts = nodes.flatMap(({ name, ipv4 }) => {
    const network = ipv4 === undefined ? undefined : parseNetwork(ipv4);
    return network === undefined ? [] : [{ name, ipv4, network }];
  });
  for (const host of hosts) {
    const pod = pods.find(({ network }) => covers(network, host.network));
    if (pod !== undefined) return `${pod.cidr} of ${pod.node} contains ${host.ipv4}, the address of node ${host.name}`;
  }
  return undefined;
}

/** Links of the nodes other than Cilium's own: a bridge of a former CNI counts, its hosts would become unreachable. */
function connectedNetworks({ networks }: Pick<PreflightFacts, 'networks'>) {
  const found = new Map<string, { readonly node: string; readonly dev: string; readonly network: Ipv4Network }>();
  for (const { node, routes } of networks) {
    for (const { network, dev, gateway, table } of routes) {
      const isOwn = /^(cilium_|lxc|lo$)/.test(dev);
      if (table !== 'main' || gateway !== undefined || isOwn || network.bits === 0) continue;
      const key = `${network.base}/${network.bits} ${dev}`;
      if (!found.has(key)) found.set(key, { node, dev, network });
    }
  }
  return [...found.values()];
}

function shadowedLink(facts: PreflightFacts, pods: Pods): string | undefined {
  for (const link of connectedNetworks(facts)) {
    const pod = pods.find(({ network }) => overlaps(network, link.network));
    if (pod !== undefined)
      return `${pod.cidr} of ${pod.node} overlaps a network that node ${link.node} is connected to on ${link.dev}`;
  }
  return undefined;
}

function nativeCidr(facts: PreflightFacts): Answer {
  if (facts.nodes === undefined) return notRead('nodes and CiliumNodes');
  const found = nativeCidrOf(facts);
  if (found.ok)
    return pass(`${found.cidr}, from ${found.source}; contains ${count(podNetworks(facts).length, 'pod CIDR')}`);
  return found.verdict === 'fail' ? fail(found.why, found.fix) : unknown(found.why, found.fix);
}

function nativeCidrScope(facts: PreflightFacts): Answer {
  const found = nativeCidrOf(facts);
  if (!found.ok) return notReadButMinor('the native routing CIDR');
  const { network, cidr } = found;
  const inside = [
    ...hostsInside(facts, network),
    ...(facts.services ?? []).filter((each) => touches(network, each)).map((each) => `Service range ${each}`),
    ...connectedNetworks(facts)
      .filter((link) => overlaps(network, link.network))
      .map((link) => `the network of ${link.dev} on ${link.node}`),
    ...(isTooWide({ network, facts }) ? ['far more addresses than the pods have'] : []),
  ];
  if (inside.length > 0)
    return warn(
      `${cidr} also covers ${listed(inside, 4)}`,
      'choose a tighter network with --cidr, or route pod addresses back from there',
    );
  if (facts.services === undefined) return notReadButMinor('the Service range');
  return pass(`${cidr} holds no node, no Service range and no other network of the nodes`);
}

function hostsInside({ nodes }: PreflightFacts, network: Ipv4Network): readonly string[] {
  const inside = (nodes ?? []).flatMap(({ name, ipv4 }) =>
    ipv4 !== undefined && touches(network, ipv4) ? [name] : [],
  );
  return inside.length === 0 ? [] : [`the addresses of ${listed(inside)}`];
}

function touches(network: Ipv4Network, text: string): boolean {
  const other = parseNetwork(text);
  return other !== undefined && overlaps(network, other);
}

function nativeCidrGrowth(facts: PreflightFacts): Answer {
  const found = nativeCidrOf(facts);
  if (!found.ok) return notReadButMinor('the native routing CIDR');
  if (found.growth === 'open')
    return warn(
      `${found.cidr} was made from the nodes there are`,
      'give the cluster CIDR (of the controller manager, or of the pools) with --cidr',
    );
  return pass(found.growth === 'settled' ? `${found.cidr} is ${found.source}` : `${found.cidr}: ${found.source}`);
}

function nodeAddresses({ nodes }: PreflightFacts): Answer {
  if (nodes === undefined) return notRead('nodes');
  const without = nodes.filter((node) => node.ipv4 === undefined).map((node) => node.name);
  if (without.length === 0) return pass(`${nodes.length} of ${count(nodes.length, 'node')}`);
  return fail(`${count(without.length, 'node')} without: ${listed(without, 6)}`, 'give the kubelet an IPv4 --node-ip');
}

function ipv6({ config, nodes }: PreflightFacts): Answer {
  if (config === undefined) return notRead('cilium-config');
  if (!isOn(config, 'enable-ipv6')) return pass('IPv6 is off');
  const cidr = config['ipv6-native-routing-cidr'] ?? '';
  if (config['enable-ipv6-masquerade'] !== 'false' && cidr === '')
    return fail(
      'IPv6 with masquerading and no ipv6NativeRoutingCIDR',
      'set the Helm value ipv6NativeRoutingCIDR first',
    );
  const without = (nodes ?? []).filter((node) => node.ipv6 === undefined).map((node) => node.name);
  if (without.length > 0)
    return fail(
      `${count(without.length, 'node')} without an IPv6 address: ${listed(without)}`,
      'give the kubelets a dual-stack --node-ip',
    );
  return warn(`IPv6 is on (${cidr === '' ? 'not masqueraded' : cidr}); only IPv4 is verified after the change`);
}
