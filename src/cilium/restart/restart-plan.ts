import { createHash } from 'node:crypto';
import type { Check } from '../../core/run/check.ts';
import type { Plan } from '../../core/run/plan.ts';
import type { SelfPath } from '../../core/self-path.ts';
import { clip, count, listed, tally } from '../facts/text.ts';
import { budgetName, budgetWords, type DisruptionBudget } from './restart-budgets.ts';
import type { Verdict } from './restart-pods.ts';
import { ownerWords, type RestartOwner, type RestartWork } from './restart-work.ts';
import { noneStale, type StaleRule, staleCost } from './stale-mtu.ts';

export type RestartFacts = {
  readonly verdicts: readonly Verdict[];
  readonly notLookedAt: number;
  readonly running: number;
  readonly finished: number;
  readonly budgets: readonly DisruptionBudget[];
  readonly sharesCni: boolean;
  readonly stale: StaleRule;
};

/** The plan as people read it: counts first, then who is down and for how long, then what is left alone. */
export function toRestartPlan(facts: RestartFacts, work: RestartWork, self?: SelfPath): Plan {
  return {
    title: clip(`restart ${whichPods(facts)} of ${count(work.owners.length, 'owner')}`, 80),
    effect: effectOf(facts, work),
    changes: [],
    checks: [...checksOf(facts, work), ...ownCheck(work, self)],
    words: { checks: 'Checks', unchanged: 'Templates and settings stay as they are' },
    wayBack: 'none is needed: the same workloads run from the same templates; cancelling stops further evictions',
    pinned: pinnedOf(facts, work),
    work,
  };
}

/** `4 unmanaged pods`, `4 unmanaged pods and 20 with a stale MTU`, `20 pods with a stale MTU`. */
function whichPods({ verdicts }: RestartFacts): string {
  const included = verdicts.filter((verdict) => verdict.included);
  const stale = included.filter(({ about }) => about === 'stale-mtu').length;
  const unmanaged = included.length - stale;
  if (stale === 0) return count(unmanaged, 'unmanaged pod');
  const both = unmanaged === 0 ? '' : `${count(unmanaged, 'unmanaged pod')} and `;
  return `${both}${unmanaged === 0 ? count(stale, 'pod') : stale.toLocaleString('en-US')} with a stale MTU`;
}

function effectOf(facts: RestartFacts, { owners }: RestartWork): string[] {
  const groups = owners.map((owner) => `${ownerWords(owner)} ${owner.pods.length}${limitWords(owner)}`);
  const left = facts.verdicts.filter(({ stays }) => stays);
  const kinds = tally(left.map(({ why }) => short(why))).map(([why, number]) => `${number} ${why}`);
  return [
    clip(`evicted through the API, budgets are kept: ${listed(groups, 4)}`, 400),
    clip(downWords(owners), 400),
    ...(left.length === 0 ? [] : [clip(`Left alone: ${listed(kinds, 3)} (reasons in the full list)`, 400)]),
  ];
}

/** `, 1 at a time`, `, within budget legacy/legacy-web`. */
function limitWords({ budget, atOnce, pods, size }: RestartOwner): string {
  if (budget !== undefined) return ` (within budget ${budget})`;
  if (size === 0) return ' (deleted for good)';
  return pods.length > atOnce ? ` (${atOnce} at a time)` : '';
}

function downWords(owners: readonly RestartOwner[]): string {
  const graceS = Math.max(0, ...owners.map((owner) => owner.graceS));
  const alone = singles(owners);
  const each = `Each pod is away while it stops (at most ${graceS} s) and its successor starts`;
  return alone.length === 0
    ? `${each}; no workload goes down as a whole`
    : `${each}; down as a whole meanwhile: ${listed(alone.map(ownerWords), 4)}`;
}

function singles(owners: readonly RestartOwner[]): readonly RestartOwner[] {
  return owners.filter(({ size, kind }) => size === 1 && kind !== 'Job' && kind !== 'Pod');
}

/** A reason without its example or its names, to count by. */
function short(why: string): string {
  if (why.startsWith('PodDisruptionBudget')) return 'kept by a disruption budget';
  if (why.startsWith('node ')) return 'on a node without a ready agent';
  if (why.startsWith('its ')) return 'whose owner is gone';
  return why.replace(/[:(].*$/, '').trim();
}

type Answer = Pick<Check, 'verdict' | 'evidence'>;

function checksOf(facts: RestartFacts, work: RestartWork): Check[] {
  const included = facts.verdicts.filter((verdict) => verdict.included);
  const left = facts.verdicts.filter(({ stays }) => stays);
  const blocked = left.filter(({ why }) => why.startsWith('PodDisruptionBudget'));
  const blind = left.filter(({ why }) => why.startsWith('node '));
  const local = included.filter(({ localData }) => localData);
  const none = (verdicts: readonly unknown[], good: string, bad: string): Answer =>
    verdicts.length === 0 ? { verdict: 'pass', evidence: good } : { verdict: 'warn', evidence: clip(bad, 600) };
  const alone = singles(work.owners);
  return [
    {
      id: 'disruption-budgets',
      title: 'Disruption budgets give way',
      ...none(
        blocked,
        budgetEvidence(facts, work),
        listed(
          tally(blocked.map(({ why }) => why)).map(([why, number]) => `${why} (${count(number, 'pod')})`),
          4,
        ),
      ),
      why: 'the API server refuses evictions that a budget does not allow',
      fix: 'scale the workload up or loosen the budget, then ask again',
    },
    {
      id: 'node-agents',
      title: 'Agents ready where the pods run',
      ...none(blind, 'every one of them', listed(blind.map(nameWords), 6)),
      why: 'without an agent a new pod gets no endpoint either',
      fix: 'bring the agent of that node back first: /cilium status',
    },
    {
      id: 'single-replicas',
      title: 'Nothing goes down as a whole',
      ...none(alone, 'every workload keeps running pods', `single replicas: ${listed(alone.map(ownerWords), 8)}`),
      why: 'a workload with one pod is down until its successor is ready',
      fix: 'scale it up before, where it can run twice',
    },
    {
      id: 'local-storage',
      title: 'No data on the node is lost',
      ...none(
        local,
        'none of them has an emptyDir or hostPath volume',
        `emptyDir or hostPath: ${listed(local.map(nameWords), 8)}`,
      ),
      why: 'what a pod wrote to an emptyDir is deleted with it, a hostPath stays on its node',
      fix: 'look whether it is a cache or data',
    },
    leftAlone(facts),
    causeCheck(facts),
    ...(work.staleMtu ? [staleCheck(facts)] : []),
  ];
}

function budgetEvidence({ budgets }: RestartFacts, { owners }: RestartWork): string {
  const asked = new Set(owners.flatMap(({ budget }) => budget ?? []));
  const words = budgets
    .filter((each) => asked.has(budgetName(each)))
    .map((each) => `${budgetName(each)} (${budgetWords(each)})`);
  return words.length === 0 ? 'none applies: at most a quarter of a workload at a time' : clip(listed(words, 8), 600);
}

function leftAlone({ verdicts }: RestartFacts): Check {
  const left = verdicts.filter(({ why, stays }) => stays && !/^(PodDisruptionBudget|node )/.test(why));
  const evidence =
    left.length === 0
      ? 'every one of them has somebody to recreate it'
      : listed(
          left.map((each) => `${nameWords(each)}: ${each.why}`),
          4,
        );
  return {
    id: 'left-alone',
    title: 'Pods that are left alone',
    verdict: left.length === 0 ? 'pass' : 'warn',
    evidence: clip(evidence, 600),
    why: 'they stay as they are: unmanaged ones without policy and without a way to pods of other nodes',
    fix: left.length === 0 ? '' : 'for a bare pod: `kubectl get pod <name> -o yaml`, delete it, create it again',
  };
}

export const PREVENTION =
  'create nodes with the taint node.cilium.io/agent-not-ready=true:NoExecute: no pod starts before the agent, which removes it';

function causeCheck({ verdicts, sharesCni }: RestartFacts): Check {
  const unmanaged = verdicts.filter(({ included, about }) => included && about === 'unmanaged');
  const causes = tally(unmanaged.map(({ why }) => why));
  const shared = sharesCni ? '; cni-exclusive is off, so another CNI configuration may still be taken' : '';
  return {
    id: 'cause',
    title: 'Why they are unmanaged',
    verdict: sharesCni ? 'warn' : 'pass',
    evidence: clip(`${causes.map(([why, number]) => `${number}: ${why}`).join('; ') || 'none is'}${shared}`, 600),
    why: 'pods that start while no agent is ready on their node get their network from whatever CNI is there',
    fix: PREVENTION,
  };
}

/** No API tells a pod's route MTU: what the list rests on, where nobody wrote down when the mode changed. */
function staleCheck({ verdicts, stale }: RestartFacts): Check {
  const included = verdicts.filter(({ included: goes, about }) => goes && about === 'stale-mtu');
  const reasons = tally(included.map(({ why }) => why)).map(([why, number]) => `${number}: ${why}`);
  const isGuess = stale.type === 'unrecorded' && included.length > 0;
  return {
    id: 'stale-mtu',
    title: 'Route MTU of running pods',
    verdict: isGuess ? 'warn' : 'pass',
    evidence: clip(reasons.length === 0 ? noneStale(stale) : reasons.join('; '), 600),
    why: stale.type === 'none' ? 'agents before 1.17 write it once, when a pod starts' : staleCost(stale),
    fix: isGuess ? 'when every pod is younger than the last change of the mode, leave --stale-mtu out' : '',
  };
}

/** Managed pods may be this bot's own: nothing is lost by that, and somebody should know why it is quiet for a while. */
function ownCheck({ staleMtu }: RestartWork, self: SelfPath | undefined): Check[] {
  const own = [
    ...(self?.network === 'pod' ? ['this worker'] : []),
    ...(self?.store === 'in-cluster' ? [`its store ${self.storeHost ?? ''}`.trim()] : []),
  ];
  if (!staleMtu || own.length === 0) return [];
  return [
    {
      id: 'own-pods',
      title: 'The bot itself stays up',
      verdict: 'warn',
      evidence: `${own.join(' and ')} may be among the pods`,
      why: 'the run pauses until they are back, and goes on from what the cluster says then',
      fix: 'leave out their namespace: one run per namespace, with -n',
    },
  ];
}

/** What voids an approval when it changes. Health of budgets is none of it: that is waited for. */
function pinnedOf(
  { verdicts, budgets }: RestartFacts,
  { owners, includeBare, includeJobs, staleMtu }: RestartWork,
): Record<string, string> {
  const uids = owners.flatMap(({ pods }) => pods.map(([, uid]) => uid)).sort();
  const fingerprint = createHash('sha256').update(uids.join('\n')).digest('hex').slice(0, 12);
  const asked = new Set(verdicts.filter(({ included }) => included).flatMap((each) => each.budgets));
  const limits = budgets
    .filter((each) => asked.has(budgetName(each)))
    .map((each) => `${budgetName(each)} ${budgetWords(each)}`);
  return {
    'pods to restart': `${uids.length} (${fingerprint})`,
    owners: clip(
      owners
        .map((owner) => `${ownerWords(owner)} ${owner.pods.length}/${owner.size}`)
        .sort()
        .join(', '),
      2_000,
    ),
    'disruption budgets': clip(limits.sort().join(', '), 2_000),
    'bare pods and Jobs': `${includeBare ? 'bare' : 'no bare'}, ${includeJobs ? 'Jobs' : 'no Jobs'}`,
    ...(staleMtu ? { 'stale MTU': 'pods with one, too' } : {}),
  };
}

function nameWords({ namespace, name }: Verdict): string {
  return `${namespace}/${name}`;
}

/** Every pod looked at, by owner, with its reason: `-` goes, `+` comes, a blank stays. */
export function podList({ verdicts, finished, notLookedAt }: RestartFacts, { owners }: RestartWork): string {
  const byUid = new Map(verdicts.map((verdict) => [verdict.uid, verdict]));
  const going = owners.flatMap((owner) => [
    `@@ ${ownerWords(owner)}: ${owner.pods.length} of ${Math.max(owner.size, owner.pods.length)}${limitWords(owner)}, stops within ${owner.graceS} s @@`,
    ...owner.pods.map(([name, uid]) => {
      const verdict = byUid.get(uid);
      return `- ${owner.namespace}/${name}  ${verdict?.node ?? ''} ${verdict?.ip ?? ''}  ${verdict?.why ?? ''}`;
    }),
    owner.size === 0
      ? '  (nobody recreates it)'
      : `+ ${count(owner.pods.length, 'pod')} made by ${owner.kind} ${owner.name}`,
  ]);
  const staying = verdicts.filter(({ included }) => !included);
  return [
    ...going,
    ...(staying.length === 0 ? [] : ['@@ not restarted @@']),
    ...staying.map((each) => `  ${nameWords(each)}  ${each.owner}  ${each.why}`),
    `  ${count(finished, 'finished pod')}: no endpoint, and no need of one`,
    ...(notLookedAt === 0 ? [] : [`  ${count(notLookedAt, 'more pod')} not looked at: another run after this one`]),
    '',
  ].join('\n');
}
