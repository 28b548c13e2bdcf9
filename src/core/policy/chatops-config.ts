import { z } from 'zod';
import type { Origin } from '../actor.ts';
import { ChannelId, ClusterName } from '../ids.ts';
import { Policy } from './policy.ts';
import { Schedules } from './schedule.ts';

/** `chatops.yaml`: which clusters there are and who may do what with them. Everything not allowed is denied. */
const Cluster = z
  .strictObject({
    name: ClusterName.describe('How it is called in Slack: 1 to 40 of a-z, 0-9 and -'),
    context: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('A context of KUBECONFIG; its current one when neither this nor inCluster is given'),
    inCluster: z.literal(true).optional().describe("Use the service account of the worker's own pod"),
    channels: z
      .array(ChannelId)
      .min(1)
      .optional()
      .describe('Slack channels this cluster may be operated from; every channel when left out'),
  })
  .refine((cluster) => !(cluster.context && cluster.inCluster), {
    error: 'context and inCluster exclude each other',
    path: ['inCluster'],
  });
export type ClusterConfig = z.infer<typeof Cluster>;

export const ChatopsConfig = z
  .strictObject({
    clusters: z.array(Cluster).min(1).max(50),
    policy: Policy.prefault({}).describe('Who may change what. Without it nothing can be changed from Slack'),
    schedules: Schedules.default([]).describe('Commands that only look, again and again; a message only on a change'),
  })
  .superRefine(({ clusters, policy, schedules }, context) => {
    const names: readonly string[] = clusters.map((cluster) => cluster.name);
    const problem = (path: PropertyKey[], message: string): void => context.addIssue({ code: 'custom', path, message });
    names.forEach((name, at) => {
      if (names.indexOf(name) < at) problem(['clusters', at, 'name'], `two clusters are called ${name}`);
    });
    const called = schedules.map((schedule) => schedule.name);
    called.forEach((name, at) => {
      if (called.indexOf(name) < at) problem(['schedules', at, 'name'], `two schedules are called ${name}: name them`);
    });
    // A rule for a cluster that is not there would never fit, and nobody would know why.
    policy.rules.forEach((rule, at) => {
      rule.clusters?.forEach((name, index) => {
        if (names.includes(name)) return;
        const path = ['policy', 'rules', at, 'clusters', index];
        problem(path, `there is no cluster ${name}: the clusters are ${names.join(', ')}`);
      });
    });
  });
export type ChatopsConfig = z.infer<typeof ChatopsConfig>;

/** Without a file there is one cluster, from KUBECONFIG or the pod's own service account. */
export function defaultChatopsConfig(inCluster: boolean): ChatopsConfig {
  return ChatopsConfig.parse({ clusters: [{ name: 'default', ...(inCluster ? { inCluster: true } : {}) }] });
}

/** The clusters that may be named in this place. The terminal sees all: it acts with the caller's own rights. */
export function clustersAt(config: ChatopsConfig, origin: Origin): readonly ClusterConfig[] {
  if (origin.type === 'terminal') return config.clusters;
  return config.clusters.filter(
    (cluster) => cluster.channels === undefined || cluster.channels.includes(origin.channel),
  );
}
