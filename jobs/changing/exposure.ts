import { z } from 'zod';
import type { Exposure } from '../../src/cilium/facts/disruption.ts';
import { MetadataOnly, ObjectMeta, parseAll } from '../../src/cilium/facts/kube-objects.ts';
import { DEPLOYMENTS, PODS, type Resource } from '../../src/core/resources.ts';
import { BODIES_PER_PAGE, collect, part, type Reading } from '../reading/reading.ts';

const STATEFUL_SETS: Resource = { group: 'apps', version: 'v1', plural: 'statefulsets' };
const admission = (plural: string): Resource => ({ group: 'admissionregistration.k8s.io', version: 'v1', plural });
const WEBHOOKS = [admission('validatingwebhookconfigurations'), admission('mutatingwebhookconfigurations')] as const;

const Workload = z.object({
  metadata: ObjectMeta,
  spec: z.object({
    replicas: z.number().default(1),
    template: z.object({ spec: z.object({ hostNetwork: z.boolean().default(false) }) }),
  }),
});

const Webhook = z.object({
  metadata: ObjectMeta,
  webhooks: z
    .array(z.object({ clientConfig: z.object({ service: z.unknown() }) }))
    .nullish()
    .catch(undefined),
});

/** Who notices first when nodes cannot reach each other. Parts that cannot be read stay out of the plan's words. */
export async function readExposure(reading: Reading): Promise<Exposure> {
  const [dns, webhooks, deployments, statefulSets] = await Promise.all([
    part(reading, 'cluster DNS', () => readDns(reading)),
    part(reading, 'admission webhooks', () => readWebhooks(reading)),
    part(reading, 'single replicas', () => readSingles(reading, DEPLOYMENTS)),
    part(reading, 'single replicas', () => readSingles(reading, STATEFUL_SETS)),
  ]);
  const singles =
    deployments === undefined && statefulSets === undefined
      ? undefined
      : [deployments ?? [], statefulSets ?? []].flat();
  return { dns, webhooks, singles: singles?.toSorted() };
}

/** CoreDNS and kube-dns carry the same label; with none of them the cluster's DNS has another name. */
async function readDns(reading: Reading): Promise<Exposure['dns']> {
  const pods = await collect(reading, PODS, { labelSelector: 'k8s-app=kube-dns', as: 'metadata' }, (page) =>
    parseAll(MetadataOnly, page),
  );
  return pods.length === 0 ? undefined : { name: 'CoreDNS', pods: pods.length };
}

/** Those that are served by a Service: the API server has to reach its pods. */
async function readWebhooks(reading: Reading): Promise<readonly string[]> {
  const found = await Promise.all(
    WEBHOOKS.map((resource) =>
      collect(reading, resource, { as: 'objects' }, (page) =>
        parseAll(Webhook, page)
          .filter(({ webhooks }) => (webhooks ?? []).some(({ clientConfig }) => clientConfig.service !== undefined))
          .map(({ metadata }) => metadata.name),
      ),
    ),
  );
  return [...new Set(found.flat())].sort();
}

async function readSingles(reading: Reading, resource: Resource): Promise<readonly string[]> {
  return collect(reading, resource, { as: 'objects', pageSize: BODIES_PER_PAGE }, (page) =>
    parseAll(Workload, page)
      .filter(({ spec }) => spec.replicas === 1 && !spec.template.spec.hostNetwork)
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
  );
}
