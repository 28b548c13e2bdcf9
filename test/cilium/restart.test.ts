import { describe, expect, it } from 'vitest';
import { DisruptionBudget, neverGivesWay, selects } from '../../src/cilium/restart/restart-budgets.ts';
import { judgePods, type Owner, ownerKey, RestartPod } from '../../src/cilium/restart/restart-pods.ts';
import { judgeOwner, type SeenPod, turnOf } from '../../src/cilium/restart/restart-progress.ts';
import { type RestartOwner, toOwners } from '../../src/cilium/restart/restart-work.ts';
import type { RoutingSwitch, StaleRule } from '../../src/cilium/restart/stale-mtu.ts';

const asOf = '2026-11-22T12:00:00Z';
const OF_WEB = [{ kind: 'ReplicaSet', name: 'web-5d4f', controller: true }];

function aPod(over: { metadata?: object; spec?: object; status?: object } = {}) {
  const labels = { app: 'web', 'pod-template-hash': '5d4f' };
  return RestartPod.parse({
    metadata: { name: 'web-1', namespace: 'shop', uid: 'u1', labels, ownerReferences: OF_WEB, ...over.metadata },
    spec: { nodeName: 'node1', ...over.spec },
    status: { phase: 'Running', podIP: '10.244.1.2', startTime: '2026-11-22T11:00:00Z', ...over.status },
  });
}

const aDeployment: Owner = { namespace: 'shop', kind: 'Deployment', name: 'web', size: 4 };

/** A switch to native routing around the start of the agent; the pods started an hour before noon. */
const OLD = 'quay.io/cilium/cilium:v1.16.5';
const AGENT_AT = '2026-11-22T11:40:00Z';
const NONE: StaleRule = { type: 'none', why: 'agents of 1.19.0 rewrite the routes of running pods themselves' };
const ONCE: RoutingSwitch = {
  run: 'run-aaaaaa',
  at: '2026-11-22T11:39:00Z',
  until: '2026-11-22T11:41:00Z',
  from: 'tunnel',
  to: 'native',
};
const SWITCHED: StaleRule = { type: 'recorded', mode: 'native', bytes: -50, switches: [ONCE] };
const UNRECORDED: StaleRule = { type: 'unrecorded', mode: 'native', bytes: -50 };

type Over = {
  owners?: Owner[];
  budgets?: object[];
  ready?: string[];
  includeBare?: boolean;
  includeJobs?: boolean;
  managed?: boolean;
  stale?: StaleRule;
  image?: string;
};

function judge(pod: RestartPod, over: Over = {}) {
  const owners = over.owners ?? [aDeployment];
  const [verdict] = judgePods({
    pods: [pod],
    owners: new Map(owners.map((owner) => [ownerKey(owner), owner])),
    budgets: (over.budgets ?? []).map((each) => DisruptionBudget.parse(each)),
    agents: new Map((over.ready ?? ['node1']).map((node) => [node, { image: over.image ?? OLD, startedAt: AGENT_AT }])),
    managed: new Set(over.managed === true ? ['shop/web-1'] : []),
    stale: over.stale ?? NONE,
    podCidrs: ['10.0.0.0/16'],
    installedAt: '2026-11-22T11:30:00Z',
    asOf,
    includeBare: over.includeBare ?? false,
    includeJobs: over.includeJobs ?? false,
  });
  return verdict;
}

function aBudget(
  name: string,
  status: object = { disruptionsAllowed: 1, currentHealthy: 4, desiredHealthy: 3, expectedPods: 4 },
) {
  return {
    metadata: { name, namespace: 'shop' },
    spec: { minAvailable: 3, selector: { matchLabels: { app: 'web' } } },
    status,
  };
}

const bare = aPod({ metadata: { ownerReferences: [] } });
const ofJob = aPod({ metadata: { ownerReferences: [{ kind: 'Job', name: 'etl' }] } });
const job: Owner = { namespace: 'shop', kind: 'Job', name: 'etl', size: 1 };

describe('a pod without an endpoint', () => {
  it.each([
    { when: 'its Deployment recreates it', pod: aPod(), over: {}, want: 'started before Cilium' },
    { when: 'a budget lets one go', pod: aPod(), over: { budgets: [aBudget('a')] }, want: 'started before Cilium' },
    {
      when: 'it is bare and that was asked for',
      pod: bare,
      over: { includeBare: true },
      want: 'started before Cilium',
    },
    {
      when: 'it is a Job and that was asked for',
      pod: ofJob,
      over: { owners: [job], includeJobs: true },
      want: 'started',
    },
    {
      when: 'a DaemonSet recreates it',
      pod: aPod({ metadata: { ownerReferences: [{ kind: 'DaemonSet', name: 'log' }] } }),
      over: { owners: [{ namespace: 'shop', kind: 'DaemonSet', name: 'log', size: 3 }] },
      want: 'started before Cilium',
    },
  ])('is restarted when $when', ({ pod, over, want }) => {
    expect(judge(pod, over)).toMatchObject({ included: true, why: expect.stringContaining(want) });
  });

  it.each([
    { when: 'nobody recreates it', pod: bare, over: {}, want: 'nobody would recreate it' },
    { when: 'its owner is gone', pod: aPod(), over: { owners: [] }, want: 'Deployment web is gone' },
    { when: 'it works for a Job', pod: ofJob, over: { owners: [job] }, want: '--include-jobs' },
    { when: 'its node has no agent', pod: aPod(), over: { ready: ['node2'] }, want: 'node node1 has no ready agent' },
    {
      when: 'two budgets select it',
      pod: aPod(),
      over: { budgets: [aBudget('a'), aBudget('b')] },
      want: 'shop/a and shop/b',
    },
    {
      when: 'its budget never gives way',
      pod: aPod(),
      over: {
        budgets: [aBudget('a', { disruptionsAllowed: 0, currentHealthy: 4, desiredHealthy: 4, expectedPods: 4 })],
      },
      want: 'needs 4 healthy pods and has 4',
    },
  ])('stays, and is told, when $when', ({ pod, over, want }) => {
    expect(judge(pod, over)).toMatchObject({ included: false, stays: true, why: expect.stringContaining(want) });
  });

  it.each([
    { when: 'being deleted', pod: aPod({ metadata: { deletionTimestamp: asOf } }), want: 'being deleted' },
    {
      when: 'a mirror pod',
      pod: aPod({ metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } }),
      want: 'static',
    },
    { when: 'young', pod: aPod({ status: { startTime: '2026-11-22T11:59:50Z' } }), want: 'younger than 30 s' },
    { when: 'finished', pod: aPod({ status: { phase: 'Succeeded' } }), want: 'does not run' },
  ])('is none of Cilium’s when $when', ({ pod, want }) => {
    expect(judge(pod)).toMatchObject({ included: false, stays: false, why: expect.stringContaining(want) });
  });
});

describe('a disruption budget', () => {
  it.each([
    { when: 'an empty selector', selector: {}, want: true },
    { when: 'no selector', selector: undefined, want: false },
    {
      when: 'an expression that holds',
      selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] },
      want: true,
    },
    {
      when: 'an expression that does not',
      selector: { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] },
      want: false,
    },
  ])('selects by $when: $want', ({ selector, want }) => {
    const budget = DisruptionBudget.parse({ metadata: { name: 'a' }, spec: { selector } });
    expect(selects(budget, { app: 'web' })).toBe(want);
  });

  it('may give way once its pods are healthy again', () => {
    const status = { disruptionsAllowed: 0, currentHealthy: 3, desiredHealthy: 3, expectedPods: 4 };
    expect(neverGivesWay(DisruptionBudget.parse(aBudget('a', status)))).toBe(false);
  });
});

describe('a managed pod on old agents', () => {
  const late = aPod({ status: { startTime: '2026-11-22T11:50:00Z' } });
  it.each([
    { when: 'it started before its agent switched', pod: aPod(), over: {}, want: 'route MTU 50 bytes below' },
    { when: 'it started after its agent switched', pod: late, over: {}, want: undefined },
    {
      when: 'its own agent is newer than the others',
      pod: aPod(),
      over: { image: 'quay.io/cilium/cilium:v1.17.0' },
      want: undefined,
    },
    { when: 'its agent names no version', pod: aPod(), over: { image: 'mirror/cilium@sha256:00' }, want: undefined },
    {
      when: 'nobody wrote the switch down, and it is older than its agent',
      pod: aPod(),
      over: { stale: UNRECORDED },
      want: 'perhaps route MTU 50 bytes below',
    },
    {
      when: 'nobody wrote the switch down, and it is younger',
      pod: late,
      over: { stale: UNRECORDED },
      want: undefined,
    },
    { when: 'routes have one MTU in both modes', pod: aPod(), over: { stale: NONE }, want: undefined },
    { when: 'it is on the host network', pod: aPod({ spec: { hostNetwork: true } }), over: {}, want: undefined },
  ])('$when: restarted: $want', ({ pod, over, want }) => {
    const verdict = judge(pod, { managed: true, stale: SWITCHED, ...over });

    expect(verdict?.included).toBe(want !== undefined);
    expect(verdict?.about).toBe('stale-mtu');
    if (want !== undefined) expect(verdict?.why).toContain(want);
    else expect(verdict?.stays).toBe(false);
  });

  it.each([
    { when: 'it is bare', pod: bare, over: {}, why: 'bare pod' },
    { when: 'its node has no ready agent', pod: aPod(), over: { ready: [] }, why: 'no ready agent' },
    {
      when: 'its budget never gives way',
      pod: aPod(),
      over: { budgets: [aBudget('a', { currentHealthy: 4, desiredHealthy: 4, expectedPods: 4 })] },
      why: 'it never lets one go',
    },
  ])('is left alone, and said so, when $when', ({ pod, over, why }) => {
    const verdict = judge(pod, { managed: true, stale: SWITCHED, ...over });

    expect(verdict).toMatchObject({ included: false, stays: true, why: expect.stringContaining(why) });
  });
});

describe('how many may be away at once', () => {
  it.each([
    { when: 'a Deployment of 8 without a budget', kind: 'Deployment', size: 8, want: 2 },
    { when: 'a Deployment of 3 without a budget', kind: 'Deployment', size: 3, want: 1 },
    { when: 'a StatefulSet', kind: 'StatefulSet', size: 8, want: 1 },
    {
      when: 'a Deployment with a budget: the server decides',
      kind: 'Deployment',
      size: 8,
      budgets: ['shop/a'],
      want: 3,
    },
  ])('$when: $want', ({ kind, size, budgets = [], want }) => {
    const pods = ['1', '2', '3'].map((uid) => ({
      ...{ namespace: 'shop', name: `web-${uid}`, uid, node: 'node1', ip: '', owner: `${kind} web`, included: true },
      ...{ about: 'unmanaged' as const, why: '', stays: false, graceS: 30, localData: false, budgets },
    }));
    const owner: Owner = { namespace: 'shop', kind, name: 'web', size };

    expect(toOwners(pods, new Map([[ownerKey(owner), owner]]))[0]?.atOnce).toBe(want);
  });
});

describe('an owner under restart', () => {
  const owner: RestartOwner = {
    ...{ namespace: 'shop', kind: 'Deployment', name: 'web', size: 3, atOnce: 1, graceS: 30 },
    pods: ['a', 'b', 'c'].map((uid) => [`web-${uid}`, uid] as const),
  };
  const pod = (uid: string, more: Partial<SeenPod> = {}): SeenPod => ({
    ...{ name: `web-${uid}`, uid, owner: 'k', ready: true, terminating: false, finished: false, managed: false },
    ...more,
  });
  const fresh = (uid: string, more: Partial<SeenPod> = {}) => pod(uid, { managed: true, ...more });

  it.each([
    { when: 'nothing happened yet', seen: [pod('a'), pod('b'), pod('c')], want: { done: 0, away: 0, turn: ['c'] } },
    {
      when: 'one is ending',
      seen: [pod('a'), pod('b'), pod('c', { terminating: true }), fresh('x', { ready: false })],
      want: { done: 0, away: 1, turn: [] },
    },
    { when: 'its successor is not made yet', seen: [pod('a'), pod('b')], want: { done: 0, away: 1, turn: [] } },
    {
      when: 'its successor has no endpoint yet',
      seen: [pod('a'), pod('b'), pod('x')],
      want: { done: 0, away: 1, turn: [] },
    },
    { when: 'its successor is ready', seen: [pod('a'), pod('b'), fresh('x')], want: { done: 1, away: 0, turn: ['b'] } },
    {
      when: 'an agent took one over meanwhile',
      seen: [fresh('a'), pod('b'), fresh('x')],
      want: { done: 2, away: 0, turn: ['b'] },
    },
  ])('when $when', ({ seen, want }) => {
    const state = judgeOwner(owner, 3, seen);

    expect({ done: state.done, away: state.away, turn: turnOf(owner, state).map(({ uid }) => uid) }).toEqual(want);
    expect(state.finished).toBe(false);
  });

  it('is due although Cilium manages it, when its route MTU is stale, and its successor is not', () => {
    const state = judgeOwner({ ...owner, evictManaged: true }, 3, [fresh('a'), fresh('b'), fresh('x')]);

    expect(state.due.map(({ uid }) => uid)).toEqual(['a', 'b']);
    expect(state).toMatchObject({ done: 1, away: 0, finished: false });
  });

  it('is finished when every pod it wants is ready with its endpoint', () => {
    expect(
      judgeOwner(
        owner,
        3,
        ['x', 'y', 'z'].map((uid) => fresh(uid)),
      ),
    ).toMatchObject({ done: 3, finished: true });
  });

  it('is finished with fewer pods when it wants fewer by now', () => {
    expect(judgeOwner(owner, 2, [fresh('x'), fresh('y')])).toMatchObject({ done: 3, finished: true });
  });
});
