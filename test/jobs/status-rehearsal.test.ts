import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { status } from '../../jobs/status.ts';
import { StatusData } from '../../src/cilium/facts/status-data.ts';
import { Report } from '../../src/core/run/report.ts';
import { type OpenRehearsal, openRehearsalCluster, silentLog, systemClock } from '../support/rehearsal-cluster.ts';
import { finish } from './recorded-cluster.ts';

describe('status over the real cluster port, on the rehearsal cluster', () => {
  let open: OpenRehearsal;
  // A cluster for each test: the operators of one that was switched to and fro come back when they please.
  beforeEach(async () => {
    open = await openRehearsalCluster({ context: 'chatops' });
  });
  afterEach(async () => open.close());

  async function ask() {
    const context = { cluster: open.port, clock: systemClock, log: silentLog, signal: AbortSignal.timeout(30_000) };
    const { outcome, data } = await finish(status.run({}, context));
    return {
      outcome,
      report: Report.parse('report' in outcome ? outcome.report : undefined),
      data: StatusData.parse(data),
    };
  }

  async function turn(id: string, value: string): Promise<void> {
    const answer = await fetch(`${open.rehearsal.controlUrl}/faults`, {
      method: 'POST',
      body: JSON.stringify({ id, value }),
    });
    expect(answer.status).toBe(200);
  }

  it('finds the tunnel, the release with its chart, and the five pods outside Cilium', async () => {
    const { report, data } = await ask();

    expect(report.headline).toBe('Cilium on prod is healthy · 1 thing to look at');
    expect(report.table?.rows[0]?.slice(0, 2)).toEqual(['Routing (datapath mode)', 'Tunnel (VXLAN)']);
    expect(data.installation?.release).toMatchObject({ status: 'deployed', chart: 'cilium 1.19.0-pre.4' });
    expect(data.unmanaged).toMatchObject({ total: 5, running: 11 });
    expect(data.health).toHaveLength(3);
    expect(report.partial).toBeUndefined();
  });

  it('tells what somebody changed in the ConfigMap without Helm', async () => {
    expect((await ask()).data.installation?.edited).toEqual([]);
    await turn('cilium', 'not-rolled-out');

    const { report, data } = await ask();

    expect(data.installation?.edited).toContainEqual({ key: 'routing-mode', helm: 'tunnel', now: 'native' });
    expect(report.findings.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^cilium-config is not what Helm revision 1 set: .*routing-mode native \(Helm: tunnel\)/),
    );
  });

  it.each([
    {
      id: 'cilium',
      value: 'not-rolled-out',
      want: /native routing is configured but 3 of 3 agents still run VXLAN: restart pending/,
    },
    { id: 'cilium', value: 'mixed', want: /native|routing modes/ },
    { id: 'cilium', value: 'absent', want: /Cilium is not installed on prod/ },
    { id: 'node', value: 'not-ready', want: /1 of 3 agents is down/ },
    { id: 'agent', value: 'crashing', want: /1 of 3 agents is down \(CrashLoopBackOff\)/ },
    { id: 'access', value: 'no-exec', want: /its agents told nothing/ },
    { id: 'access', value: 'none', want: /Nobody can say whether Cilium runs/ },
  ])('answers honestly when $id is $value', async ({ id, value, want }) => {
    await turn(id, value);

    expect((await ask()).report.headline).toMatch(want);
  });

  it('waits no longer than its own deadline for an agent that hangs', async () => {
    await turn('agent', 'frozen');
    const { report, outcome } = await ask();

    expect(outcome.type).toBe('succeeded');
    expect(report.partial).toContain('heard 2 of 3 agents');
    expect(report.findings[0]?.text).toContain('1 agent did not answer: node3');
  });
});
