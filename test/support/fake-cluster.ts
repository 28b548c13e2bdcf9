import { z } from 'zod';
import { toClusterError } from '../../src/cluster/api-errors.ts';
import { ApiFailure } from '../../src/cluster/api-status.ts';
import { type Asked, askedFor } from '../../src/cluster/asked.ts';
import { tooLarge } from '../../src/cluster/exec-output.ts';
import { OpsError } from '../../src/core/errors.ts';
import { ClusterName } from '../../src/core/ids.ts';
import type { AccessQuestion, ClusterPort, ExecRequest, ExecResult, ListQuery } from '../../src/core/ports/ports.ts';
import { PODS, type Resource } from '../../src/core/resources.ts';
import { matchesFields, matchesLabels } from './selectors.ts';

export type FakeWorld = {
  readonly name?: string;
  /** Default v1.36.2. */
  readonly version?: string;
  /** Raw objects by resource. A resource that is not named here is not served: NotFound, as without its CRD. */
  readonly objects?: readonly (readonly [Resource, readonly unknown[]])[];
  /** Answers a command in a pod that exists; throw an OpsError for one that could not run. Default: exit 0, no output. */
  readonly exec?: (request: ExecRequest, signal: AbortSignal) => ExecResult | Promise<ExecResult>;
  readonly log?: (request: Parameters<ClusterPort['podLog']>[0]) => string;
  /** Rights, enforced for every call as RBAC would; exec asks for `create` on subresource `exec`. Default: all. */
  readonly allowed?: (question: AccessQuestion) => boolean;
};

const Named = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
});

/** A cluster in memory, for tests of what reads one. Says the same about failures as the real port. */
export function fakeCluster(world: FakeWorld = {}): ClusterPort {
  const name = ClusterName.parse(world.name ?? 'prod');
  const may = world.allowed ?? (() => true);
  const asked = (verb: string, resource: Resource, place: Parameters<typeof askedFor>[3]): Asked =>
    askedFor({ cluster: name, server: 'fake.invalid:6443' }, verb, resource, place);

  function check(question: AccessQuestion, about: Asked): void {
    if (!may(question)) throw toClusterError(forbidden(question), about);
  }

  function served(resource: Resource, about: Asked): readonly unknown[] {
    const entry = world.objects?.find(([known]) => known.group === resource.group && known.plural === resource.plural);
    if (entry === undefined) throw toClusterError(new ApiFailure(404, '404 page not found\n', {}), about);
    return entry[1];
  }

  function find(resource: Resource, ref: { namespace?: string; name: string }, about: Asked): unknown {
    const found = served(resource, about).find((item) => {
      const { metadata } = Named.parse(item);
      return metadata.name === ref.name && (metadata.namespace ?? '') === (ref.namespace ?? '');
    });
    if (found === undefined) throw toClusterError(missing(resource, ref.name), about);
    return structuredClone(found);
  }

  return {
    name,
    version: async (signal) => {
      signal.throwIfAborted();
      return world.version ?? 'v1.36.2';
    },
    get: async (resource, ref, signal) => {
      signal.throwIfAborted();
      const about = asked('get', resource, ref);
      check({ verb: 'get', resource, ...scope(ref) }, about);
      return find(resource, ref, about);
    },
    async *list(resource, query, signal) {
      signal.throwIfAborted();
      const about = asked('list', resource, scope(query));
      check({ verb: 'list', resource, ...scope(query) }, about);
      const items = served(resource, about).filter((item) => selects(query, item));
      const size = query.pageSize ?? 500;
      for (let start = 0; start === 0 || start < items.length; start += size) {
        signal.throwIfAborted();
        yield items.slice(start, start + size).map((item) => project(item, query.as));
      }
    },
    exec: async (request, signal) => {
      signal.throwIfAborted();
      const about = asked('create', PODS, { namespace: request.namespace, name: request.pod, subresource: 'exec' });
      check({ verb: 'create', resource: PODS, subresource: 'exec', namespace: request.namespace }, about);
      find(PODS, { namespace: request.namespace, name: request.pod }, about);
      const result = (await world.exec?.(request, signal)) ?? { exitCode: 0, stdout: '', stderr: '' };
      const bytes = Buffer.byteLength(result.stdout) + Buffer.byteLength(result.stderr);
      if (bytes > request.maxOutputBytes) throw tooLarge(request.maxOutputBytes, about.what);
      return result;
    },
    podLog: async (request, signal) => {
      signal.throwIfAborted();
      const about = asked('get', PODS, { namespace: request.namespace, name: request.pod, subresource: 'log' });
      check({ verb: 'get', resource: PODS, subresource: 'log', namespace: request.namespace }, about);
      find(PODS, { namespace: request.namespace, name: request.pod }, about);
      const lines = (world.log?.(request) ?? '').split('\n');
      return lines.slice(-request.tailLines).join('\n');
    },
    mayI: async (questions, signal) => {
      signal.throwIfAborted();
      return questions.map(may);
    },
  };
}

/** What `exec` of a fake throws for a command that is not in the image, as the real port would. */
export function commandNotFound(command: string, pod: string): OpsError {
  return new OpsError('ExecFailed', `there is no command ${command} in pod ${pod}`, {
    nextStep: 'check the container image: an older or stripped one may not have it',
  });
}

function scope({ namespace }: { readonly namespace?: string }): { readonly namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}

function selects(query: ListQuery, item: unknown): boolean {
  const { metadata } = Named.parse(item);
  if (query.namespace !== undefined && metadata.namespace !== query.namespace) return false;
  return matchesLabels(metadata.labels, query.labelSelector) && matchesFields(item, query.fieldSelector);
}

function project(item: unknown, as: ListQuery['as']): unknown {
  const copy = structuredClone(item);
  if (as === 'objects') return copy;
  const { metadata } = z.object({ metadata: z.unknown() }).parse(copy);
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

function fullName({ plural, group }: Resource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function missing(resource: Resource, name: string): ApiFailure {
  return failure(404, 'NotFound', `${fullName(resource)} "${name}" not found`, { name, kind: resource.plural });
}

function forbidden({ verb, resource, subresource, namespace }: AccessQuestion): ApiFailure {
  const what = subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`;
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const message = `${fullName(resource)} is forbidden: User "system:serviceaccount:cilium-chatops:worker" cannot ${verb} resource "${what}" in API group "${resource.group}" ${where}`;
  return failure(403, 'Forbidden', message, { kind: resource.plural });
}

function failure(code: number, reason: string, message: string, details: unknown): ApiFailure {
  return new ApiFailure(
    code,
    JSON.stringify({ kind: 'Status', status: 'Failure', message, reason, details, code }),
    {},
  );
}
