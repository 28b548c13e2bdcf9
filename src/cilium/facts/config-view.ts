import type { Datapath } from './datapath.ts';

/**
 * What the ConfigMap `cilium-config` asks for, in the terms of what agents report. The key of the routing mode changed:
 * `tunnel` up to 1.13 (`disabled` meant native), `routing-mode` from 1.14. `tunnel-protocol` stays `vxlan` in native
 * mode from 1.17 on and says nothing about the mode (seen on a real cluster).
 */
export function configuredDatapath(data: Readonly<Record<string, string>>): Datapath {
  const ipv4 = data['enable-ipv4-masquerade'] ?? data['enable-masquerade'];
  const masqueraded = ipv4 === undefined ? undefined : ipv4 === 'true';
  return {
    routing: configuredRouting(data),
    kubeProxyReplacement: configuredKubeProxyReplacement(data['kube-proxy-replacement']),
    masquerading: masqueraded === undefined ? 'unknown' : configuredMasquerading(masqueraded, data),
    hostRouting: 'unknown',
    bandwidthManager: onOff(data['enable-bandwidth-manager']),
    ipv4BigTcp: onOff(data['enable-ipv4-big-tcp']),
    ipv6BigTcp: onOff(data['enable-ipv6-big-tcp']),
    encryption: configuredEncryption(data),
    hubble: onOff(data['enable-hubble']),
    deviceMode: data['datapath-mode'] ?? 'unknown',
    attachMode: 'unknown',
    ...optional('nativeCidr', data['ipv4-native-routing-cidr'] ?? data['native-routing-cidr']),
  };
}

export function configuredRouting(data: Readonly<Record<string, string>>): Datapath['routing'] {
  const mode = data['routing-mode'];
  const tunnel = data['tunnel'];
  const protocol = data['tunnel-protocol'] ?? 'vxlan';
  if (mode === 'native') return { mode: 'native' };
  if (mode === 'tunnel') return { mode: 'tunnel', protocol };
  if (mode !== undefined && mode !== '') return { mode: 'unknown' };
  if (tunnel === undefined || tunnel === '') return { mode: 'unknown' };
  return tunnel === 'disabled' ? { mode: 'native' } : { mode: 'tunnel', protocol: tunnel };
}

function configuredKubeProxyReplacement(value: string | undefined): Datapath['kubeProxyReplacement'] {
  if (value === undefined || value === '') return 'unknown';
  if (value === 'true' || value === 'strict') return 'on';
  if (value === 'partial' || value === 'probe') return 'partial';
  return 'off';
}

function configuredMasquerading(
  masqueraded: boolean,
  data: Readonly<Record<string, string>>,
): Datapath['masquerading'] {
  if (!masqueraded) return 'off';
  return data['enable-bpf-masquerade'] === 'true' ? 'BPF' : 'iptables';
}

function configuredEncryption(data: Readonly<Record<string, string>>): string {
  if (data['enable-wireguard'] === 'true') return 'WireGuard';
  return data['enable-ipsec'] === 'true' ? 'IPsec' : 'off';
}

function onOff(value: string | undefined): 'on' | 'off' | 'unknown' {
  if (value === undefined) return 'unknown';
  return value === 'true' ? 'on' : 'off';
}

function optional<Key extends string>(key: Key, value: string | undefined): { readonly [K in Key]?: string } {
  // Built from one key and a string: the type says no more than that.
  return value === undefined || value === '' ? {} : ({ [key]: value } as { readonly [K in Key]: string });
}
