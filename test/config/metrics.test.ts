import { describe, expect, it } from 'vitest';
import { METRICS } from '../../src/core/meter.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { readMetrics, sumOf } from '../support/prometheus-text.ts';

const read = async (metrics: Pick<ReturnType<typeof createMetrics>, 'scrape'>) => readMetrics(await metrics.scrape());
const metrics = createMetrics({ version: '1.2.3', role: 'bot' });

describe('metrics', () => {
  it('are named as Prometheus asks: prefix, base units, _total for what only grows', () => {
    for (const [name, { type, help, labels }] of Object.entries(METRICS)) {
      expect(name, name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      if (type === 'histogram') expect(name, name).toMatch(/_seconds$/);
      expect(name, name).not.toMatch(/_(ms|milliseconds|minutes|bytes_total|count|sum|bucket)$/);
      expect(help.length, name).toBeGreaterThan(10);
      expect(help, name).toMatch(/^[A-Z0-9].*[^.\s]$/);
      expect(labels.filter((label) => ['le', 'quantile', 'run', 'user', 'node', 'pod'].includes(label))).toEqual([]);
    }
  });

  it('have ascending buckets', () => {
    for (const spec of Object.values(METRICS)) {
      if (spec.type !== 'histogram') continue;
      expect([...spec.buckets].sort((left, right) => left - right)).toEqual([...spec.buckets]);
    }
  });

  it('say what runs here, and how the process does', async () => {
    const families = await read(metrics);

    const info = families.get('cilium_chatops_build_info')?.series;
    expect(info).toEqual([
      {
        name: 'cilium_chatops_build_info',
        labels: { version: '1.2.3', role: 'bot', node: process.version },
        value: 1,
      },
    ]);
    expect(sumOf(families, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
  });

  it('count and observe', async () => {
    const { meter, scrape } = createMetrics({ version: '1', role: 'all' });
    meter.count('votes_total', { command: 'rollback', verdict: 'approve' });
    meter.count('votes_total', { command: 'rollback', verdict: 'approve' }, 2);
    meter.observe('slack_ack_duration_seconds', { kind: 'slash' }, 0.02);
    meter.observe('slack_ack_duration_seconds', { kind: 'slash' }, Number.NaN);
    // A clock that was set back.
    meter.count('slack_api_retry_after_seconds_total', { method: 'chat.update' }, -5);

    const families = await read({ scrape });

    expect(sumOf(families, 'cilium_chatops_votes_total', { verdict: 'approve' })).toBe(3);
    expect(sumOf(families, 'cilium_chatops_slack_ack_duration_seconds_count')).toBe(1);
    expect(sumOf(families, 'cilium_chatops_slack_ack_duration_seconds_bucket', { le: '0.025' })).toBe(1);
    expect(sumOf(families, 'cilium_chatops_slack_ack_duration_seconds_bucket', { le: '0.01' })).toBe(0);
    expect(sumOf(families, 'cilium_chatops_slack_api_retry_after_seconds_total')).toBeUndefined();
  });

  it('let nobody make series at will: strange values and too many of them are one', async () => {
    const { meter, scrape } = createMetrics({ version: '1', role: 'all' });
    const hostile = ['a"} 1\nevil 2', '\\', '<!channel>', 'x'.repeat(65), '', 'ü'];
    for (const result of hostile) meter.count('slack_api_calls_total', { method: 'chat.update', result });
    for (let n = 0; n < 5_000; n += 1)
      meter.count('kubernetes_api_requests_total', { cluster: 'prod', verb: 'get', resource: `r${n}`, code: '200' });

    const families = await read({ scrape });

    expect(families.get('cilium_chatops_slack_api_calls_total')?.series).toEqual([
      expect.objectContaining({ labels: { method: 'chat.update', result: 'other' }, value: hostile.length }),
    ]);
    const requests = families.get('cilium_chatops_kubernetes_api_requests_total')?.series ?? [];
    expect(requests).toHaveLength(101);
    expect(requests.reduce((sum, { value }) => sum + value, 0)).toBe(5_000);
  });

  it('look gauges up when they are scraped, once for scrapes that come together', async () => {
    const { collect, scrape } = createMetrics({ version: '1', role: 'all' });
    let looks = 0;
    collect(['slack_connected'], async () => {
      looks += 1;
      return [{ name: 'slack_connected', labels: {}, value: 1 }];
    });

    const [families] = await Promise.all([read({ scrape }), read({ scrape })]);
    await scrape();

    expect(sumOf(families, 'cilium_chatops_slack_connected')).toBe(1);
    expect(looks).toBe(1);
  });

  it.each([
    { when: 'rejects', look: () => Promise.reject(new Error('the store is away')) },
    { when: 'never answers', look: () => new Promise<never>(() => undefined) },
  ])('leave out what cannot be looked up because it $when, and say the rest', async ({ look }) => {
    const { collect, scrape } = createMetrics({ version: '1', role: 'all' }, { collectLimitMs: 20 });
    collect(['queue_jobs', 'slack_connected'], look);

    const families = await read({ scrape });

    expect(sumOf(families, 'cilium_chatops_queue_jobs')).toBeUndefined();
    expect(sumOf(families, 'cilium_chatops_slack_connected')).toBeUndefined();
    expect(sumOf(families, 'cilium_chatops_build_info')).toBe(1);
  });
});
