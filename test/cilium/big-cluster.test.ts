import { describe, expect, it } from 'vitest';
import { parseAgentStatus, toAgentView } from '../../src/cilium/facts/agent-status.ts';
import { configuredDatapath } from '../../src/cilium/facts/config-view.ts';
import type { AgentState, Installation, NodeState, StatusData } from '../../src/cilium/facts/status-data.ts';
import { featuresOf } from '../../src/cilium/status/features.ts';
import { toPublished } from '../../src/cilium/status/status-publish.ts';
import { statusReport } from '../../src/cilium/status/status-report.ts';
import { Report } from '../../src/core/run/report.ts';
import { recording } from '../jobs/recorded-cluster.ts';

const asOf = '2026-11-22T23:10:00.000Z';
const settings = { 'routing-mode': 'tunnel', ipam: 'cluster-pool', 'enable-ipv4-masquerade': 'true' };

function view(change: (status: Record<string, unknown>) => void = () => undefined) {
  const [first] = Object.values(recording('vxlan').exec);
  const raw = structuredClone(first?.status ?? {});
  change(raw);
  const status = parseAgentStatus(JSON.stringify(raw));
  if (status === undefined) throw new Error('the recording is not understood');
  return toAgentView(status, undefined);
}

function cluster(size: number, odd: (index: number) => Partial<AgentState> = () => ({})): StatusData {
  const common = view();
  const nodes: NodeState[] = Array.from({ length: size }, (_, index) => ({
    name: `node${index + 1}`,
    ready: 'yes',
    kernel: '6.8.0-45-generic',
    kubelet: 'v1.33.1',
  }));
  const agents: AgentState[] = nodes.map(({ name }, index) => ({
    node: name,
    pod: `cilium-${index}`,
    ready: true,
    restarts: 0,
    startedAt: '2026-11-20T00:00:00Z',
    image: 'quay.io/cilium/cilium:v1.19.0',
    answer: { state: 'answered', at: asOf, view: common },
    ...odd(index),
  }));
  const installation: Installation = {
    namespace: 'kube-system',
    daemonSet: 'cilium',
    version: '1.19.0',
    desired: size,
    ready: size,
    updated: size,
    observed: true,
    owner: { type: 'helm', name: 'kube-system/cilium' },
    configured: configuredDatapath(settings),
    settings,
  };
  const features = featuresOf({ agents, nodes, installation });
  return {
    schemaVersion: 1,
    cluster: 'prod',
    asOf,
    cilium: 'installed',
    missing: [],
    nodes,
    chosen: [],
    installation,
    agents,
    features,
    health: [],
  };
}

function linesInParent({ facts, findings, table }: Report): number {
  return 1 + facts.length + findings.length + (table?.rows.length ?? 0);
}

const failing = {
  state: 'answered',
  at: asOf,
  view: {
    ...view(),
    failing: [{ name: 'sync', failures: 4, message: 'timeout' }],
    state: 'Warning',
    troubles: ['Hubble: Warning (x)'],
  },
} as const;
const native = view((status) => {
  status['routing'] = { 'inter-host-routing-mode': 'Native', 'intra-host-routing-mode': 'Legacy' };
});

describe('a cluster of 300 nodes', () => {
  it('has a parent message of at most 15 lines, however much is wrong', () => {
    const data = cluster(300, (index) => {
      if (index === 3) return { answer: { state: 'answered', at: asOf, view: native } };
      if (index === 4) return { answer: { state: 'failed', why: 'no answer within 5 s' } };
      if (index === 5)
        return { ready: false, trouble: 'CrashLoopBackOff', answer: { state: 'not-asked', why: 'agent not ready' } };
      if (index === 6) return { image: 'quay.io/cilium/cilium:v1.18.1', answer: failing };
      return {};
    });

    const report = statusReport({ data, knownCommands: ['status'] });

    expect(linesInParent(report)).toBeLessThanOrEqual(15);
    expect(Report.safeParse(report).error).toBeUndefined();
    expect(report.findings.at(-1)?.text).toMatch(/\d more things to look at, in the details/);
    expect(report.sections[0]).toMatchObject({ title: 'To look at' });
  });

  it('shows alike nodes as one, and the others each', () => {
    const data = cluster(300, (index) =>
      index < 3 ? { answer: { state: 'failed', why: `no answer from 10.0.0.${index}` } } : {},
    );

    const report = statusReport({ data, knownCommands: ['status'] });
    const nodes = report.sections.find((section) => section.title === 'Nodes (300)');

    expect(nodes?.lines[0]).toMatch(/^297 nodes alike: agent 1\.19\.0-dev · Tunnel \(VXLAN\).*; 3 differ:$/);
    expect(nodes?.lines).toHaveLength(4);
  });

  it('says nothing is wrong when nothing is', () => {
    const report = statusReport({ data: cluster(300), knownCommands: ['status'] });

    expect(report).toMatchObject({ mark: 'ok', headline: 'Cilium on prod is healthy', findings: [] });
  });
});

describe('a cluster of 5,000 nodes', () => {
  it('publishes less than 1 MiB, and what differs in full', () => {
    const data = cluster(5_000, (index) => (index === 77 ? { answer: { state: 'failed', why: 'no answer' } } : {}));

    const published = toPublished(data);

    expect(JSON.stringify(published).length).toBeLessThan(1024 * 1024);
    expect(published.leftOut).toEqual([{ agents: 4_998, like: 'node1' }]);
    expect(published.agents.map((agent) => agent.node)).toEqual(['node1', 'node78']);
  });

  it('says how many it heard when the time was up', () => {
    const data = cluster(5_000, (index) =>
      index < 188 ? { answer: { state: 'not-asked', why: 'no time left' } } : {},
    );

    const report = statusReport({ data, knownCommands: [] });

    expect(report.partial).toBe('heard 4,812 of 5,000 agents');
    expect(report).toMatchObject({ mark: 'warn', headline: 'Cilium on prod is healthy as far as it could be read' });
    expect(JSON.stringify(toPublished(data)).length).toBeLessThan(1024 * 1024);
  });
});

describe('next steps', () => {
  it('are left out when the bot has no such command', () => {
    const data = cluster(3);
    expect(statusReport({ data, knownCommands: ['status'] }).next.map((step) => step.label)).toEqual(['Re-run']);
    expect(statusReport({ data, knownCommands: ['status', 'preflight'] }).next).toContainEqual({
      label: 'Preflight',
      command: 'preflight native-routing prod',
    });
  });
});
