import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verify } from '../../jobs/verify.ts';
import { MANAGED_BY, MANAGER } from '../../src/cilium/probe/probe-pod.ts';
import { PROBE_IMAGE } from '../../src/cilium/probe/probe-script.ts';
import { openCluster } from '../../src/cluster/connect.ts';
import { ClusterName } from '../../src/core/ids.ts';
import type { JobContext, ProbeAccess } from '../../src/core/job.ts';
import { PODS } from '../../src/core/resources.ts';
import { Report } from '../../src/core/run/report.ts';
import { type OpenRehearsal, openRehearsalCluster, silentLog, systemClock } from '../support/rehearsal-cluster.ts';
import { finish } from './recorded-cluster.ts';

let open: OpenRehearsal;
let own: Awaited<ReturnType<typeof openCluster>>;

beforeAll(async () => {
  open = await openRehearsalCluster();
  own = await openCluster({
    name: ClusterName.parse('prod'),
    context: 'admin',
    kubeconfigPath: open.rehearsal.kubeconfigPath,
    clock: systemClock,
    log: silentLog,
  });
});

afterAll(async () => {
  await own.close();
  await open.close();
});

function probes(more: Partial<ProbeAccess> = {}): ProbeAccess {
  return { write: own.write, owner: 'run-7f3k2q', namespace: 'cilium-chatops', image: PROBE_IMAGE, ...more };
}

async function ask(more: Partial<JobContext> = {}) {
  const context = { cluster: open.port, clock: systemClock, log: silentLog, signal: AbortSignal.timeout(60_000) };
  const { outcome, data, progress } = await finish(verify.run({}, { ...context, ...more }));
  return { outcome, data, progress, report: Report.parse('report' in outcome ? outcome.report : undefined) };
}

async function turn(id: string, value: string): Promise<void> {
  const answer = await fetch(`${open.rehearsal.controlUrl}/faults`, {
    method: 'POST',
    body: JSON.stringify({ id, value }),
  });
  expect(answer.status).toBe(200);
}

/** Does `act` while the fault is on. */
async function during<Value>(id: string, value: string, act: () => Promise<Value>): Promise<Value> {
  await turn(id, value);
  try {
    return await act();
  } finally {
    await turn(id, 'off');
  }
}

async function probePods(): Promise<readonly unknown[]> {
  const query = { namespace: 'cilium-chatops', labelSelector: `${MANAGED_BY}=${MANAGER}`, as: 'objects' } as const;
  const found: unknown[] = [];
  for await (const page of open.port.list(PODS, query, AbortSignal.timeout(10_000))) found.push(...page);
  return found.filter((pod) => !JSON.stringify(pod).includes('deletionTimestamp'));
}

describe('verify on the rehearsal cluster', () => {
  it('without the right to make pods it verifies all else, and says that traffic was not probed', async () => {
    const { outcome, report } = await ask();

    expect(outcome.type).toBe('succeeded');
    expect(report.mark).toBe('unknown');
    expect(report.headline).toBe('prod runs VXLAN as far as agents and routes tell; traffic was not probed');
    expect(report.partial).toBe('pods were not probed: this worker may not make pods');
  });

  it('probes every pair with pods of its own, and removes them', async () => {
    const { outcome, report, data } = await ask({ probes: probes() });

    expect(report.headline).toBe('prod runs VXLAN, verified on 3 nodes');
    expect(outcome.type).toBe('succeeded');
    expect(data).toMatchObject({ pairsInAll: 6, pairs: Array.from({ length: 6 }, () => ({ lost: 0, seenAs: [] })) });
    expect(await probePods()).toEqual([]);
  });

  it('where pods cannot be made the reason stands in the report', async () => {
    const { outcome, report } = await ask({ probes: probes({ namespace: 'nowhere' }) });

    expect(outcome.type).toBe('succeeded');
    expect(report.partial).toMatch(/^pods were not probed: .*nowhere/);
  });

  it('an image that cannot be pulled is the reason, and nothing is left behind', async () => {
    const { report } = await during('images', 'missing', () => ask({ probes: probes() }));

    expect(report.partial).toMatch(/probe pods did not get ready: node1: \w*Image/);
    expect(await probePods()).toEqual([]);
  });

  it('the mixed state shows in the traffic, both ways', async () => {
    const { outcome, report } = await during('cilium', 'mixed', () => ask({ probes: probes() }));

    expect(outcome).toMatchObject({ type: 'failed', code: 'VerificationFailed' });
    expect(report.findings.find(({ text }) => text.includes('(pair-probe)'))?.text).toMatch(/4 of 6 pairs not reached/);
  }, 40_000);

  it('a cancelled run leaves no pods behind', async () => {
    const cancel = new AbortController();
    const run = verify.run(
      {},
      {
        cluster: open.port,
        clock: systemClock,
        log: silentLog,
        signal: cancel.signal,
        probes: {
          ...probes(),
          write: {
            ...own.write,
            create: async (...args) => {
              const made = await own.write.create(...args);
              cancel.abort(new Error('enough'));
              return made;
            },
          },
        },
      },
    );

    await expect(finish(run)).rejects.toThrow('enough');

    expect(await probePods()).toEqual([]);
  });
});
