import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preflight } from '../../jobs/preflight.ts';
import type { JobContext } from '../../src/core/job.ts';
import { Report } from '../../src/core/report.ts';
import { type OpenRehearsal, openRehearsalCluster, silentLog, systemClock } from '../support/rehearsal-cluster.ts';
import { finish } from './recorded-cluster.ts';

let open: OpenRehearsal;

beforeAll(async () => {
  open = await openRehearsalCluster();
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

describe('preflight on the rehearsal cluster', () => {
  it('finds native routing possible, and says with which CIDR and routes', async () => {
    const { outcome, report } = await ask();

    expect(outcome.type).toBe('succeeded');
    expect(report.headline).toMatch(/^Native routing is possible on prod: \d+ ok · \d+ warnings?$/);
    expect(report.facts[0]).toContain('10.0.0.0/16');
  });
});
