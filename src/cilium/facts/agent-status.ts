import { z } from 'zod';
import { AgentView } from './agent-view.ts';
import type { Datapath } from './datapath.ts';
import { atLeast, type Version, versionOfMessage } from './versions.ts';

/**
 * `cilium status -o json` of the agent, 1.10 to 1.20. Its model leaves out every false, zero or empty field, so that
 * `"ipv6-big-tcp": {}` means disabled, and only a missing object means that this version does not report it. Every
 * field is caught on its own: a shape nobody foresaw makes one line unknown and nothing else.
 */
const text = z.string().optional().catch(undefined);
const flag = z.boolean().optional().catch(undefined);
const State = z.object({ state: text, msg: text }).optional().catch(undefined);
const Enabled = z.object({ enabled: flag }).optional().catch(undefined);

const Controller = z.object({
  name: z.string(),
  status: z
    .object({
      'consecutive-failure-count': z.number().default(0),
      'last-failure-msg': text,
      'last-failure-timestamp': text,
    })
    .prefault({}),
});

export const AgentStatus = z.object({
  cilium: State,
  kubernetes: State,
  kvstore: State,
  'cni-file': State,
  cluster: z.object({ ciliumHealth: State }).optional().catch(undefined),
  hubble: State,
  'kube-proxy-replacement': z
    .object({ mode: text, directRoutingDevice: text, devices: z.array(z.string()).nullish().catch(undefined) })
    .optional()
    .catch(undefined),
  'host-routing': z.object({ mode: text }).optional().catch(undefined),
  routing: z
    .object({ 'inter-host-routing-mode': text, 'intra-host-routing-mode': text, 'tunnel-protocol': text })
    .optional()
    .catch(undefined),
  masquerading: z
    .object({
      enabled: flag,
      mode: text,
      enabledProtocols: z.object({ ipv4: flag, ipv6: flag }).optional().catch(undefined),
      'snat-exclusion-cidr': text,
      'snat-exclusion-cidr-v4': text,
    })
    .optional()
    .catch(undefined),
  'bandwidth-manager': z
    .object({ enabled: flag, congestionControl: text, devices: z.array(z.string()).nullish().catch(undefined) })
    .optional()
    .catch(undefined),
  'ipv4-big-tcp': Enabled,
  'ipv6-big-tcp': Enabled,
  encryption: z.object({ mode: text }).optional().catch(undefined),
  ipam: z.object({ status: text }).optional().catch(undefined),
  'attach-mode': text,
  'datapath-mode': text,
  controllers: z.array(Controller.nullable().catch(null)).nullish().catch(undefined),
});
export type AgentStatus = z.infer<typeof AgentStatus>;

/** `cilium config -a -o json`: up to 1.15 the only place where an agent tells its routing mode. */
export const AgentConfig = z.object({ Tunnel: text, RoutingMode: text, TunnelProtocol: text });
export type AgentConfig = z.infer<typeof AgentConfig>;

const MAX_FAILING = 20;

/** @returns undefined when the text is not a JSON object: then the agent did not answer, whatever it printed. */
export function parseAgentStatus(stdout: string): AgentStatus | undefined {
  return parseJson(AgentStatus, stdout);
}

export function parseAgentConfig(stdout: string): AgentConfig | undefined {
  return parseJson(AgentConfig, stdout);
}

/** Whether the agent told its routing mode, or has to be asked for its configuration too. */
export function tellsRouting(status: AgentStatus): boolean {
  return status.routing?.['inter-host-routing-mode'] !== undefined;
}

export function toAgentView(status: AgentStatus, config: AgentConfig | undefined): AgentView {
  const version = versionOfMessage(status.cilium?.msg);
  const failing = (status.controllers ?? []).flatMap((each) =>
    each !== null && each.status['consecutive-failure-count'] > 0 ? [toFailing(each)] : [],
  );
  return AgentView.parse({
    version: version?.text,
    state: status.cilium?.state ?? 'unknown',
    datapath: toDatapath(status, config, version),
    devices: status['kube-proxy-replacement']?.devices ?? [],
    directRoutingDevice: status['kube-proxy-replacement']?.directRoutingDevice,
    masqueradedProtocols: protocolsOf(status),
    congestionControl: status['bandwidth-manager']?.congestionControl,
    ipam: status.ipam?.status?.trim().replace(/,$/, ''),
    failing: failing.slice(0, MAX_FAILING),
    troubles: troublesOf(status),
  });
}

function parseJson<Shape>(schema: z.ZodType<Shape>, stdout: string): Shape | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(stdout));
    return parsed.success ? parsed.data : undefined;
  } catch {
    // Not JSON: an error text, or output cut short.
    return undefined;
  }
}

function toDatapath(status: AgentStatus, config: AgentConfig | undefined, version: Version | undefined): Datapath {
  const exclusion = status.masquerading?.['snat-exclusion-cidr-v4'] ?? status.masquerading?.['snat-exclusion-cidr'];
  return {
    routing: routingOf(status, config),
    kubeProxyReplacement: replacementOf(status['kube-proxy-replacement']?.mode),
    hostRouting: hostRoutingOf(status.routing?.['intra-host-routing-mode'] ?? status['host-routing']?.mode),
    masquerading: masqueradingOf(status.masquerading),
    bandwidthManager: switchOf(status['bandwidth-manager'], version, '1.8'),
    ipv4BigTcp: switchOf(status['ipv4-big-tcp'], version, '1.14'),
    ipv6BigTcp: switchOf(status['ipv6-big-tcp'], version, '1.13'),
    encryption: encryptionOf(status.encryption?.mode),
    hubble: hubbleOf(status.hubble?.state),
    deviceMode: status['datapath-mode'] ?? 'unknown',
    attachMode: status['attach-mode'] ?? 'unknown',
    ...(exclusion === undefined ? {} : { nativeCidr: exclusion }),
  };
}

function routingOf(status: AgentStatus, config: AgentConfig | undefined): Datapath['routing'] {
  const mode = status.routing?.['inter-host-routing-mode'];
  if (mode === 'Native') return { mode: 'native' };
  if (mode === 'Tunnel') return { mode: 'tunnel', ...withProtocol(status.routing?.['tunnel-protocol']) };
  if (config?.RoutingMode === 'native' || config?.Tunnel === 'disabled') return { mode: 'native' };
  if (config?.RoutingMode === 'tunnel') return { mode: 'tunnel', ...withProtocol(config.TunnelProtocol) };
  if (config?.Tunnel !== undefined && config.Tunnel !== '') return { mode: 'tunnel', protocol: config.Tunnel };
  return { mode: 'unknown' };
}

function withProtocol(protocol: string | undefined): { readonly protocol?: string } {
  return protocol === undefined || protocol === '' ? {} : { protocol };
}

function replacementOf(mode: string | undefined): Datapath['kubeProxyReplacement'] {
  if (mode === 'True' || mode === 'Strict') return 'on';
  if (mode === 'Partial' || mode === 'Probe') return 'partial';
  return mode === 'False' || mode === 'Disabled' ? 'off' : 'unknown';
}

function hostRoutingOf(mode: string | undefined): Datapath['hostRouting'] {
  return mode === 'BPF' || mode === 'Legacy' ? mode : 'unknown';
}

function masqueradingOf(reported: AgentStatus['masquerading']): Datapath['masquerading'] {
  if (reported === undefined) return 'unknown';
  if (reported.enabled !== true) return 'off';
  if (reported.mode === 'BPF') return 'BPF';
  return reported.mode === undefined ? 'unknown' : 'iptables';
}

/** A reported object without `enabled` is off; a missing one is absent before the version that brought it. */
function switchOf(
  reported: { enabled?: boolean | undefined } | undefined,
  version: Version | undefined,
  since: string,
): Datapath['ipv4BigTcp'] {
  if (reported !== undefined) return reported.enabled === true ? 'on' : 'off';
  return version !== undefined && !atLeast(version, since) ? 'absent' : 'unknown';
}

function encryptionOf(mode: string | undefined): string {
  if (mode === undefined) return 'unknown';
  if (mode === 'Disabled') return 'off';
  return mode === 'Wireguard' ? 'WireGuard' : mode;
}

function hubbleOf(state: string | undefined): Datapath['hubble'] {
  if (state === undefined) return 'unknown';
  if (state === 'Disabled') return 'off';
  return state === 'Ok' ? 'on' : 'failing';
}

function protocolsOf(status: AgentStatus): readonly string[] {
  const protocols = status.masquerading?.enabledProtocols;
  return [...(protocols?.ipv4 === true ? ['IPv4'] : []), ...(protocols?.ipv6 === true ? ['IPv6'] : [])];
}

function toFailing(controller: z.infer<typeof Controller>): AgentView['failing'][number] {
  return {
    name: controller.name.slice(0, 120),
    failures: controller.status['consecutive-failure-count'],
    message: (controller.status['last-failure-msg'] ?? 'no message').slice(0, 300),
    at: controller.status['last-failure-timestamp'],
  };
}

/** Subsystems that say of themselves that they fail or warn. Cluster health is apart: it lags and proves nothing. */
function troublesOf(status: AgentStatus): readonly string[] {
  const subsystems: readonly (readonly [string, z.infer<typeof State>])[] = [
    ['agent', status.cilium],
    ['Kubernetes', status.kubernetes],
    ['kvstore', status.kvstore],
    ['CNI configuration', status['cni-file']],
    ['Hubble', status.hubble],
  ];
  return subsystems.flatMap(([name, reported]) =>
    reported?.state === 'Failure' || reported?.state === 'Warning'
      ? [`${name}: ${reported.state}${reported.msg === undefined ? '' : ` (${reported.msg.slice(0, 200)})`}`]
      : [],
  );
}
