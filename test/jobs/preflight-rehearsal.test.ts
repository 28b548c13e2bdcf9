import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preflight } from '../../jobs/preflight.ts';
import type { JobContext } from '../../src/core/job.ts';
import { Report } from '../../src/core/run/report.ts';
import { type OpenRehearsal, openRehearsalCluster, silentLog, systemClock } from '../support/rehearsal-cluster.ts';
import { finish } from './recorded-cluster.ts';

let open: OpenRehearsal;

beforeAll(async () => {
  open = await openRehearsalCluster({ context: 'chatops' });
});

afterAll(async () => {
  await open.close();
});

function context(more: Partial<JobContext> = {}): JobContext {
  return {
    cluster: open.port,
    clock: systemClock,
    log: silentLog,
    signal: new AbortController().signal,
    ...more,
  };
}

async function ask(args: object = {}, more: Partial<JobContext> = {}) {
  const { outcome, data } = await finish(preflight.run(args, context(more)));
  return { outcome, data, report: Report.parse('report' in outcome ? outcome.report : undefined) };
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

describe('preflight on the rehearsal cluster', () => {
  it('finds native routing possible, and says with which CIDR and routes', async () => {
    const { outcome, report } = await ask();

    expect(outcome.type).toBe('succeeded');
    expect(report.headline).toMatch(/^Native routing is possible on prod: \d+ ok · \d+ warnings?$/);
    expect(report.facts[0]).toBe(
      'Native routing CIDR 10.0.0.0/16 (the cluster pool) · routes auto: every node reaches every other directly',
    );
    expect(report.partial).toBeUndefined();
  });

  it.each([
    { fault: 'network', value: 'other-l2', check: 'direct-routes', word: 'failed' },
    { fault: 'owner', value: 'argo-cd', check: 'owner', word: 'failed' },
    { fault: 'owner', value: 'flux', check: 'owner', word: 'failed' },
    { fault: 'agent', value: 'crashing', check: 'agents-ready', word: 'failed' },
    { fault: 'node', value: 'not-ready', check: 'nodes-ready', word: 'failed' },
    { fault: 'access', value: 'no-secrets', check: 'helm-release', word: 'unknown' },
    { fault: 'access', value: 'no-exec', check: 'direct-routes', word: 'unknown' },
    { fault: 'cilium', value: 'not-rolled-out', check: 'current-mode', word: 'warning' },
  ])('$fault $value: $check $word', async ({ fault, value, check, word }) => {
    const { outcome, report } = await during(fault, value, () => ask());

    expect(report.findings.find(({ text }) => text.includes(`(${check})`))?.text).toMatch(new RegExp(`^${word}, `));
    expect(outcome.type).toBe(word === 'warning' ? 'succeeded' : 'failed');
  });

  it('a worker that would lose its store is told to move', async () => {
    const { outcome } = await ask({}, { selfPath: { network: 'pod', store: 'in-cluster', storeHost: 'redis:6379' } });

    expect(outcome).toMatchObject({ type: 'failed', message: expect.stringContaining('worker-path') });
  });
});
