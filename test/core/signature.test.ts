import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/core/run/outcome.ts';
import type { Report } from '../../src/core/run/report.ts';
import { differenceOf, signatureOf, steady } from '../../src/core/run/signature.ts';

const healthy: Report = {
  mark: 'warn',
  headline: 'Cilium on prod is healthy · 1 thing to look at',
  facts: [
    'Agents 3/3 · operator 2/2 (4 restarts) · Cilium 1.19.0-pre.4 · Kubernetes v1.36.2 · Helm release cilium rev 27 (deployed)',
  ],
  findings: [{ mark: 'warn', text: '5 pods are not managed by Cilium (legacy)' }],
  table: {
    columns: ['Feature', 'State', 'Why and what it needs'],
    rows: [
      ['Routing (datapath mode)', 'Tunnel (VXLAN)', 'native routing looks possible'],
      ['IPAM', 'cluster-pool 10.0.0.0/16 · 4/254 per node', 'kernel 6.18 is enough'],
    ],
  },
  sections: [],
  next: [],
  asOf: '2026-11-23T15:20:00.000Z',
};

function said(change: Partial<Report> = {}): Outcome {
  return { type: 'succeeded', report: { ...healthy, ...change } };
}

function changes(before: Outcome, after: Outcome) {
  const { added, gone } = differenceOf(signatureOf(before).items, signatureOf(after));
  return { added: added.map(({ text }) => text), gone: gone.map(({ text }) => text) };
}

const NOTHING = { added: [], gone: [] };
const finding = (text: string) => ({ findings: [...healthy.findings, { mark: 'warn' as const, text }] });

describe('what stays the same', () => {
  it.each<readonly [string, string, string]>([
    ['a count', '5 pods are not managed by Cilium (legacy)', '12 pods are not managed by Cilium (legacy)'],
    ['a count that becomes one', '2 agents are down on node3', '1 agent is down on node3'],
    ['a big count', '4,812 of 5,000 agents have answered', '4,999 of 5,000 agents have answered'],
    ['a ratio', '4/254 allocated', '97/254 allocated'],
    ['a percentage', 'IPAM is 45% used', 'IPAM is 45.5% used'],
    ['an age', 'probed up to 2 min ago', 'probed up to 40 s ago'],
    ['an age that becomes one', 'probed 1 minute ago', 'probed 12 minutes ago'],
    ['a glued duration', 'lag 1m30s on node1', 'lag 12ms on node1'],
    ['a time', 'since 15:20 and 2026-11-23T15:20:00.000Z', 'since 16:45:10 and 2026-11-24T00:00:01Z'],
    ['another pod of a DaemonSet', 'exec into pod cilium-ljzjx failed', 'exec into pod cilium-7xk2p failed'],
    ['a size', 'the map holds 12 KiB', 'the map holds 512KiB'],
    [
      'the port of a caller',
      'dial 10.0.1.2:51234->10.0.2.3:4240: i/o timeout',
      'dial 10.0.1.2:40001->10.0.2.3:4240: i/o timeout',
    ],
    ['how often', 'x failing on node3, 5 times in a row: no route', 'x failing on node3, 117 times in a row: no route'],
  ])('%s', (_, before, after) => {
    expect(steady(after)).toBe(steady(before));
    expect(changes(said(finding(before)), said(finding(after)))).toEqual(NOTHING);
  });

  it('restarts of the operator, nodes that come and go, endpoints', () => {
    const after = said({
      facts: [
        'Agents 4/4 · operator 2/2 (9 restarts) · Cilium 1.19.0-pre.4 · Kubernetes v1.36.2 · Helm release cilium rev 27 (deployed)',
      ],
      asOf: '2026-11-23T15:35:00.000Z',
    });

    expect(changes(said(), after)).toEqual(NOTHING);
  });

  it('what a table says about why, and how many things there are to look at', () => {
    const rows = (healthy.table?.rows ?? []).map(([name = '', state = '']) => [name, state, 'for another reason']);
    const after = said({ table: { columns: ['Feature', 'State', 'Why'], rows }, headline: 'two things to look at' });

    expect(changes(said(), after)).toEqual(NOTHING);
  });

  it('how many agents answered in time', () => {
    const heard = (agents: number) => said({ partial: `heard ${agents} of 5,000 agents` });

    expect(changes(heard(4_812), heard(4_999))).toEqual(NOTHING);
    expect(changes(said(), heard(4_812))).toEqual(NOTHING);
    expect(changes(heard(4_812), said())).toEqual(NOTHING);
  });
});

describe('what is a change', () => {
  it.each<readonly [string, string, string]>([
    ['another node', '1 of 3 agents not ready: not ready on node3', '1 of 3 agents not ready: not ready on node2'],
    ['one node more', 'not ready on node3', 'not ready on node2 and node3'],
    ['another namespace', '5 pods have no budget (jobs)', '5 pods have no budget (shop)'],
    ['a version', 'Agents run v1.18.3', 'Agents run v1.18.4'],
    ['a version of two numbers', 'the agents run v1.18', 'the agents run v1.19'],
    ['an address', 'no route to 10.0.1.2', 'no route to 10.0.1.3'],
    ['a CIDR', 'native routing CIDR 10.0.0.0/16', 'native routing CIDR 10.0.0.0/8'],
    ['a revision', 'Helm release cilium rev 27 (deployed)', 'Helm release cilium rev 28 (deployed)'],
    [
      'a revision that is stuck',
      'Helm release cilium revision 27 is failed',
      'Helm release cilium revision 28 is failed',
    ],
    ['a pool', 'pool fd00:10::/104', 'pool fd00:11::/104'],
  ])('%s', (_, before, after) => {
    expect(changes(said(finding(before)), said(finding(after)))).toEqual({ added: [after], gone: [before] });
  });

  it('a finding that comes, one that goes, one that gets worse', () => {
    expect(changes(said(), said(finding('Hubble relay 0/1 ready'))).added).toEqual(['Hubble relay 0/1 ready']);
    expect(changes(said(), said({ findings: [] })).gone).toEqual(['5 pods are not managed by Cilium (legacy)']);
    const worse = said({ findings: healthy.findings.map(({ text }) => ({ mark: 'fail', text })) });
    expect(changes(said(), worse).added).toHaveLength(1);
  });

  it('drift between what is configured and what agents run', () => {
    const drift =
      'The ConfigMap asks for routing mode Native, but 3 of 3 agents run Tunnel (VXLAN): applied, not rolled out';
    const less = drift.replace('3 of 3 agents run', '1 of 3 agents runs');

    expect(changes(said(), said(finding(drift))).added).toEqual([drift]);
    // Half way there is no news.
    expect(changes(said(finding(drift)), said(finding(less)))).toEqual(NOTHING);
  });

  it('a feature that was switched', () => {
    const [, ipam = []] = healthy.table?.rows ?? [];
    const table = { columns: ['Feature', 'State'], rows: [['Routing (datapath mode)', 'Native'], ipam.slice(0, 2)] };

    expect(changes(said(), said({ table }))).toEqual({
      added: ['Routing (datapath mode): Native'],
      gone: ['Routing (datapath mode): Tunnel (VXLAN)'],
    });
  });
});

describe('what cannot be read', () => {
  const away: Outcome = { type: 'failed', code: 'ClusterUnreachable', message: 'prod did not answer within 8 s' };

  it('is said once, by its code, and takes nothing back', () => {
    const first = differenceOf(signatureOf(said()).items, signatureOf(away));
    const again = differenceOf(first.now, signatureOf({ ...away, message: 'ECONNREFUSED 10.0.0.1:6443' }));

    expect(first.added.map(({ text }) => text)).toEqual(['prod did not answer within 8 s']);
    expect(first.gone).toEqual([]);
    expect(again).toMatchObject(NOTHING);
  });

  it('is over when it can be read again, and compared with what was last known', () => {
    const { now } = differenceOf(signatureOf(said()).items, signatureOf(away));

    const back = differenceOf(now, signatureOf(said()));
    const changed = differenceOf(now, signatureOf(said({ findings: [] })));

    expect(back.added).toEqual([]);
    expect(back.gone.map(({ text }) => text)).toEqual(['prod did not answer within 8 s']);
    expect(changed.gone).toHaveLength(2);
  });

  it('in part is no reason to say that something is gone', () => {
    const partial = said({ findings: [], table: undefined as never, partial: 'unmanaged pods: no right to list pods' });

    const difference = differenceOf(signatureOf(said()).items, signatureOf(partial));

    expect(difference.gone).toEqual([]);
    expect(difference.added.map(({ text }) => text)).toEqual(['Not read: unmanaged pods: no right to list pods']);
    expect(differenceOf(difference.now, signatureOf(partial))).toMatchObject(NOTHING);
  });

  it('leaves what was known of the features as it was, in both directions', () => {
    const rows = (healthy.table?.rows ?? []).map(([name = '']) => [name, 'unknown', 'no agent answered']);
    const silent = said({
      ...finding('3 agents did not answer: node1, node2, node3 (cilium in pod cilium-ljzjx did not end within 5 s)'),
      table: { columns: ['Feature', 'State', 'Why'], rows },
      partial: 'heard 0 of 3 agents',
    });

    const first = differenceOf(signatureOf(said()).items, signatureOf(silent));
    const back = differenceOf(first.now, signatureOf(said()));

    expect(first.added.map(({ text }) => text)).toEqual([expect.stringContaining('3 agents did not answer')]);
    expect(back.added).toEqual([]);
    expect(back.gone).toEqual(first.added);
  });

  it('the first time is learned later, without a word', () => {
    const partial = said({ partial: 'heard 0 of 3 agents' });
    const { now } = differenceOf([], signatureOf(partial));

    const full = differenceOf(now, signatureOf(said()));

    expect(full).toMatchObject(NOTHING);
    expect(differenceOf(full.now, signatureOf(said()))).toMatchObject(NOTHING);
    expect(full.now.map(({ text }) => text)).toContain('Routing (datapath mode): Tunnel (VXLAN)');
  });

  it('stays bounded, and quick on hostile text', () => {
    const hostile = ['1'.repeat(600), '1m'.repeat(300), '# a'.repeat(200), '1:'.repeat(300), '9/'.repeat(300)];
    const before = performance.now();

    for (const text of hostile) expect(signatureOf(said(finding(text))).items.length).toBeLessThan(20);

    expect(performance.now() - before).toBeLessThan(500);
  });
});
