/** What the CNI does for a pod: an address of the node's PodCIDR and a CiliumEndpoint. */
import { randomUUID } from 'node:crypto';
import { type KubeObject, recordAt } from '../kube-object.ts';
import { templateHash } from './counts.ts';
import { type ControllerWorld, keyOf, timestamp } from './world.ts';

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

/** A free address of the node, or undefined when its PodCIDR is used up or it has none. */
export function allocateAddress(
  world: ControllerWorld,
  nodeName: string,
  taken: ReadonlySet<string>,
): string | undefined {
  const node = world.agents.nodes().find((candidate) => candidate.name === nodeName);
  const [network = '', length = '32'] = node?.podCidrs[0]?.split('/') ?? [];
  if (node === undefined || network === '') return undefined;
  const used = new Set([...taken, node.routerIp, node.healthIp, ...world.agents.endpointsOn(node).map(({ ip }) => ip)]);
  const first = toNumber(network);
  // Neither the network's address, nor the broadcast address.
  for (let offset = 2; offset < 2 ** (32 - Number(length)) - 1; offset++) {
    const address = toAddress(first + offset);
    if (!used.has(address)) return address;
  }
  return undefined;
}

/** The same number for the same namespace and labels, as with real identities. */
function identityOf(pod: KubeObject): number {
  const words = `${pod.metadata.namespace ?? ''}/${templateHash(pod.metadata.labels ?? {})}`;
  return 1_000 + (Number.parseInt(templateHash(words).slice(0, 6), 16) % 60_000);
}

let nextId = 2_000;

export function createEndpoint(world: ControllerWorld, pod: KubeObject, ip: string): void {
  const { namespace, name } = keyOf(pod);
  const node = world.agents.on(String(recordAt(pod, 'spec')['nodeName'] ?? ''));
  if (node === undefined) return;
  nextId = (nextId % 60_000) + 1;
  world.store.put(world.type('cilium.io/v2', 'CiliumEndpoint'), {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumEndpoint',
    metadata: {
      name,
      namespace,
      uid: randomUUID(),
      generation: 1,
      creationTimestamp: timestamp(world.now()),
      labels: pod.metadata.labels ?? {},
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid: pod.metadata.uid ?? '' }],
    },
    status: {
      encryption: {},
      'external-identifiers': { 'k8s-namespace': namespace, 'k8s-pod-name': name, 'pod-name': `${namespace}/${name}` },
      id: nextId,
      identity: { id: identityOf(pod), labels: [`k8s:io.kubernetes.pod.namespace=${namespace}`] },
      networking: { addressing: [{ ipv4: ip }], node: node.nodeIp },
      state: 'ready',
    },
  });
}

export function removeEndpoint(world: ControllerWorld, pod: KubeObject): void {
  const { namespace, name } = keyOf(pod);
  world.store.remove(world.type('cilium.io/v2', 'CiliumEndpoint'), namespace, name);
}
