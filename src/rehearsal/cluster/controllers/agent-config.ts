/** Which configurations a Cilium agent does not start with, and what it says in its last line: recorded with Cilium 1.19. */
import type { AgentConfig } from '../agent/agents.ts';

function isOn(config: AgentConfig, key: string): boolean {
  return config[key] === 'true';
}

function lacksNativeCidr(config: AgentConfig): boolean {
  const masquerades = isOn(config, 'enable-ipv4') && isOn(config, 'enable-ipv4-masquerade');
  const agentDoesIt = isOn(config, 'enable-ip-masq-agent');
  const native = config['routing-mode'] === 'native';
  return native && masquerades && !agentDoesIt && (config['ipv4-native-routing-cidr'] ?? '') === '';
}

/** The message of the agent's fatal line, or undefined for a configuration that it starts with. */
export function configurationError(config: AgentConfig): string | undefined {
  const mode = config['routing-mode'] ?? '';
  if (mode !== 'native' && isOn(config, 'auto-direct-node-routes')) {
    return 'auto-direct-node-routes cannot be used with tunneling. Packets must be routed through the tunnel device.';
  }
  if (mode !== 'native' && mode !== 'tunnel') {
    return `invalid daemon configuration: invalid routing mode "${mode}", valid modes = {"native", "tunnel"}`;
  }
  if (!lacksNativeCidr(config)) return undefined;
  const masquerade = '--enable-ipv4=true --enable-ipv4-masquerade=true --enable-ip-masq-agent=false';
  const option = 'native routing cidr must be configured with option --ipv4-native-routing-cidr in combination with';
  const ipam = config['ipam'] ?? 'cluster-pool';
  return `invalid daemon configuration: ${option} ${masquerade} --routing-mode=native --ipam=${ipam}`;
}
