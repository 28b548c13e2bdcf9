/** /version, /api, /apis and the rest of what a client reads before it asks for anything. */
import type { Json } from './http-answer.ts';
import type { DiscoveredGroup, DiscoveredResource, ResourceTable } from './resources.ts';

const AGGREGATED_VERSIONS: ReadonlySet<string> = new Set(['v2', 'v2beta1']);

/** `cilium.io` exists only while its CRDs do. */
export type GroupFilter = (group: string) => boolean;

function visibleGroups(table: ResourceTable, visible: GroupFilter): readonly DiscoveredGroup[] {
  return table.discovery.groups.filter((group) => visible(group.metadata.name ?? ''));
}

export function aggregatedDiscovery(table: ResourceTable, path: string, version: string, visible: GroupFilter): Json {
  const asked = AGGREGATED_VERSIONS.has(version) ? version : 'v2';
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${asked}`,
    metadata: {},
    items: path === '/api' ? [table.discovery.core] : visibleGroups(table, visible),
  };
}

export function apiVersions(serverAddress: string): Json {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

function apiGroup(group: DiscoveredGroup): Record<string, unknown> {
  const name = group.metadata.name ?? '';
  const versions = group.versions.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] };
}

export function apiGroupList(table: ResourceTable, visible: GroupFilter): Json {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: visibleGroups(table, visible).map(apiGroup) };
}

export function apiGroupOf(table: ResourceTable, name: string): Json | undefined {
  const group = table.discovery.groups.find((candidate) => candidate.metadata.name === name);
  return group === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group) };
}

function apiResources(found: DiscoveredResource): Record<string, unknown>[] {
  const namespaced = found.scope === 'Namespaced';
  const main = {
    name: found.resource,
    singularName: found.singularResource,
    namespaced,
    kind: found.responseKind.kind,
    verbs: found.verbs,
    ...(found.shortNames === undefined ? {} : { shortNames: found.shortNames }),
    ...(found.categories === undefined ? {} : { categories: found.categories }),
  };
  const subresources = (found.subresources ?? []).map(({ subresource, responseKind, verbs }) => ({
    name: `${found.resource}/${subresource}`,
    singularName: '',
    namespaced,
    ...(responseKind.group === '' ? {} : { group: responseKind.group, version: responseKind.version }),
    kind: responseKind.kind,
    verbs,
  }));
  return [main, ...subresources];
}

export function apiResourceList(table: ResourceTable, groupName: string, version: string): Json | undefined {
  const groups = groupName === '' ? [table.discovery.core] : table.discovery.groups;
  const group = groups.find((candidate) => (candidate.metadata.name ?? '') === groupName);
  const found = group?.versions.find((candidate) => candidate.version === version);
  if (found === undefined) return undefined;
  const groupVersion = groupName === '' ? version : `${groupName}/${version}`;
  return {
    kind: 'APIResourceList',
    ...(groupName === '' ? {} : { apiVersion: 'v1' }),
    groupVersion,
    resources: found.resources.flatMap(apiResources),
  };
}
