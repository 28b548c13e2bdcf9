/**
 * A minimal /openapi/v3: which kinds exist and where, with schemas that accept anything. Enough for clients that look a
 * kind up before they send it; `kubectl explain` has nothing to tell.
 */
import type { Cluster } from './cluster-state.ts';
import type { Json } from './http-answer.ts';
import type { ResourceType } from './resources.ts';

function groupVersionPath(type: ResourceType): string {
  return type.group === '' ? `api/${type.version}` : `apis/${type.group}/${type.version}`;
}

function schemaName(type: ResourceType): string {
  const group = type.group === '' ? 'core' : type.group.split('.').reverse().join('.');
  return `io.k8s.api.${group}.${type.version}.${type.kind}`;
}

function schemaOf(type: ResourceType): Json {
  const { group, version, kind } = type;
  return {
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
    'x-kubernetes-group-version-kind': [{ group, version, kind }],
  };
}

function pathsOf(type: ResourceType): readonly (readonly [string, Json])[] {
  const { group, version, kind } = type;
  const base = `/${groupVersionPath(type)}${type.namespaced ? '/namespaces/{namespace}' : ''}/${type.resource}/{name}`;
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({ name, in: 'query' }));
  const content = { 'application/apply-patch+yaml': { schema: { $ref: `#/components/schemas/${schemaName(type)}` } } };
  const patch = {
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': { group, version, kind },
    parameters,
    requestBody: { content },
    responses: { 200: { description: 'OK' } },
  };
  return [[base, { patch }]];
}

/** The index of documents, or the document of one group version ("apis/apps/v1"); undefined where there is none. */
export function openApiDocument(cluster: Cluster, path: string | undefined): Json | undefined {
  const types = cluster.table.all.filter((type) => cluster.groupVisible(type.group));
  if (path === undefined) {
    const names = new Set(types.map(groupVersionPath));
    const entries = [...names].map(
      (name) => [name, { serverRelativeURL: `/openapi/v3/${name}?hash=rehearsal` }] as const,
    );
    return { paths: Object.fromEntries(entries) };
  }
  const found = types.filter((type) => groupVersionPath(type) === path);
  if (found.length === 0) return undefined;
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.36.2' },
    paths: Object.fromEntries(found.flatMap(pathsOf)),
    components: { schemas: Object.fromEntries(found.map((type) => [schemaName(type), schemaOf(type)])) },
  };
}
