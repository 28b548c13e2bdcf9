import { z } from 'zod';
import { ObjectMeta } from './kube-objects.ts';

/** A node as the others reach it: its own addresses, and the addresses of its pods. */
export type NodeAddresses = {
  readonly name: string;
  /** InternalIP, else ExternalIP: what the agent tests its direct routes with. */
  readonly ipv4?: string;
  readonly ipv6?: string;
  /** IPv4 pod CIDRs of its CiliumNode, pools included; of the Node itself where it has no CiliumNode yet. */
  readonly podCidrs: readonly string[];
  readonly podCidrsV6: readonly string[];
  readonly providerId: string;
  readonly kubelet: string;
  /** Settings of routing that its annotations `config.cilium.io/*` override. */
  readonly overrides: readonly string[];
};

export const AddressedNode = z.object({
  metadata: ObjectMeta,
  spec: z
    .object({ podCIDRs: z.array(z.string()).optional(), providerID: z.string().optional() })
    .catch({})
    .default({}),
  status: z
    .object({
      addresses: z
        .array(z.object({ type: z.string(), address: z.string() }))
        .catch([])
        .default([]),
      nodeInfo: z
        .object({ kubeletVersion: z.string().default(''), operatingSystem: z.string().default('linux') })
        .prefault({}),
    })
    .prefault({}),
});
export type AddressedNode = z.infer<typeof AddressedNode>;

/** `podCidrs` are those of its CiliumNode; undefined when it has none. */
export function toNodeAddresses(node: AddressedNode, podCidrs: readonly string[] | undefined): NodeAddresses {
  const { metadata, spec, status } = node;
  const cidrs = podCidrs ?? spec.podCIDRs ?? [];
  const ipv4 = addressOf(status.addresses, false);
  const ipv6 = addressOf(status.addresses, true);
  return {
    name: metadata.name,
    ...(ipv4 === undefined ? {} : { ipv4 }),
    ...(ipv6 === undefined ? {} : { ipv6 }),
    podCidrs: cidrs.filter((cidr) => !cidr.includes(':')),
    podCidrsV6: cidrs.filter((cidr) => cidr.includes(':')),
    providerId: spec.providerID ?? '',
    kubelet: status.nodeInfo.kubeletVersion,
    overrides: Object.keys(metadata.annotations)
      .filter((key) => key.startsWith(OVERRIDE))
      .map((key) => key.slice(OVERRIDE.length))
      .filter((key) => ROUTING_SETTINGS.has(key)),
  };
}

const OVERRIDE = 'config.cilium.io/';

/** Settings of cilium-config that decide how nodes exchange pod traffic. */
export const ROUTING_SETTINGS: ReadonlySet<string> = new Set([
  'routing-mode',
  'tunnel',
  'tunnel-protocol',
  'auto-direct-node-routes',
  'direct-routing-skip-unreachable',
  'ipv4-native-routing-cidr',
  'native-routing-cidr',
  'enable-ipv4-masquerade',
  'enable-bpf-masquerade',
]);

function addressOf(addresses: AddressedNode['status']['addresses'], isV6: boolean): string | undefined {
  const family = addresses.filter(({ address }) => address.includes(':') === isV6);
  const named = (type: string) => family.find((each) => each.type === type)?.address;
  return named('InternalIP') ?? named('ExternalIP');
}
