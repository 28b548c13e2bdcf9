/** `cilium status -o json`: the recorded answer with this agent's own addresses, mode and times. */
import { isRecord } from '../kube-object.ts';
import { type Agent, type AgentConfig, isNative, type LocalEndpoint } from './agents.ts';
import { goDuration } from './health.ts';
import { agentTemplate, type Controller } from './template.ts';

export type StatusInput = {
  readonly agent: Agent;
  readonly endpoints: readonly LocalEndpoint[];
  readonly nowMs: number;
};

export function isOn(config: AgentConfig, key: string): boolean {
  return config[key] === 'true';
}

export function hostRoutingMode(config: AgentConfig): 'BPF' | 'Legacy' {
  // With iptables masquerading the agent falls back to legacy host routing: seen in both modes.
  return isOn(config, 'enable-bpf-masquerade') ? 'BPF' : 'Legacy';
}

export function tunnelProtocol(config: AgentConfig): string {
  return config['tunnel-protocol'] || 'vxlan';
}

function routing(agent: Agent): Readonly<Record<string, string>> {
  const mode = { 'intra-host-routing-mode': hostRoutingMode(agent.config) };
  if (isNative(agent)) return { 'inter-host-routing-mode': 'Native', ...mode };
  return { 'inter-host-routing-mode': 'Tunnel', ...mode, 'tunnel-protocol': tunnelProtocol(agent.config) };
}

/** Tunnel mode keeps SNAT off for this node's own pods only; native mode for the whole native routing CIDR. */
function snatExclusion(agent: Agent): string {
  const native = isNative(agent) ? agent.config['ipv4-native-routing-cidr'] : undefined;
  return native ?? agent.podCidrs[0] ?? '';
}

function masquerading({ agent }: StatusInput): Readonly<Record<string, unknown>> {
  if (!isOn(agent.config, 'enable-ipv4-masquerade')) return { enabledProtocols: {} };
  const cidr = snatExclusion(agent);
  return {
    enabled: true,
    enabledProtocols: { ipv4: true },
    mode: isOn(agent.config, 'enable-bpf-masquerade') ? 'BPF' : 'iptables',
    'snat-exclusion-cidr': cidr,
    'snat-exclusion-cidr-v4': cidr,
  };
}

function ipam({ agent, endpoints }: StatusInput): Readonly<Record<string, unknown>> {
  const owners = endpoints.map((endpoint): [string, string] => [endpoint.ip, `${endpoint.namespace}/${endpoint.name}`]);
  const all: [string, string][] = [[agent.routerIp, 'router'], ...owners, [agent.healthIp, 'health']];
  const allocations = Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
  const status = `IPv4: ${all.length}/254 allocated from ${agent.podCidrs[0] ?? ''}, `;
  return { allocations, ipv4: all.map(([ip]) => ip), ipv6: null, status };
}

function controllersOf({ endpoints, nowMs }: StatusInput): readonly Controller[] {
  const { controllers } = agentTemplate().status;
  const [mould] = controllers;
  if (mould === undefined) return [];
  const status = {
    ...mould.status,
    'last-success-timestamp': new Date(nowMs - 8_000).toISOString(),
    'success-count': 41,
  };
  const fixed = controllers.map((controller) => ({ ...controller, status }));
  const perEndpoint = endpoints.flatMap(({ id, namespace, name }) => [
    { ...mould, name: `sync-policymap-${id}`, configuration: { 'error-retry': true, interval: '15m0s' }, status },
    {
      ...mould,
      name: `sync-to-k8s-ciliumendpoint (${id})`,
      configuration: { 'error-retry': true, interval: '10s' },
      status,
    },
    { ...mould, name: `resolve-labels-${namespace}/${name}`, status },
    { ...mould, name: `resolve-identity-${id}`, configuration: { 'error-retry': true, interval: '5m0s' }, status },
  ]);
  return [...fixed, ...perEndpoint];
}

function kubeProxyReplacement(agent: Agent): unknown {
  const recorded = agentTemplate().status['kube-proxy-replacement'];
  if (!isRecord(recorded)) return recorded;
  if (!isOn(agent.config, 'kube-proxy-replacement')) return { mode: 'False', features: {} };
  return { ...recorded, deviceList: [{ ip: ['', '', agent.nodeIp], name: 'eth0' }] };
}

export function encryptionMode(config: AgentConfig): string {
  if (isOn(config, 'enable-wireguard')) return 'Wireguard';
  return isOn(config, 'enable-ipsec') ? 'IPsec' : 'Disabled';
}

export function statusJson(input: StatusInput): Readonly<Record<string, unknown>> {
  const { agent, nowMs } = input;
  const recorded = agentTemplate().status;
  const hubble = recorded['hubble'];
  const uptime = goDuration(Math.round((nowMs - agent.startedAtMs) / 1_000));
  const observer = { 'current-flows': 4_095, 'max-flows': 4_095, 'seen-flows': 79_002, uptime };
  return {
    ...recorded,
    ...(isOn(agent.config, 'enable-bandwidth-manager')
      ? { 'bandwidth-manager': { enabled: true, congestionControl: 'cubic', devices: ['eth0'] } }
      : {}),
    ...(isOn(agent.config, 'enable-ipv6-big-tcp')
      ? { 'ipv6-big-tcp': { enabled: true, maxGRO: 196_608, maxGSO: 196_608 } }
      : {}),
    ...(isOn(agent.config, 'enable-ipv4-big-tcp')
      ? { 'ipv4-big-tcp': { enabled: true, maxGRO: 196_608, maxGSO: 196_608 } }
      : {}),
    cluster: { ciliumHealth: { state: 'Ok' }, nodes: null, self: agent.name },
    controllers: controllersOf(input),
    encryption: { mode: encryptionMode(agent.config) },
    hubble: isOn(agent.config, 'enable-hubble')
      ? { ...(isRecord(hubble) ? hubble : {}), observer }
      : { state: 'Disabled' },
    ipam: ipam(input),
    'kube-proxy-replacement': kubeProxyReplacement(agent),
    masquerading: masquerading(input),
    proxy: { ...(recorded['proxy'] as object), ip: agent.routerIp },
    routing: routing(agent),
  };
}

/** `cilium config -a -o json` */
export function configJson(agent: Agent): Readonly<Record<string, unknown>> {
  const cidr = agent.config['ipv4-native-routing-cidr'];
  const [network = '', length = '32'] = (cidr ?? '').split('/');
  const mask = Buffer.alloc(4);
  mask.writeUInt32BE((0xff_ff_ff_ff << (32 - Number(length))) >>> 0);
  return {
    ...agentTemplate().config,
    CreationTime: new Date(agent.startedAtMs).toISOString(),
    EnableAutoDirectRouting: isOn(agent.config, 'auto-direct-node-routes'),
    EnableBPFMasquerade: isOn(agent.config, 'enable-bpf-masquerade'),
    IPv4NativeRoutingCIDR: cidr === undefined ? null : { IP: network, Mask: mask.toString('base64') },
    RoutingMode: isNative(agent) ? 'native' : 'tunnel',
  };
}
