import { type KubeObject, recordAt } from './kube-object.ts';
import { nodeAddress } from './scale-addresses.ts';
import { metadataOf, nodeName } from './scale-moulds.ts';

/** Where a pod that was made up runs. */
export type Placement = {
  readonly name: string;
  readonly namespace: string;
  readonly node: number;
  readonly ip: string;
};

export function makePod(mould: KubeObject, place: Placement, labels: Readonly<Record<string, string>>): KubeObject {
  const hostIP = nodeAddress(place.node);
  const hash = labels['pod-template-hash'];
  const owners = mould.metadata.ownerReferences?.map((owner) =>
    hash === undefined ? owner : { ...owner, name: `${labels['app'] ?? ''}-${hash}` },
  );
  const more = {
    namespace: place.namespace,
    labels: { ...labels },
    generateName: place.name.replace(/[^-]*$/, ''),
    ...(owners === undefined ? {} : { ownerReferences: owners }),
  };
  const addresses = { hostIP, hostIPs: [{ ip: hostIP }], podIP: place.ip, podIPs: [{ ip: place.ip }] };
  return {
    ...mould,
    metadata: metadataOf(mould, place.name, more),
    spec: { ...recordAt(mould, 'spec'), nodeName: nodeName(place.node) },
    status: { ...recordAt(mould, 'status'), ...addresses },
  };
}

/** What field selectors ask for: with these at hand no pod has to be made to be left out. */
export function podFields(place: Placement, hostNetwork: boolean): Readonly<Record<string, string>> {
  return {
    'spec.nodeName': nodeName(place.node),
    'spec.hostNetwork': String(hostNetwork),
    'status.phase': 'Running',
    'status.podIP': place.ip,
  };
}
