/** The resource table: what the recorded discovery documents list, in a form the router can ask. */
import { readFileSync } from 'node:fs';

type Subresource = {
  readonly subresource: string;
  readonly responseKind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly verbs: readonly string[];
};

/** One resource as `apidiscovery.k8s.io/v2` writes it. */
export type DiscoveredResource = {
  readonly resource: string;
  readonly responseKind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly scope: 'Namespaced' | 'Cluster';
  readonly singularResource: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly Subresource[];
};

export type DiscoveredGroup = {
  readonly metadata: { readonly name?: string };
  readonly versions: readonly {
    readonly version: string;
    readonly resources: readonly DiscoveredResource[];
    readonly freshness: string;
  }[];
};

export type Discovery = { readonly core: DiscoveredGroup; readonly groups: readonly DiscoveredGroup[] };

export type ResourceType = {
  readonly group: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly Subresource[];
  /** Versions of one group share their objects. */
  readonly storage: string;
  /** Custom resources name their kind in list items and take other selectors. */
  readonly custom: boolean;
};

export type ResourceTable = {
  readonly discovery: Discovery;
  readonly find: (group: string, version: string, resource: string) => ResourceType | undefined;
  readonly byKind: (apiVersion: string, kind: string) => ResourceType | undefined;
  readonly hasGroupVersion: (group: string, version: string) => boolean;
  readonly all: readonly ResourceType[];
};

const CUSTOM_GROUPS: ReadonlySet<string> = new Set(['cilium.io', 'helm.cattle.io']);

function typesOf(group: DiscoveredGroup): ResourceType[] {
  const name = group.metadata.name ?? '';
  return group.versions.flatMap(({ version, resources }) =>
    resources.map((found) => ({
      group: name,
      version,
      apiVersion: name === '' ? version : `${name}/${version}`,
      resource: found.resource,
      kind: found.responseKind.kind,
      namespaced: found.scope === 'Namespaced',
      verbs: found.verbs,
      subresources: found.subresources ?? [],
      storage: `${name}/${found.resource}`,
      custom: CUSTOM_GROUPS.has(name),
    })),
  );
}

export function readDiscovery(): Discovery {
  return JSON.parse(readFileSync(new URL('./seed/discovery.json', import.meta.url), 'utf8')) as Discovery;
}

export function createResourceTable(discovery: Discovery): ResourceTable {
  const all = [discovery.core, ...discovery.groups].flatMap(typesOf);
  const byPath = new Map(all.map((type) => [`${type.group}/${type.version}/${type.resource}`, type]));
  const kinds = new Map(all.map((type) => [`${type.apiVersion} ${type.kind}`, type]));
  const groupVersions = new Set(all.map((type) => `${type.group}/${type.version}`));

  return {
    discovery,
    all,
    find: (group, version, resource) => byPath.get(`${group}/${version}/${resource}`),
    byKind: (apiVersion, kind) => kinds.get(`${apiVersion} ${kind}`),
    hasGroupVersion: (group, version) => groupVersions.has(`${group}/${version}`),
  };
}
