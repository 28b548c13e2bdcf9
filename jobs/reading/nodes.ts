import { CiliumNode, Node, parseAll } from '../../src/cilium/facts/kube-objects.ts';
import type { NodeState } from '../../src/cilium/facts/status-data.ts';
import { CILIUM_NODES, NODES } from '../../src/core/resources.ts';
import { BODIES_PER_PAGE, collect, type Reading } from './reading.ts';

/** Linux nodes only: Cilium runs on no others. */
export async function readNodes(reading: Reading): Promise<readonly Node[]> {
  return collect(reading, NODES, { as: 'objects', pageSize: BODIES_PER_PAGE }, (page) =>
    parseAll(Node, page).filter((node) => (node.status.nodeInfo?.operatingSystem ?? 'linux') === 'linux'),
  );
}

export function toNodeState(node: Node): NodeState {
  const condition = node.status.conditions.find((each) => each.type === 'Ready');
  const since = condition?.lastTransitionTime;
  return {
    name: node.metadata.name,
    ready: readiness(condition?.status),
    ...(since === undefined ? {} : { since }),
    kernel: node.status.nodeInfo?.kernelVersion ?? '',
    kubelet: node.status.nodeInfo?.kubeletVersion ?? '',
  };
}

/** Pod CIDRs of all nodes, IPAM pools included. */
export async function readPodCidrs(reading: Reading): Promise<readonly string[]> {
  return collect(reading, CILIUM_NODES, { as: 'objects', pageSize: BODIES_PER_PAGE }, (page) =>
    parseAll(CiliumNode, page).flatMap(({ spec: { ipam } }) => [
      ...(ipam?.podCIDRs ?? []),
      ...(ipam?.pools?.allocated ?? []).flatMap((pool) => pool.cidrs),
    ]),
  );
}

function readiness(status: string | undefined): NodeState['ready'] {
  if (status === 'True') return 'yes';
  return status === 'False' ? 'no' : 'unknown';
}
