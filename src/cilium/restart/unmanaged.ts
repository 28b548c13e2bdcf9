import { z } from 'zod';
import { cidrContains } from '../facts/cidr.ts';
import type { ObjectMeta, Pod } from '../facts/kube-objects.ts';

/**
 * Pods that Cilium does not manage: on the pod network, running, and without a CiliumEndpoint of their name (an
 * endpoint is named after its pod). They keep the network another CNI gave them, policies do not apply to them, and
 * after a change of the routing mode nothing is certain about them.
 *
 * Young pods are left out, because an agent publishes an endpoint some seconds after the pod starts; pods of a node
 * without a ready agent are undecided, because nobody publishes there.
 */
const YOUNG_MS = 30_000;
const MAX_PODS = 500;
const MAX_GROUPS = 200;

export const UnmanagedPod = z
  .object({ namespace: z.string(), name: z.string(), node: z.string().optional(), ip: z.string().optional() })
  .readonly();

export const UnmanagedGroup = z
  .object({
    namespace: z.string(),
    /** `Deployment legacy-web`, `bare pod`. */
    owner: z.string(),
    pods: z.number().int(),
    reason: z.string(),
    /** What bringing them under Cilium takes. */
    remedy: z.string(),
  })
  .readonly();
export type UnmanagedGroup = z.infer<typeof UnmanagedGroup>;

export const Unmanaged = z
  .object({
    total: z.number().int(),
    pods: z.array(UnmanagedPod).readonly(),
    groups: z.array(UnmanagedGroup).readonly(),
    /** On nodes whose agent is not ready: nobody can tell. */
    undecided: z.number().int(),
    /** Without an endpoint by name alone: their bodies were not read. */
    notLookedAt: z.number().int(),
    /** Running pods on the pod network, managed or not. */
    running: z.number().int(),
  })
  .readonly();
export type Unmanaged = z.infer<typeof Unmanaged>;

export type UnmanagedQuestion = {
  /** Bodies of running pods on the pod network that have no endpoint. */
  readonly candidates: readonly Pod[];
  readonly notLookedAt: number;
  readonly running: number;
  readonly nodesWithReadyAgent: ReadonlySet<string>;
  /** Pod CIDRs of all CiliumNodes; empty when unknown. */
  readonly podCidrs: readonly string[];
  readonly installedAt: string | undefined;
  readonly asOf: string;
};

export function judgeUnmanaged(question: UnmanagedQuestion): Unmanaged {
  const real = question.candidates.filter((pod) => outsideOf(pod, question.asOf) === undefined);
  const decided = real.filter((pod) => question.nodesWithReadyAgent.has(pod.spec.nodeName ?? ''));
  const groups = new Map<string, UnmanagedGroup>();
  for (const pod of decided) {
    const found = groupOf(pod, question);
    const key = `${found.namespace}\n${found.owner}\n${found.reason}`;
    groups.set(key, { ...found, pods: (groups.get(key)?.pods ?? 0) + 1 });
  }
  return {
    total: decided.length,
    pods: decided.slice(0, MAX_PODS).map(({ metadata, spec, status }) => ({
      namespace: metadata.namespace,
      name: metadata.name,
      ...(spec.nodeName === undefined ? {} : { node: spec.nodeName }),
      ...(status.podIP === undefined ? {} : { ip: status.podIP }),
    })),
    groups: [...groups.values()].sort(byWeight).slice(0, MAX_GROUPS),
    undecided: real.length - decided.length,
    notLookedAt: question.notLookedAt,
    running: question.running,
  };
}

/** The workload a pod belongs to: a ReplicaSet stands for its Deployment, named without the template hash. */
export function ownerOfPod(metadata: ObjectMeta): { readonly kind: string; readonly name: string } | undefined {
  const owner = metadata.ownerReferences.find((each) => each.controller === true) ?? metadata.ownerReferences[0];
  if (owner?.kind !== 'ReplicaSet') return owner && { kind: owner.kind, name: owner.name };
  const hash = metadata.labels['pod-template-hash'];
  return hash !== undefined && owner.name.endsWith(`-${hash}`)
    ? { kind: 'Deployment', name: owner.name.slice(0, -hash.length - 1) }
    : { kind: owner.kind, name: owner.name };
}

/** Why a pod without an endpoint is none of Cilium's unmanaged ones; undefined when it is one. */
export function outsideOf({ metadata, spec, status }: Pod, asOf: string): string | undefined {
  if (spec.hostNetwork) return 'on the host network: Cilium has no endpoint for it';
  if (metadata.annotations['kubernetes.io/config.mirror'] !== undefined) return STATIC;
  if (metadata.ownerReferences.some((owner) => owner.kind === 'Node')) return STATIC;
  if (metadata.deletionTimestamp !== undefined) return 'being deleted already';
  if (status.phase !== 'Running') return `${status.phase}: it does not run`;
  if (status.podIP === undefined) return 'it has no address yet';
  const started = Date.parse(status.startTime ?? metadata.creationTimestamp ?? '');
  const isYoung = Date.parse(asOf) - started < YOUNG_MS;
  return isYoung ? `younger than ${YOUNG_MS / 1_000} s: its endpoint may still come` : undefined;
}

const STATIC = 'static pod: its kubelet makes it from a file, the API cannot restart it';

function groupOf(pod: Pod, question: UnmanagedQuestion): UnmanagedGroup {
  const owner = ownerOfPod(pod.metadata);
  return {
    namespace: pod.metadata.namespace,
    owner: owner === undefined ? 'bare pod' : `${owner.kind} ${owner.name}`,
    pods: 1,
    reason: reasonOf(pod, question),
    remedy: REMEDIES[owner?.kind ?? 'none'] ?? 'restart it the way its controller expects',
  };
}

const REMEDIES: Readonly<Record<string, string>> = {
  Deployment: 'a rollout restart replaces them',
  ReplicaSet: 'evicting them replaces them',
  StatefulSet: 'a rollout restart replaces them one by one',
  DaemonSet: 'a rollout restart replaces them',
  Job: 'evicting them starts the work anew',
  none: 'nobody recreates it: deleting it loses it',
};

/** Why a pod became unmanaged, as far as its age and its address tell. */
export function reasonOf(
  pod: Pod,
  { installedAt, podCidrs }: Pick<UnmanagedQuestion, 'installedAt' | 'podCidrs'>,
): string {
  const started = Date.parse(pod.status.startTime ?? '');
  const before = installedAt !== undefined && started < Date.parse(installedAt);
  const ip = pod.status.podIP ?? '';
  const foreign = podCidrs.length > 0 && !ip.includes(':') && !podCidrs.some((cidr) => cidrContains(cidr, ip));
  if (before && foreign) return 'started before Cilium; address from another CNI';
  if (before) return 'started before Cilium';
  if (foreign) return "address outside Cilium's pod CIDRs: another CNI serves this pod";
  return 'no CiliumEndpoint although it started under Cilium: look again after its agent has restarted';
}

function byWeight(left: UnmanagedGroup, right: UnmanagedGroup): number {
  return right.pods - left.pods || left.namespace.localeCompare(right.namespace);
}
