import pMap from 'p-map';
import { z } from 'zod';
import { OpsError } from '../core/errors.ts';
import type { ClusterPort } from '../core/ports/ports.ts';
import { SECRETS } from '../core/resources.ts';
import { type ReleaseRecord, toReleaseRecord } from './release-record.ts';

export type ReleaseRef = { readonly namespace: string; readonly name: string };

/** What the labels of a release Secret tell without opening it. */
export type RevisionLabel = {
  readonly secret: string;
  readonly revision: number;
  readonly status: string;
  readonly createdAt: Date | undefined;
};

const Labelled = z.object({
  metadata: z.object({
    name: z.string(),
    creationTimestamp: z.coerce.date().optional(),
    labels: z.object({ status: z.string(), version: z.coerce.number().int().min(1) }),
  }),
});

/** Helm's own rule for release names, and Kubernetes' for namespaces: nothing that a selector or an option could be. */
const RELEASE_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,51}[a-z0-9])?$/;
const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** @throws OpsError InvalidArgs */
export function checkRef({ namespace, name }: ReleaseRef): void {
  if (!RELEASE_NAME.test(name)) throw unusable(`"${name}" cannot be the name of a Helm release`);
  if (!NAMESPACE.test(namespace)) throw unusable(`"${namespace}" cannot be a namespace`);
}

function unusable(message: string): OpsError {
  return new OpsError('InvalidArgs', message, { nextStep: 'look it up with `helm list -A`' });
}

/** The revisions that are recorded, oldest first. Reads metadata only. @throws OpsError NotFound when there is none */
export async function listRevisions(
  cluster: ClusterPort,
  ref: ReleaseRef,
  signal: AbortSignal,
): Promise<readonly [RevisionLabel, ...RevisionLabel[]]> {
  checkRef(ref);
  const found: RevisionLabel[] = [];
  const query = { namespace: ref.namespace, labelSelector: `owner=helm,name=${ref.name}`, as: 'metadata' } as const;
  for await (const page of cluster.list(SECRETS, query, signal)) {
    for (const item of page) {
      const parsed = Labelled.safeParse(item);
      if (!parsed.success) continue;
      const { name, creationTimestamp, labels } = parsed.data.metadata;
      found.push({ secret: name, revision: labels.version, status: labels.status, createdAt: creationTimestamp });
    }
  }
  const [oldest, ...rest] = found.sort((left, right) => left.revision - right.revision);
  if (oldest === undefined) throw noRelease(cluster, ref);
  return [oldest, ...rest];
}

function noRelease(cluster: ClusterPort, { namespace, name }: ReleaseRef): OpsError {
  return new OpsError('NotFound', `there is no Helm release ${name} in ${namespace} on ${cluster.name}`, {
    nextStep: `look it up with \`helm list -A\`; HELM_DRIVER must be \`secret\`, which is Helm's default`,
  });
}

export function newestOf(revisions: readonly [RevisionLabel, ...RevisionLabel[]]): RevisionLabel {
  return revisions.at(-1) ?? revisions[0];
}

export function isPending({ status }: { readonly status: string }): boolean {
  return status.startsWith('pending-');
}

/**
 * The revision whose chart and values `helm upgrade` goes on from: the newest deployed one; without any, the newest,
 * if that has failed or was superseded.
 */
export function baseOf(revisions: readonly [RevisionLabel, ...RevisionLabel[]]): RevisionLabel | undefined {
  const newest = newestOf(revisions);
  const deployed = revisions.findLast(({ status }) => status === 'deployed');
  if (deployed !== undefined) return deployed;
  return newest.status === 'failed' || newest.status === 'superseded' ? newest : undefined;
}

export async function readRecord(
  cluster: ClusterPort,
  ref: ReleaseRef,
  secret: string,
  signal: AbortSignal,
): Promise<ReleaseRecord> {
  return toReleaseRecord(await cluster.get(SECRETS, { namespace: ref.namespace, name: secret }, signal), ref.name);
}

/** Records are some MiB unpacked. */
const AT_ONCE = 2;
const NEWEST = 50;

export async function readHistory(cluster: ClusterPort, ref: ReleaseRef, signal: AbortSignal) {
  const revisions = await listRevisions(cluster, ref, signal);
  const described = await pMap(
    revisions.slice(-NEWEST),
    async ({ secret, revision, status }) => {
      const record = await unlessPruned(() => readRecord(cluster, ref, secret, signal));
      return record === undefined ? [] : [{ revision, status, description: record.info.description }];
    },
    { concurrency: AT_ONCE },
  );
  return described.flat();
}

/** Helm removes the oldest revision with each upgrade: it may go between the list and the read. */
async function unlessPruned<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (thrown: unknown) {
    if (thrown instanceof OpsError && thrown.code === 'NotFound') return;
    throw thrown;
  }
}
