import { z } from 'zod';

/**
 * How an agent moves packets, in words that do not change with Cilium's version. `unknown` means that nobody said;
 * `absent` that this version of Cilium has no such feature.
 */
const Switch = z.enum(['on', 'off', 'unknown', 'absent']);

export const Datapath = z
  .object({
    routing: z.object({ mode: z.enum(['native', 'tunnel', 'unknown']), protocol: z.string().optional() }).readonly(),
    kubeProxyReplacement: z.enum(['on', 'partial', 'off', 'unknown']),
    hostRouting: z.enum(['BPF', 'Legacy', 'unknown']),
    masquerading: z.enum(['BPF', 'iptables', 'off', 'unknown']),
    bandwidthManager: Switch,
    ipv4BigTcp: Switch,
    ipv6BigTcp: Switch,
    encryption: z.string(),
    hubble: z.enum(['on', 'off', 'failing', 'unknown']),
    /** veth, netkit, netkit-l2. */
    deviceMode: z.string(),
    /** tc, tcx. */
    attachMode: z.string(),
    /** The destinations that are not masqueraded. In tunnel mode an agent names its own pod CIDR here. */
    nativeCidr: z.string().optional(),
  })
  .readonly();
export type Datapath = z.infer<typeof Datapath>;

/** `Native`, `Tunnel (VXLAN)`: the words of Cilium's own status. */
export function routingWord(routing: Datapath['routing']): string {
  if (routing.mode === 'native') return 'Native';
  if (routing.mode === 'unknown') return 'Unknown';
  return `Tunnel (${protocolWord(routing.protocol)})`;
}

/** For the middle of a sentence: `native routing`, `VXLAN`. */
export function routingPhrase(routing: Datapath['routing']): string {
  if (routing.mode === 'native') return 'native routing';
  return routing.mode === 'unknown' ? 'an unknown mode' : protocolWord(routing.protocol);
}

function protocolWord(protocol: string | undefined): string {
  if (protocol === undefined || protocol === '') return 'protocol unknown';
  return protocol === 'geneve' ? 'Geneve' : protocol.toUpperCase();
}

/** What two agents that carry the same traffic must agree on, as one comparable line. */
export function datapathKey(datapath: Datapath): string {
  const { nativeCidr, routing, ...rest } = datapath;
  // Each agent in tunnel mode names its own pod CIDR there, which says nothing about the mode.
  return JSON.stringify({ routing, ...rest, cidr: routing.mode === 'native' ? nativeCidr : undefined });
}
