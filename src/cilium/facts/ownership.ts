import type { DaemonSet, MetadataOnly, Node } from './kube-objects.ts';
import type { Owner } from './status-data.ts';

export type OwnershipSigns = {
  readonly daemonSet: DaemonSet;
  readonly nodes: readonly Node[];
  /** Objects of helm.cattle.io/v1 HelmChart; undefined when they could not be read. */
  readonly helmCharts: readonly MetadataOnly[] | undefined;
  /** Whether kube-system has the Secret that cilium-cli wrote before 0.15. */
  readonly classicCli: boolean;
};

/**
 * Who would undo a change made past them. Signals and their order: whoever reconciles comes before Helm, because a
 * release Secret exists under Flux and HelmChart too. Argo CD renders by itself and leaves no release.
 */
export function ownerOf(signs: OwnershipSigns): Owner {
  return reconciler(signs) ?? managed(signs) ?? helm(signs.daemonSet) ?? nobody(signs);
}

const RELEASE_NAME = 'meta.helm.sh/release-name';
const RELEASE_NAMESPACE = 'meta.helm.sh/release-namespace';

export function releaseOf(daemonSet: DaemonSet): { readonly name: string; readonly namespace: string } | undefined {
  const name = daemonSet.metadata.annotations[RELEASE_NAME];
  const namespace = daemonSet.metadata.annotations[RELEASE_NAMESPACE];
  return name === undefined ? undefined : { name, namespace: namespace ?? daemonSet.metadata.namespace };
}

function reconciler({ daemonSet, helmCharts }: OwnershipSigns): Owner | undefined {
  const { labels, annotations } = daemonSet.metadata;
  const tracking = annotations['argocd.argoproj.io/tracking-id'];
  if (tracking !== undefined) return { type: 'argo-cd', name: tracking.split(':')[0] ?? tracking };
  const flux = labels['helm.toolkit.fluxcd.io/name'] ?? labels['kustomize.toolkit.fluxcd.io/name'];
  if (flux !== undefined) {
    const namespace = labels['helm.toolkit.fluxcd.io/namespace'] ?? labels['kustomize.toolkit.fluxcd.io/namespace'];
    return { type: 'flux', name: namespace === undefined ? flux : `${namespace}/${flux}` };
  }
  const release = releaseOf(daemonSet)?.name;
  const chart = helmCharts?.find(({ metadata }) => metadata.name === release || metadata.name === 'rke2-cilium');
  if (chart) return { type: 'helm-chart', name: `${chart.metadata.namespace}/${chart.metadata.name}` };
  const instance = labels['app.kubernetes.io/instance'];
  if (instance !== undefined && release === undefined) return { type: 'argo-cd', name: instance };
  return undefined;
}

function managed({ daemonSet, nodes }: OwnershipSigns): Owner | undefined {
  const image = daemonSet.spec.template.spec.containers.find((each) => each.name === 'cilium-agent')?.image ?? '';
  if (daemonSet.metadata.name === 'anetd' || image.startsWith('gke.gcr.io/'))
    return { type: 'managed', name: 'GKE Dataplane V2' };
  const { labels } = daemonSet.metadata;
  const aks = labels['kubernetes.azure.com/managedby'] ?? labels['addonmanager.kubernetes.io/mode'];
  const azure = nodes.some((node) => node.spec.providerID?.startsWith('azure://'));
  if (azure && aks !== undefined) return { type: 'managed', name: 'AKS (Azure CNI powered by Cilium)' };
  return undefined;
}

function helm(daemonSet: DaemonSet): Owner | undefined {
  const release = releaseOf(daemonSet);
  return release && { type: 'helm', name: `${release.namespace}/${release.name}` };
}

function nobody({ classicCli }: OwnershipSigns): Owner {
  return classicCli ? { type: 'cilium-cli', name: 'before 0.15, without a Helm release' } : { type: 'none', name: '' };
}

/** How the facts line names the owner: undefined where the release itself says enough. */
export function ownerWords(owner: Owner): string | undefined {
  switch (owner.type) {
    case 'helm':
      return undefined;
    case 'argo-cd':
      return `owned by Argo CD (${owner.name})`;
    case 'flux':
      return `owned by Flux (${owner.name})`;
    case 'helm-chart':
      return `owned by HelmChart ${owner.name}`;
    case 'managed':
      return `managed by ${owner.name}`;
    case 'cilium-cli':
      return `installed by cilium-cli ${owner.name}`;
    case 'none':
      return 'no Helm release (plain manifests or another installer)';
    case 'unknown':
      return `owner unknown (${owner.name})`;
    default:
      throw new Error(`unhandled owner ${JSON.stringify(owner.type satisfies never)}`);
  }
}
