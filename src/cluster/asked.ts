import type { ClusterName } from '../core/ids.ts';
import type { Resource } from '../core/resources.ts';
import type { Place } from './resource-path.ts';

/** What was asked of which cluster: the words an error needs to say what failed. */
export type Asked = {
  readonly cluster: ClusterName;
  /** host:port of the API server. */
  readonly server: string;
  readonly verb: string;
  /** For people: `configmap cilium-config in kube-system`, `pods`. */
  readonly what: string;
  readonly plural: string;
  /** `cilium.io/v2`, `v1`; empty for paths that are no resources. */
  readonly apiVersion: string;
  /** The rest of a `kubectl auth can-i …` line. */
  readonly permission: string;
  readonly command?: string;
};

export type From = Pick<Asked, 'cluster' | 'server'>;

export function askedFor(from: From, verb: string, resource: Resource, place: Place): Asked {
  const subresource = place.subresource === undefined ? '' : `/${place.subresource}`;
  const named = place.name === undefined ? resource.plural : `${singular(resource.plural)} ${place.name}`;
  const group = resource.group === '' ? '' : `.${resource.group}`;
  const scope = place.namespace === undefined ? ' -A' : ` -n ${place.namespace}`;
  return {
    ...from,
    verb,
    plural: resource.plural,
    what: `${named}${place.namespace === undefined ? '' : ` in ${place.namespace}`}`,
    apiVersion: resource.group === '' ? resource.version : `${resource.group}/${resource.version}`,
    permission: `${verb} ${resource.plural}${group}${subresource}${scope}`,
  };
}

/** Good enough for every plural of Kubernetes and Cilium: policies, ingresses, endpoints. */
export function singular(plural: string): string {
  if (plural.endsWith('ies')) return `${plural.slice(0, -3)}y`;
  if (plural.endsWith('sses')) return plural.slice(0, -2);
  return plural.endsWith('s') ? plural.slice(0, -1) : plural;
}

export function askedForPath(from: From, path: string): Asked {
  return { ...from, verb: 'get', plural: '', what: path, apiVersion: '', permission: `get ${path}` };
}
