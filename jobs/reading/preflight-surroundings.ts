import { z } from 'zod';
import { ConfigMap, MetadataOnly, ObjectMeta, parseAll } from '../../src/cilium/facts/kube-objects.ts';
import { ROUTING_SETTINGS } from '../../src/cilium/facts/node-addresses.ts';
import type { PolicyCounts, Rollout } from '../../src/cilium/preflight/facts.ts';
import { type ErrorCode, OpsError } from '../../src/core/errors.ts';
import {
  CILIUM_CLUSTERWIDE_POLICIES,
  CILIUM_NETWORK_POLICIES,
  CILIUM_NODE_CONFIGS,
  CILIUM_NODE_CONFIGS_ALPHA,
  CONFIG_MAPS,
  DAEMON_SETS,
  DEPLOYMENTS,
  DISRUPTION_BUDGETS,
  NETWORK_POLICIES,
  type Resource,
  SERVICE_CIDRS,
  SERVICES,
} from '../../src/core/resources.ts';
import { collect, type Reading } from './reading.ts';

/** The whole of cilium-config. @throws OpsError UnexpectedAnswer */
export async function readSettings(
  { cluster, signal }: Pick<Reading, 'cluster' | 'signal'>,
  namespace: string,
): Promise<Readonly<Record<string, string>>> {
  const parsed = ConfigMap.safeParse(await cluster.get(CONFIG_MAPS, { namespace, name: 'cilium-config' }, signal));
  if (parsed.success) return parsed.data.data;
  throw new OpsError('UnexpectedAnswer', 'cilium-config is not a ConfigMap', { cause: parsed.error });
}

const RolledDaemonSet = z.object({
  spec: z.object({
    updateStrategy: z
      .object({
        type: z.string().default('RollingUpdate'),
        rollingUpdate: z.object({ maxUnavailable: z.union([z.string(), z.number()]).default(1) }).nullish(),
      })
      .prefault({}),
    template: z.object({ metadata: z.object({ annotations: z.record(z.string(), z.string()).nullish() }).nullish() }),
  }),
});

/** @throws OpsError UnexpectedAnswer */
export async function readRollout(
  { cluster, signal }: Pick<Reading, 'cluster' | 'signal'>,
  ref: { readonly namespace: string; readonly name: string },
): Promise<Rollout> {
  const parsed = RolledDaemonSet.safeParse(await cluster.get(DAEMON_SETS, ref, signal));
  if (!parsed.success)
    throw new OpsError('UnexpectedAnswer', `DaemonSet ${ref.name} has no template`, { cause: parsed.error });
  const { updateStrategy, template } = parsed.data.spec;
  return {
    strategy: updateStrategy.type,
    maxUnavailable: String(updateStrategy.rollingUpdate?.maxUnavailable ?? 1),
    rollsOnConfigChange: template.metadata?.annotations?.['cilium.io/cilium-configmap-checksum'] !== undefined,
  };
}

const ServiceCidr = z.object({ spec: z.object({ cidrs: z.array(z.string()) }) });
const ClusterService = z.object({ spec: z.object({ clusterIP: z.string() }) });

/**
 * The ranges of Services where Kubernetes tells them (1.33) and to us, else the one address every cluster has: it lies
 * at the beginning of the range.
 */
export async function readServiceRanges(reading: Reading): Promise<readonly string[]> {
  const ranges = await servedOr(
    () => collect(reading, SERVICE_CIDRS, { as: 'objects' }, (page) => parseAll(ServiceCidr, page)),
    async () => [],
    ['NotFound', 'Forbidden'],
  );
  const cidrs = ranges.flatMap(({ spec }) => spec.cidrs);
  if (cidrs.length > 0) return cidrs;
  const ref = { namespace: 'default', name: 'kubernetes' };
  return [ClusterService.parse(await reading.cluster.get(SERVICES, ref, reading.signal)).spec.clusterIP];
}

const NodeConfig = z.object({
  metadata: ObjectMeta,
  spec: z
    .object({ defaults: z.record(z.string(), z.unknown()).default({}) })
    .catch({ defaults: {} })
    .default({ defaults: {} }),
});

/** CiliumNodeConfigs that touch routing, as `namespace/name (keys)`. Cilium before 1.13 has none. */
export async function readNodeConfigs(reading: Reading): Promise<readonly string[]> {
  const read = async (resource: Resource) =>
    collect(reading, resource, { as: 'objects' }, (page) =>
      parseAll(NodeConfig, page).flatMap(({ metadata, spec }) => {
        const keys = Object.keys(spec.defaults).filter((key) => ROUTING_SETTINGS.has(key));
        return keys.length === 0 ? [] : [`${metadata.namespace}/${metadata.name} (${keys.join(', ')})`];
      }),
    );
  return servedOr(
    () => read(CILIUM_NODE_CONFIGS),
    () =>
      servedOr(
        () => read(CILIUM_NODE_CONFIGS_ALPHA),
        async () => [],
      ),
  );
}

export async function readPolicies(reading: Reading): Promise<PolicyCounts> {
  const counted = async (resource: Resource) =>
    servedOr(
      async () => (await collect(reading, resource, { as: 'metadata' }, (page) => page.map(() => 1))).length,
      async () => 0,
    );
  const [networkPolicies, ciliumPolicies, clusterwide] = await Promise.all([
    counted(NETWORK_POLICIES),
    counted(CILIUM_NETWORK_POLICIES),
    counted(CILIUM_CLUSTERWIDE_POLICIES),
  ]);
  return { networkPolicies, ciliumPolicies, clusterwide };
}

/** Names of all DaemonSets, and of the Deployments beside the agents. */
export async function readWorkloadNames(reading: Reading, namespace: string): Promise<readonly string[]> {
  const names = (page: readonly unknown[]) => parseAll(MetadataOnly, page).map(({ metadata }) => metadata.name);
  const [daemonSets, deployments] = await Promise.all([
    collect(reading, DAEMON_SETS, { as: 'metadata' }, names),
    collect(reading, DEPLOYMENTS, { namespace, as: 'metadata' }, names),
  ]);
  return [...new Set([...daemonSets, ...deployments])];
}

const Budget = z.object({
  metadata: ObjectMeta,
  status: z.object({ disruptionsAllowed: z.number().default(0), expectedPods: z.number().default(0) }).prefault({}),
});

export async function readTightBudgets(reading: Reading): Promise<readonly string[]> {
  return collect(reading, DISRUPTION_BUDGETS, { as: 'objects' }, (page) =>
    parseAll(Budget, page)
      .filter(({ status }) => status.disruptionsAllowed === 0 && status.expectedPods > 0)
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
  );
}

/** A resource that this cluster does not serve has no objects. */
async function servedOr<Value>(
  read: () => Promise<Value>,
  otherwise: () => Promise<Value>,
  codes: readonly ErrorCode[] = ['NotFound'],
): Promise<Value> {
  try {
    return await read();
  } catch (thrown: unknown) {
    if (!(thrown instanceof OpsError) || !codes.includes(thrown.code)) throw thrown;
    return otherwise();
  }
}
