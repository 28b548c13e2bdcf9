import { type NodeNetwork, routeIndex } from '../facts/node-network.ts';
import { count, listed, tally } from '../facts/text.ts';
import type { PreflightFacts } from './facts.ts';
import { podNetworks } from './native-cidr.ts';
import { type Answer, fail, isOn, notRead, notReadButMinor, pass, type Question, unknown, warn } from './question.ts';
import { decideRoutes, otherRouter, type Reach, reachOf } from './reach.ts';

export const ROUTES: readonly Question[] = [
  {
    id: 'direct-routes',
    group: 'Routes',
    title: 'Every node reaches every other without a gateway',
    why: 'agents install direct routes only then; otherwise they stay ready and healthy while pod traffic between nodes is dead',
    ask: directRoutes,
  },
  {
    id: 'external-routes',
    group: 'Routes',
    title: 'Something carries routes that Cilium does not install',
    why: 'with --routes external the network around the nodes must know every pod CIDR before the switch',
    ask: externalRoutes,
  },
  {
    id: 'same-device',
    group: 'Routes',
    title: 'Each node uses one device for all others',
    why: 'routes over several devices are easily asymmetric, and reverse path filters drop what comes back elsewhere',
    ask: sameDevice,
  },
  {
    id: 'skip-unreachable',
    group: 'Routes',
    title: 'No half of direct routing is configured alone',
    why: 'agents refuse to start with directRoutingSkipUnreachable and no direct routes',
    ask: skipUnreachable,
  },
  {
    id: 'stale-routes',
    group: 'Routes',
    title: 'No routes of another CNI cover the pod CIDRs',
    why: 'routes left behind by a former CNI decide where pod traffic goes once the tunnel is gone',
    ask: staleRoutes,
  },
  {
    id: 'more-than-one-node',
    group: 'Routes',
    title: 'There is traffic between nodes to route',
    why: 'on a single node nothing leaves it, so the switch changes nothing one could measure',
    ask: moreThanOneNode,
  },
];

function directRoutes(facts: PreflightFacts): Answer {
  if (decideRoutes(facts).routes === 'external') return pass('not needed: the routes come from outside (external)');
  if (facts.nodes === undefined) return notRead('nodes');
  const reach = reachOf(facts);
  if (reach.detours.length > 0) return detours(reach);
  const silent = facts.silent.map((each) => each.node);
  if (silent.length > 0)
    return unknown(
      `${count(silent.length, 'node')} did not tell: ${listed(silent, 4)} (${facts.silent[0]?.why ?? ''})`,
      'see why their agents do not answer, then run the preflight again',
    );
  if (facts.networks.length === 0) return notRead('routing tables of the nodes');
  if (reach.unproven.length > 0)
    return unknown(
      `routing rules on ${listed(reach.unproven)} may overrule the tables`,
      `compare with: ip -j route get <node address> in the agent container on ${reach.unproven[0] ?? 'the node'}`,
    );
  return sureness(facts, reach);
}

function detours({ detours: found, pairs }: Reach): Answer {
  const words = found.map(
    ({ from, to, gateway }) => `${from} to ${to} ${gateway === undefined ? 'has no route' : `via ${gateway}`}`,
  );
  const worst = tally(found.map(({ to }) => to)).map(([node, number]) => `${node} (${number})`);
  return fail(
    `${found.length} of ${count(pairs, 'way')} between nodes not direct: ${listed(words, 4)}; by target: ${listed(worst, 4)}`,
    'if a router, BGP or the cloud carries pod CIDRs use --routes external; else stay on the tunnel, or bring all nodes into one L2',
  );
}

function sureness(facts: PreflightFacts, { pairs, confirmed }: Reach): Answer {
  const how = `${count(pairs, 'way')} between nodes, ${confirmed} answered by the kernel itself and the rest by its routing tables`;
  if (facts.notAsked === 0) return pass(how);
  return warn(
    `${how}; asked ${facts.networks.length} of ${count(facts.networks.length + facts.notAsked, 'node')}, evenly chosen`,
    'the verification after the change looks at every node',
  );
}

function externalRoutes(facts: PreflightFacts): Answer {
  const { routes, because } = decideRoutes(facts);
  if (routes === 'auto') return pass(`not needed: ${because}`);
  const router = otherRouter(facts);
  const seen = facts.networks.filter((network) => hasForeignRoute(facts, network)).map((network) => network.node);
  const routed = facts.networks.length > 0 && seen.length === facts.networks.length;
  if (routed)
    return pass(`every asked node has routes to pod CIDRs that are not Cilium’s (${router ?? 'source unknown'})`);
  if (router !== undefined)
    return warn(
      `${router} is there; routes to pod CIDRs are not seen on the nodes yet`,
      'check that it announces every pod CIDR',
    );
  return unknown(
    'no router of pod CIDRs is known, and routes beyond the default gateway cannot be seen from the nodes',
    'confirm with whoever runs the network that every pod CIDR is routed to its node, then --accept external-routes',
  );
}

/** Routes to another node's pods that lead neither into Cilium nor to the default gateway. */
function hasForeignRoute(facts: PreflightFacts, network: NodeNetwork): boolean {
  const routeTo = routeIndex(network);
  const others = podNetworks(facts).filter(({ node }) => node !== network.node);
  return (
    others.length > 0 &&
    others.every((pod) => {
      const route = routeTo(pod.network);
      return route !== undefined && route.network.bits > 0 && !route.dev.startsWith('cilium_');
    })
  );
}

function sameDevice(facts: PreflightFacts): Answer {
  if (facts.networks.length === 0) return notReadButMinor('routing tables of the nodes');
  const { devices } = reachOf(facts);
  if (devices.length === 0) return pass(`${count(facts.networks.length, 'node')} with one device each`);
  const words = devices.map(({ node, names }) => `${node} (${names.join(', ')})`);
  return warn(`several devices on ${listed(words)}`, 'check reverse path filtering there, or pin devices in Cilium');
}

function skipUnreachable(facts: PreflightFacts): Answer {
  const { config } = facts;
  if (config === undefined) return notRead('cilium-config');
  if (!isOn(config, 'direct-routing-skip-unreachable')) return pass('directRoutingSkipUnreachable is off');
  if (decideRoutes(facts).routes === 'external')
    return fail(
      'directRoutingSkipUnreachable is on, and --routes external turns direct routes off',
      'turn it off, or use --routes auto',
    );
  return warn(
    'directRoutingSkipUnreachable is on: nodes behind a gateway are skipped silently',
    'make sure a router carries them',
  );
}

function staleRoutes(facts: PreflightFacts): Answer {
  if (facts.networks.length === 0) return notReadButMinor('routing tables of the nodes');
  const found = facts.networks.flatMap((network) => {
    const routeTo = routeIndex(network);
    const others = podNetworks(facts).filter(({ node }) => node !== network.node);
    const stale = others
      .map((pod) => routeTo(pod.network))
      .find((route) => route !== undefined && isOfOtherCni(route.dev));
    return stale === undefined ? [] : [`${network.node} (${stale.dev})`];
  });
  if (found.length === 0) return pass('routes to pod CIDRs are Cilium’s own, or none');
  return fail(
    `routes to pod CIDRs over another CNI’s device on ${listed(found)}`,
    'remove them: ip route del, and the device',
  );
}

function isOfOtherCni(dev: string): boolean {
  return /^(flannel|cni0|cali|tunl0|vxlan\.calico|weave|kube-bridge)/.test(dev);
}

function moreThanOneNode({ nodes }: PreflightFacts): Answer {
  if (nodes === undefined) return notReadButMinor('nodes');
  return nodes.length > 1 ? pass(count(nodes.length, 'node')) : warn('a single node: no traffic between nodes changes');
}
