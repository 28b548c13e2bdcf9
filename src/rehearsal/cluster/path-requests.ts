/** Everything that is not a resource: discovery, version, health. */
import { PlainTextError } from './api-error.ts';
import type { Cluster } from './cluster-state.ts';
import { aggregatedDiscovery, apiGroupList, apiGroupOf, apiResourceList, apiVersions } from './discovery.ts';
import { type Answer, type Json, json, text } from './http-answer.ts';
import { wantsAggregatedDiscovery } from './media.ts';
import { openApiDocument } from './openapi.ts';
import type { PathRequest } from './request-info.ts';
import { readSeed } from './seed.ts';

const HEALTH = /^\/(livez|readyz|healthz)(\/.*)?$/;
const READYZ_CHECKS = ['ping', 'log', 'etcd', 'informer-sync', 'poststarthook/rbac/bootstrap-roles', 'shutdown'];

function missing(): PlainTextError {
  return new PlainTextError(404, '404 page not found\n');
}

function orMissing(found: Json | undefined): Answer {
  if (found === undefined) throw missing();
  return json(found);
}

function health(path: string, query: URLSearchParams): Answer {
  const name = path.slice(1);
  if (!query.has('verbose')) return text('ok');
  return text(`${READYZ_CHECKS.map((check) => `[+]${check} ok`).join('\n')}\n${name} check passed\n`);
}

function discoveryRoot(cluster: Cluster, path: string, accept: string | undefined): Answer {
  const version = wantsAggregatedDiscovery(accept);
  if (version !== undefined) {
    const body = aggregatedDiscovery(cluster.table, path, version, cluster.groupVisible);
    const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    return {
      type: 'json',
      code: 200,
      body,
      headers: { 'Content-Type': type, 'Cache-Control': 'public', Vary: 'Accept' },
    };
  }
  return json(path === '/api' ? apiVersions(cluster.address()) : apiGroupList(cluster.table, cluster.groupVisible));
}

function groupPath(cluster: Cluster, parts: readonly string[]): Answer {
  const [root, group = '', version = ''] = parts;
  if (root === 'api') return orMissing(apiResourceList(cluster.table, '', group));
  if (!cluster.groupVisible(group)) throw missing();
  return orMissing(version === '' ? apiGroupOf(cluster.table, group) : apiResourceList(cluster.table, group, version));
}

export function answerPath(cluster: Cluster, info: PathRequest, accept: string | undefined): Answer {
  const path = info.path.length > 1 ? info.path.replace(/\/$/, '') : info.path;
  if (path === '/version') return json(JSON.parse(readSeed('version')) as Json);
  if (HEALTH.test(path)) return health(path, info.query);
  if (path === '/api' || path === '/apis') return discoveryRoot(cluster, path, accept);
  if (path.startsWith('/api/') || path.startsWith('/apis/')) return groupPath(cluster, path.split('/').slice(1));
  const openApi = /^\/openapi\/v3(?:\/(.+))?$/.exec(path);
  if (openApi !== null) return orMissing(openApiDocument(cluster, openApi[1]));
  throw missing();
}
