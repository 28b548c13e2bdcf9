/** `cilium status` as text, line for line as Cilium 1.19 prints it. */
import { isNative } from './agents.ts';
import { type HealthReport, healthLine } from './health.ts';
import { encryptionMode, hostRoutingMode, isOn, type StatusInput, statusJson, tunnelProtocol } from './status.ts';

const WIDTH = 25;

function line(label: string, value: string): string {
  return `${`${label}:`.padEnd(WIDTH)}${value}`;
}

function onOff(value: boolean): string {
  return value ? 'Enabled' : 'Disabled';
}

function masqueradingText({ agent }: StatusInput): string {
  const { config } = agent;
  if (!isOn(config, 'enable-ipv4-masquerade')) return 'Disabled';
  const protocols = '[IPv4: Enabled, IPv6: Disabled]';
  if (!isOn(config, 'enable-bpf-masquerade')) return `IPTables ${protocols}`;
  return `BPF   [eth0]   ${config['ipv4-native-routing-cidr'] ?? agent.podCidrs[0] ?? ''} ${protocols}`;
}

export function statusText(input: StatusInput, health: HealthReport): string {
  const { agent, endpoints } = input;
  const { config } = agent;
  const controllers = (statusJson(input)['controllers'] as readonly unknown[]).length;
  const network = isNative(agent) ? 'Native' : `Tunnel [${tunnelProtocol(config)}]`;
  const proxy = isOn(config, 'kube-proxy-replacement') ? `True   [eth0   ${agent.nodeIp} (Direct Routing)]` : 'False';
  return `${[
    line('KVStore', 'Disabled   '),
    line('Kubernetes', 'Ok         1.36 (v1.36.2) [linux/amd64]'),
    line('KubeProxyReplacement', proxy),
    line('Host firewall', 'Disabled'),
    line('SRv6', 'Disabled'),
    line('CNI Chaining', 'none'),
    line('CNI Config file', 'successfully wrote CNI configuration file to /host/etc/cni/net.d/05-cilium.conflist'),
    line('Cilium', 'Ok   1.19.0-dev (v1.19.0-dev-507103c61fe2)'),
    line('NodeMonitor', 'Listening for events on 2 CPUs with 64x4096 of shared memory'),
    line('Cilium health daemon', 'Ok   '),
    line('IPAM', `IPv4: ${endpoints.length + 2}/254 allocated from ${agent.podCidrs[0] ?? ''}, `),
    line('IPv4 BIG TCP', onOff(isOn(config, 'enable-ipv4-big-tcp'))),
    line('IPv6 BIG TCP', onOff(isOn(config, 'enable-ipv6-big-tcp'))),
    line('BandwidthManager', onOff(isOn(config, 'enable-bandwidth-manager'))),
    line('Routing', `Network: ${network}   Host: ${hostRoutingMode(config)}`),
    line('Attach Mode', 'TCX'),
    line('Device Mode', 'veth'),
    line('Masquerading', masqueradingText(input)),
    line('Controller Status', `${controllers}/${controllers} healthy`),
    line('Proxy Status', `OK, ip ${agent.routerIp}, 0 redirects active on ports 10000-20000, Envoy: embedded`),
    line('Global Identity Range', 'min 256, max 65535'),
    line('Hubble', 'Ok              Current/Max Flows: 4095/4095 (100.00%), Flows/s: 75.66   Metrics: Disabled'),
    line('Encryption', `${encryptionMode(config)}        `),
    line('Cluster health', healthLine(health)),
    'Name                     IP              Node                     Endpoints',
    line('Modules Health', 'Stopped(20) Degraded(0) OK(78)'),
  ].join('\n')}\n`;
}
