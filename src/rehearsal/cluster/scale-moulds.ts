import type { KubeObject, ObjectMeta } from './kube-object.ts';
import type { ResourceType } from './resources.ts';
import { uidOf } from './scale-names.ts';
import { readEntry, type Store } from './store.ts';

/** Recorded objects that the others are cast from. */
export type Moulds = {
  readonly node: KubeObject;
  readonly ciliumNode: KubeObject;
  readonly agentPod: KubeObject;
  readonly pod: KubeObject;
  readonly endpoint: KubeObject;
  readonly deployment: KubeObject;
};

export type Loader = {
  readonly store: Store;
  readonly type: (apiVersion: string, kind: string) => ResourceType;
};

export function first(
  loader: Loader,
  apiVersion: string,
  kind: string,
  matches: (object: KubeObject) => boolean,
): KubeObject {
  for (const entry of loader.store.scan(loader.type(apiVersion, kind), '')) {
    const object = readEntry(entry);
    if (matches(object)) return object;
  }
  throw new Error(`the seed holds no ${kind} to copy`);
}

export function mouldsOf(loader: Loader): Moulds {
  const any = (): boolean => true;
  const inBench = (object: KubeObject): boolean => object.metadata.namespace === 'bench';
  const isWeb = (object: KubeObject): boolean => object.metadata.labels?.['app'] === 'web';
  return {
    node: first(loader, 'v1', 'Node', any),
    ciliumNode: first(loader, 'cilium.io/v2', 'CiliumNode', any),
    agentPod: first(loader, 'v1', 'Pod', (pod) => pod.metadata.labels?.['k8s-app'] === 'cilium'),
    pod: first(loader, 'v1', 'Pod', isWeb),
    endpoint: first(loader, 'cilium.io/v2', 'CiliumEndpoint', inBench),
    deployment: first(loader, 'apps/v1', 'Deployment', inBench),
  };
}

export function metadataOf(mould: KubeObject, name: string, more: Partial<ObjectMeta> = {}): ObjectMeta {
  const namespace = more.namespace ?? mould.metadata.namespace;
  return { ...mould.metadata, ...more, name, uid: uidOf(`${mould.kind}/${namespace ?? ''}/${name}`) };
}

/** Nodes are numbered from 4 on: the first three are the recorded ones. */
export function nodeName(index: number): string {
  return `worker-${String(index).padStart(4, '0')}`;
}
