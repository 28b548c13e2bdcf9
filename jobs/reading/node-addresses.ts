import { CiliumNode, parseAll } from '../../src/cilium/facts/kube-objects.ts';
import { AddressedNode, type NodeAddresses, toNodeAddresses } from '../../src/cilium/facts/node-addresses.ts';
import { CILIUM_NODES, NODES } from '../../src/core/resources.ts';
import { collect, type Reading } from './reading.ts';

/** Linux nodes with their addresses and pod CIDRs: Nodes and CiliumNodes together, reduced page by page. */
export async function readNodeAddresses(
  reading: Pick<Reading, 'cluster' | 'signal'>,
): Promise<readonly NodeAddresses[]> {
  const [nodes, podCidrs] = await Promise.all([
    collect(reading, NODES, { as: 'objects' }, (page) =>
      parseAll(AddressedNode, page).filter((node) => node.status.nodeInfo.operatingSystem === 'linux'),
    ),
    collect(reading, CILIUM_NODES, { as: 'objects' }, (page) =>
      parseAll(CiliumNode, page).map(({ metadata, spec: { ipam } }) => {
        const pools = (ipam?.pools?.allocated ?? []).flatMap((pool) => pool.cidrs);
        return [metadata.name, [...(ipam?.podCIDRs ?? []), ...pools]] as const;
      }),
    ),
  ]);
  const known = new Map(podCidrs);
  return nodes.map((node) => toNodeAddresses(node, known.get(node.metadata.name)));
}
