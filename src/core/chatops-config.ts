import { z } from 'zod';
import type { Origin } from './actor.ts';
import { ChannelId, ClusterName } from './ids.ts';
import { Policy } from './policy.ts';

/** `chatops.yaml`: which clusters there are and who may do what with them. Everything not allowed is denied. */
const Cluster = z
  .strictObject({
    name: ClusterName,
    /** A context of KUBECONFIG; the file's current one when neither this nor `inCluster` is given. */
    context: z.string().min(1).max(200).optional(),
    /** Use the service account of the worker's own pod. */
    inCluster: z.literal(true).optional(),
    /** Slack channels this cluster may be operated from; every channel when left out. */
    channels: z.array(ChannelId).min(1).optional(),
  })
  .refine((cluster) => !(cluster.context && cluster.inCluster), { error: 'context and inCluster exclude each other' });
export type ClusterConfig = z.infer<typeof Cluster>;

export const ChatopsConfig = z
  .strictObject({
    clusters: z.array(Cluster).min(1).max(50),
    /** Without it nothing can be changed from Slack. */
    policy: Policy.prefault({}),
  })
  .refine((config) => new Set(config.clusters.map((cluster) => cluster.name)).size === config.clusters.length, {
    error: 'two clusters have the same name',
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
