import { describe, expect, it } from 'vitest';
import { cidrContains } from '../../src/cilium/facts/cidr.ts';
import { Pod } from '../../src/cilium/facts/kube-objects.ts';
import { judgeUnmanaged } from '../../src/cilium/restart/unmanaged.ts';

const asOf = '2026-11-22T12:00:00Z';

function aPod(over: { metadata?: object; spec?: object; status?: object } = {}) {
  return Pod.parse({
    metadata: { name: 'web-1', namespace: 'shop', ...over.metadata },
    spec: { nodeName: 'node1', ...over.spec },
    status: { phase: 'Running', podIP: '10.244.1.2', startTime: '2026-11-22T11:00:00Z', ...over.status },
  });
}

function judge(pod: Pod, over: { readyNodes?: string[]; installedAt?: string } = {}) {
  return judgeUnmanaged({
    candidates: [pod],
    notLookedAt: 0,
    running: 1,
    nodesWithReadyAgent: new Set(over.readyNodes ?? ['node1']),
    podCidrs: ['10.0.0.0/24', '10.0.1.0/24'],
    installedAt: over.installedAt ?? '2026-11-22T11:30:00Z',
    asOf,
  });
}

describe('pods that Cilium does not manage', () => {
  it.each([
    { when: 'it is on the host network', pod: aPod({ spec: { hostNetwork: true } }) },
    { when: 'it has finished', pod: aPod({ status: { phase: 'Succeeded' } }) },
    { when: 'it has no address yet', pod: aPod({ status: { podIP: undefined } }) },
    { when: 'it is being deleted', pod: aPod({ metadata: { deletionTimestamp: asOf } }) },
    { when: 'it is a static pod', pod: aPod({ metadata: { ownerReferences: [{ kind: 'Node', name: 'node1' }] } }) },
    { when: 'its endpoint may still come', pod: aPod({ status: { startTime: '2026-11-22T11:59:45Z' } }) },
  ])('does not count a pod when $when', ({ pod }) => {
    expect(judge(pod).total).toBe(0);
  });

  it('does not decide on a node without a ready agent', () => {
    expect(judge(aPod(), { readyNodes: ['node2'] })).toMatchObject({ total: 0, undecided: 1 });
  });

  it.each([
    {
      when: 'it is older and on another network',
      pod: aPod(),
      want: 'started before Cilium; address from another CNI',
    },
    { when: 'it is older', pod: aPod({ status: { podIP: '10.0.1.7' } }), want: 'started before Cilium' },
    {
      when: 'another CNI serves it still',
      pod: aPod({ status: { startTime: '2026-11-22T11:45:00Z' } }),
      want: "address outside Cilium's pod CIDRs: another CNI serves this pod",
    },
    {
      when: 'only its endpoint is missing',
      pod: aPod({ status: { startTime: '2026-11-22T11:45:00Z', podIP: '10.0.1.7' } }),
      want: 'no CiliumEndpoint although it started under Cilium: look again after its agent has restarted',
    },
  ])('says why when $when', ({ pod, want }) => {
    expect(judge(pod).groups[0]?.reason).toBe(want);
  });

  it.each([
    {
      owner: { kind: 'ReplicaSet', name: 'web-5d4f' },
      labels: { 'pod-template-hash': '5d4f' },
      want: 'Deployment web',
    },
    { owner: { kind: 'ReplicaSet', name: 'web-5d4f' }, labels: {}, want: 'ReplicaSet web-5d4f' },
    { owner: { kind: 'StatefulSet', name: 'db' }, labels: {}, want: 'StatefulSet db' },
    { owner: undefined, labels: {}, want: 'bare pod' },
  ])('names the workload $want', ({ owner, labels, want }) => {
    const pod = aPod({ metadata: { labels, ...(owner === undefined ? {} : { ownerReferences: [owner] }) } });
    expect(judge(pod).groups[0]?.owner).toBe(want);
  });
});

describe('an address in a CIDR', () => {
  it.each([
    ['10.0.1.0/24', '10.0.1.255', true],
    ['10.0.1.0/24', '10.0.2.0', false],
    ['0.0.0.0/0', '192.168.1.1', true],
    ['172.16.0.0/12', '172.31.255.255', true],
    ['172.16.0.0/12', '172.32.0.0', false],
    ['10.0.0.1/32', '10.0.0.1', true],
    ['fd00::/8', '10.0.0.1', false],
    ['10.0.0.0/33', '10.0.0.1', false],
    ['10.0.0.0', '10.0.0.0', false],
  ])('%s has %s: %s', (cidr, address, want) => {
    expect(cidrContains(cidr, address)).toBe(want);
  });
});
