import { gunzipSync, gzipSync } from 'node:zlib';
import { PODS, SECRETS } from '../../src/core/resources.ts';
import type { RbacWorld } from './rbac-world.ts';

type Raw = { readonly metadata: Record<string, unknown> & { readonly labels?: Record<string, string> } } & Record<
  string,
  unknown
>;
type Release = { readonly version: number; readonly info: Record<string, unknown> };

/** Objects of the seed, read with the rights of the administrator. */
async function first(world: RbacWorld, namespace: string, name: string, resource = PODS): Promise<Raw> {
  return (await world.admin.get(resource, { namespace, name }, AbortSignal.timeout(10_000))) as Raw;
}

/** As many revisions as Helm keeps: the next upgrade removes the oldest. */
export async function tenRevisions(
  world: RbacWorld,
  { applyMethod }: { readonly applyMethod?: 'ssa' } = {},
): Promise<void> {
  const deployed = await first(world, 'kube-system', 'sh.helm.release.v1.cilium.v1', SECRETS);
  const release = unpack(deployed);
  const method = applyMethod === undefined ? {} : { apply_method: applyMethod };
  for (let version = 1; version <= 10; version += 1) {
    const status = version === 10 ? 'deployed' : 'superseded';
    const labels = { ...deployed.metadata.labels, status, version: String(version) };
    const record = { ...release, ...method, version, info: { ...release.info, status } };
    await world.put({
      apiVersion: 'v1',
      kind: 'Secret',
      type: deployed['type'],
      metadata: { namespace: 'kube-system', name: `sh.helm.release.v1.cilium.v${version}`, labels },
      data: {
        release: Buffer.from(gzipSync(JSON.stringify(record), { level: 1 }).toString('base64')).toString('base64'),
      },
    });
  }
}

function unpack(secret: Raw): Release {
  const { release } = secret['data'] as { readonly release: string };
  return JSON.parse(gunzipSync(Buffer.from(Buffer.from(release, 'base64').toString(), 'base64')).toString()) as Release;
}

/** Unmanaged pods of a ReplicaSet of its own, a DaemonSet and a Job, each asked for. */
export async function withOddOwners(world: RbacWorld): Promise<void> {
  const { metadata: _, ...bare } = await first(world, 'legacy', 'legacy-bare');
  for (const [kind, apiVersion] of [
    ['ReplicaSet', 'apps/v1'],
    ['DaemonSet', 'apps/v1'],
    ['Job', 'batch/v1'],
  ] as const) {
    const name = `odd-${kind.toLowerCase()}`;
    const labels = { app: name };
    const ownerReferences = [{ apiVersion, kind, name, uid: `uid-${name}`, controller: true }];
    await world.put({
      ...bare,
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'legacy', name: `${name}-x2x2x`, labels, ownerReferences },
    });
  }
}
