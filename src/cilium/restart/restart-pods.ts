import { z } from 'zod';
import { ObjectMeta, Pod } from '../facts/kube-objects.ts';
import { versionOfImage } from '../facts/versions.ts';
import { budgetName, type DisruptionBudget, neverGivesWay, selects } from './restart-budgets.ts';
import { bytesWords, keepsRoutes, mayBeStale, type StaleRule } from './stale-mtu.ts';
import { outsideOf, ownerOfPod, reasonOf } from './unmanaged.ts';

/**
 * Which pods without a CiliumEndpoint are restarted, and for each one why or why not. The definition is that of
 * `unmanaged.ts`; what is added here is whether restarting helps, and whether anybody would recreate the pod. Managed
 * pods come in too where those with a stale route MTU were asked for (`stale-mtu.ts`).
 */
const Volume = z.object({ emptyDir: z.unknown().optional(), hostPath: z.unknown().optional() });

export const RestartPod = Pod.extend({
  metadata: ObjectMeta.extend({ uid: z.string() }),
  spec: Pod.shape.spec.unwrap().extend({
    terminationGracePeriodSeconds: z.number().catch(30).default(30),
    volumes: z.array(Volume).catch([]).default([]),
  }),
});
export type RestartPod = z.infer<typeof RestartPod>;

/** Whoever recreates a pod; `size` is how many pods it wants, undefined when nobody could say. */
export type Owner = {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly size: number | undefined;
};

export type Verdict = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly ip: string;
  /** `Deployment legacy-web`, `bare pod`. */
  readonly owner: string;
  /** `stale-mtu`: it is managed, and asked about for its route MTU. */
  readonly about: 'unmanaged' | 'stale-mtu';
  readonly included: boolean;
  /** Why it is in the list, or why not. */
  readonly why: string;
  /** Nobody can restart it by asking again: it stays unmanaged. Not set for pods that need no restart. */
  readonly stays: boolean;
  readonly graceS: number;
  readonly localData: boolean;
  readonly budgets: readonly string[];
};

export type PodQuestion = {
  readonly pods: readonly RestartPod[];
  /** By `ownerKey`; a missing one is gone, and recreates nothing. */
  readonly owners: ReadonlyMap<string, Owner>;
  readonly budgets: readonly DisruptionBudget[];
  /** Ready ones, by node. */
  readonly agents: ReadonlyMap<string, Agent>;
  /** Pods that have an endpoint, as `namespace/name`. */
  readonly managed: ReadonlySet<string>;
  readonly stale: StaleRule;
  readonly podCidrs: readonly string[];
  readonly installedAt: string | undefined;
  readonly asOf: string;
  readonly includeBare: boolean;
  readonly includeJobs: boolean;
};

export type Agent = { readonly image: string; readonly startedAt?: string | undefined };

export function ownerKey({ namespace, kind, name }: Pick<Owner, 'namespace' | 'kind' | 'name'>): string {
  return `${namespace}/${kind}/${name}`;
}

export function judgePods(question: PodQuestion): readonly Verdict[] {
  return question.pods.map((pod) => judgePod(pod, question));
}

function judgePod(pod: RestartPod, question: PodQuestion): Verdict {
  const { metadata, spec, status } = pod;
  const owner = ownerOfPod(metadata);
  const budgets = question.budgets.filter(
    (budget) => budget.metadata.namespace === metadata.namespace && selects(budget, metadata.labels),
  );
  const isManaged = question.managed.has(`${metadata.namespace}/${metadata.name}`);
  const out = notJudged(pod, question) ?? (isManaged ? notStale(pod, question) : undefined);
  const left = out ?? notRestarted(pod, question, budgets);
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    node: spec.nodeName ?? '',
    ip: status.podIP ?? '',
    owner: owner === undefined ? 'bare pod' : `${owner.kind} ${owner.name}`,
    about: isManaged ? 'stale-mtu' : 'unmanaged',
    included: left === undefined,
    why: left?.why ?? (isManaged ? staleReason(question) : reasonOf(pod, question)),
    stays: left?.stays ?? false,
    graceS: spec.terminationGracePeriodSeconds,
    localData: spec.volumes.some(({ emptyDir, hostPath }) => emptyDir !== undefined || hostPath !== undefined),
    budgets: budgets.map(budgetName),
  };
}

type Out = { readonly why: string; readonly stays: boolean };

/** No pod of Cilium's to restart, or nobody can tell. */
function notJudged(pod: RestartPod, { asOf, agents }: PodQuestion): Out | undefined {
  const why = outsideOf(pod, asOf);
  if (why !== undefined) return { why, stays: false };
  if (agents.has(pod.spec.nodeName ?? '')) return undefined;
  return {
    why: `node ${pod.spec.nodeName ?? '(none)'} has no ready agent: nobody can tell, and a new pod would fare no better`,
    stays: true,
  };
}

/** By its name and its age it could have been; its node's agent and its start say otherwise. */
function notStale({ spec, status, metadata }: RestartPod, { agents, stale }: PodQuestion): Out | undefined {
  const agent = agents.get(spec.nodeName ?? '');
  const keeps = keepsRoutes(versionOfImage(agent?.image ?? '')?.text ?? '');
  const started = status.startTime ?? metadata.creationTimestamp;
  if (keeps && mayBeStale(stale, started, agent?.startedAt)) return undefined;
  return { why: 'its route MTU is that of new pods', stays: false };
}

function staleReason({ stale }: PodQuestion): string {
  if (stale.type === 'none') return 'stale route MTU';
  const words = `route MTU ${bytesWords(stale)} that of new pods`;
  return stale.type === 'recorded'
    ? `${words}: from before the last switch`
    : `perhaps ${words}: older than its agent, and no switch is written down`;
}

/** To be restarted, but left alone. */
function notRestarted(pod: RestartPod, question: PodQuestion, budgets: readonly DisruptionBudget[]): Out | undefined {
  const { metadata } = pod;
  const owner = ownerOfPod(metadata);
  if (owner === undefined) return question.includeBare ? undefined : { why: BARE, stays: true };
  const known = question.owners.has(ownerKey({ namespace: metadata.namespace, ...owner }));
  if (!known && !question.includeBare)
    return {
      why: `its ${owner.kind} ${owner.name} is gone, so nobody would recreate it (--include-bare)`,
      stays: true,
    };
  if (owner.kind === 'Job' && !question.includeJobs) return { why: JOB, stays: true };
  return forbidden(budgets);
}

const BARE = 'bare pod: nobody would recreate it (--include-bare deletes it for good)';
const JOB = 'running Job: its work would start anew and may count as a failure (--include-jobs)';

function forbidden(budgets: readonly DisruptionBudget[]): Out | undefined {
  const [first, second] = budgets;
  if (first === undefined) return undefined;
  if (second !== undefined) {
    const names = budgets.map(budgetName).join(' and ');
    return { why: `PodDisruptionBudgets ${names} select it both: the API server evicts no such pod`, stays: true };
  }
  if (!neverGivesWay(first)) return undefined;
  const { desiredHealthy, currentHealthy } = first.status;
  const why = `PodDisruptionBudget ${budgetName(first)} needs ${desiredHealthy} healthy pods and has ${currentHealthy}: it never lets one go`;
  return { why, stays: true };
}
