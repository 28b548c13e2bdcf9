/** What `ip -j link` and `ip -j addr` print inside an agent container. */
import { createHash } from 'node:crypto';
import { type Agent, isNative, type LocalEndpoint } from './agents.ts';
import { agentTemplate, type Link } from './template.ts';

/** A MAC address that stays the same for the same node and device. */
function macOf(seed: string): string {
  const hex = createHash('sha1').update(seed).digest('hex');
  return ['02', ...[0, 1, 2, 3, 4].map((index) => hex.slice(index * 2, index * 2 + 2))].join(':');
}

function lxcName(endpoint: LocalEndpoint): string {
  const hash = createHash('sha1').update(`${endpoint.namespace}/${endpoint.name}`).digest('hex');
  return `lxc${hash.slice(0, 12)}`;
}

/** cilium_vxlan exists while the agent runs in tunnel mode; a restart into native mode deletes it. */
function deviceNames(agent: Agent): string[] {
  const tunnel = isNative(agent) ? [] : ['cilium_vxlan'];
  return ['lo', 'eth0', 'cilium_net', 'cilium_host', ...tunnel, 'lxc_health'];
}

export function linksOf(agent: Agent, endpoints: readonly LocalEndpoint[]): Link[] {
  const { links } = agentTemplate();
  const fixed = deviceNames(agent).map((name): Link => {
    const link = links[name] ?? {};
    return name === 'lo' ? link : { ...link, address: macOf(`${agent.name}/${name}`) };
  });
  const pods = endpoints.map((endpoint, index): Link => {
    const ifindex = 13 + index * 2;
    const ifname = lxcName(endpoint);
    const address = macOf(`${agent.name}/${ifname}`);
    return { ...links['lxc'], ifindex, link_index: ifindex - 1, ifname, address, link_netnsid: index + 4 };
  });
  return [...fixed, ...pods];
}

/** Details that `ip -d` adds. */
const DETAILS = new Set([
  'promiscuity',
  'allmulti',
  'min_mtu',
  'max_mtu',
  'linkinfo',
  'inet6_addr_gen_mode',
  'num_tx_queues',
  'num_rx_queues',
  'gso_max_size',
  'gso_max_segs',
  'tso_max_size',
  'tso_max_segs',
  'gro_max_size',
  'gso_ipv4_max_size',
  'gro_ipv4_max_size',
]);

export function withoutDetails(link: Link): Link {
  return Object.fromEntries(Object.entries(link).filter(([key]) => !DETAILS.has(key)));
}

function ipv4Of(agent: Agent, name: unknown): { readonly local: string; readonly prefixlen: number } | undefined {
  if (name === 'lo') return { local: '127.0.0.1', prefixlen: 8 };
  if (name === 'eth0') return { local: agent.nodeIp, prefixlen: 24 };
  return name === 'cilium_host' ? { local: agent.routerIp, prefixlen: 32 } : undefined;
}

const FOREVER = { valid_life_time: 4_294_967_295, preferred_life_time: 4_294_967_295 };

export function withAddresses(agent: Agent, link: Link): Link {
  const { linkmode: _linkmode, ...rest } = withoutDetails(link);
  const name = rest['ifname'];
  const address = ipv4Of(agent, name);
  const scope = name === 'lo' ? 'host' : 'global';
  const info = address === undefined ? [] : [{ family: 'inet', ...address, scope, label: name, ...FOREVER }];
  return { ...rest, addr_info: info };
}

export function linkText(link: Link): string {
  const flags = (link['flags'] as readonly string[]).join(',');
  const peer = link['link'] === undefined ? '' : `@${String(link['link'])}`;
  const first = `${String(link['ifindex'])}: ${String(link['ifname'])}${peer}: <${flags}> mtu ${String(link['mtu'])}`;
  const second = `    link/${String(link['link_type'])} ${String(link['address'])} brd ${String(link['broadcast'])}`;
  return `${first} qdisc ${String(link['qdisc'])} state ${String(link['operstate'])} mode DEFAULT group default\n${second}`;
}
