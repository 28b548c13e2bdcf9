import { z } from 'zod';
import { StaleMtu } from '../restart/stale-mtu.ts';
import { Unmanaged } from '../restart/unmanaged.ts';
import { AgentView } from './agent-view.ts';
import { Datapath } from './datapath.ts';
import { Feature } from './feature.ts';
import { NodeHealth } from './node-health.ts';

/**
 * Everything `status` found, for machines: `--output json`. `schemaVersion` changes when a field changes its meaning
 * or goes away. Times are ISO 8601, versions and kernels as the cluster writes them.
 */
export const Owner = z
  .object({
    type: z.enum(['helm', 'argo-cd', 'flux', 'helm-chart', 'managed', 'cilium-cli', 'none', 'unknown']),
    name: z.string(),
  })
  .readonly();
export type Owner = z.infer<typeof Owner>;

/** A part of the answer that could not be had, and why. */
export const Missing = z.object({ part: z.string(), why: z.string(), code: z.string().optional() }).readonly();
export type Missing = z.infer<typeof Missing>;

export const NodeState = z
  .object({
    name: z.string(),
    ready: z.enum(['yes', 'no', 'unknown']),
    /** When the Ready condition last changed. */
    since: z.string().optional(),
    kernel: z.string(),
    kubelet: z.string(),
  })
  .readonly();
export type NodeState = z.infer<typeof NodeState>;

export const AgentAnswer = z
  .discriminatedUnion('state', [
    z.object({ state: z.literal('answered'), at: z.string(), view: AgentView }),
    z.object({ state: z.literal('failed'), why: z.string() }),
    /** Not ready, outside the sample, or out of time. */
    z.object({ state: z.literal('not-asked'), why: z.string() }),
  ])
  .readonly();
export type AgentAnswer = z.infer<typeof AgentAnswer>;

export const AgentState = z
  .object({
    node: z.string(),
    pod: z.string(),
    ready: z.boolean(),
    restarts: z.number().int(),
    /** CrashLoopBackOff, ImagePullBackOff, Terminating, …: why it is not running. */
    trouble: z.string().optional(),
    startedAt: z.string().optional(),
    image: z.string(),
    answer: AgentAnswer,
  })
  .readonly();
export type AgentState = z.infer<typeof AgentState>;

export const Workload = z
  .object({ name: z.string(), desired: z.number(), ready: z.number(), restarts: z.number().optional() })
  .readonly();
export type Workload = z.infer<typeof Workload>;

export const Release = z
  .object({
    name: z.string(),
    namespace: z.string(),
    revision: z.number().optional(),
    status: z.string().optional(),
    /** When the newest revision was written. */
    changedAt: z.string().optional(),
    chart: z.string().optional(),
    /** Why the rest is unknown: `no right to read Secrets`. */
    note: z.string().optional(),
  })
  .readonly();
export type Release = z.infer<typeof Release>;

export const Installation = z
  .object({
    namespace: z.string(),
    daemonSet: z.string(),
    installedAt: z.string().optional(),
    version: z.string().optional(),
    desired: z.number(),
    ready: z.number(),
    updated: z.number(),
    /** The DaemonSet controller has seen the newest template. */
    observed: z.boolean(),
    owner: Owner,
    release: Release.optional(),
    operator: Workload.optional(),
    relay: Workload.optional(),
    envoy: Workload.optional(),
    configured: Datapath.optional(),
    /** Settings of cilium-config that are not what the newest Helm revision rendered. Either value is absent for none. */
    edited: z
      .array(z.object({ key: z.string(), helm: z.string().optional(), now: z.string().optional() }).readonly())
      .readonly()
      .optional(),
    /** The settings of cilium-config that the answer rests on. */
    settings: z.record(z.string(), z.string()),
  })
  .readonly();
export type Installation = z.infer<typeof Installation>;

export const StatusData = z
  .object({
    schemaVersion: z.literal(1),
    cluster: z.string(),
    asOf: z.string(),
    kubernetes: z.string().optional(),
    cilium: z.enum(['installed', 'absent', 'unknown']),
    missing: z.array(Missing).readonly(),
    nodes: z.array(NodeState).readonly(),
    /** Names of nodes that were asked for by name; empty when all were. */
    chosen: z.array(z.string()).readonly(),
    installation: Installation.optional(),
    agents: z.array(AgentState).readonly(),
    /** Agents left out of a big cluster's list, because they say the same as the one on node `like`. */
    leftOut: z
      .array(z.object({ agents: z.number().int(), like: z.string() }).readonly())
      .readonly()
      .optional(),
    features: z.array(Feature).readonly(),
    health: z.array(NodeHealth).readonly(),
    unmanaged: Unmanaged.optional(),
    /** Only where agents leave the routes of running pods alone, and a switch of the mode is written down. */
    staleMtu: StaleMtu.optional(),
  })
  .readonly();
export type StatusData = z.infer<typeof StatusData>;
