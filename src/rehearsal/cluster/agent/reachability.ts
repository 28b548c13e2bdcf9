/**
 * Whether a packet from a pod reaches another pod, and whom the other side takes for the sender: what was seen on a real
 * cluster. Agents in different modes drop each other's pod traffic, without a route nothing arrives, outside of the
 * native routing CIDR the sender is masqueraded.
 */
import { type Agent, type Agents, isNative, type NodeFacts } from './agents.ts';
import { contains, sameLink } from './routes.ts';

export type Reached = { readonly ok: false } | { readonly ok: true; readonly client: string };

export type Sender = { readonly node: string; readonly ip: string };

function routesTo(agents: Agents, from: Agent, to: NodeFacts): boolean {
  if (agents.underlayRoutesPods()) return true;
  return from.directRoutes && sameLink(from.nodeIp, to.nodeIp);
}

/** Pod traffic between two nodes needs one mode on both, and in native mode a route each way. */
export function pathWorks(agents: Agents, from: Agent, to: Agent): boolean {
  if (from.name === to.name) return true;
  if (isNative(from) !== isNative(to)) return false;
  return !isNative(from) || (routesTo(agents, from, to) && routesTo(agents, to, from));
}

function isMasqueraded(from: Agent, ip: string): boolean {
  const cidr = from.config['ipv4-native-routing-cidr'] ?? '';
  return isNative(from) && from.config['enable-ipv4-masquerade'] === 'true' && !(cidr !== '' && contains(cidr, ip));
}

function toPod(agents: Agents, from: Agent, sender: Sender, ip: string): Reached {
  const node = agents.nodes().find((each) => each.podCidrs.some((cidr) => contains(cidr, ip)));
  const to = node === undefined ? undefined : agents.on(node.name);
  if (to === undefined || !agents.endpointsOn(to).some((endpoint) => endpoint.ip === ip)) return { ok: false };
  const sameNode = to.name === from.name;
  // Traffic of the host itself went on working in the mixed state.
  if (sender.ip === from.nodeIp) return { ok: true, client: from.nodeIp };
  if (!pathWorks(agents, from, to)) return { ok: false };
  return { ok: true, client: !sameNode && isMasqueraded(from, ip) ? from.nodeIp : sender.ip };
}

export function reach(agents: Agents, sender: Sender, ip: string): Reached {
  const from = agents.on(sender.node);
  if (from === undefined) return { ok: false };
  if (agents.nodes().some((node) => node.nodeIp === ip)) return { ok: true, client: from.nodeIp };
  return toPod(agents, from, sender, ip);
}
