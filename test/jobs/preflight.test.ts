import { describe, expect, it } from 'vitest';
import { preflight } from '../../jobs/preflight.ts';
import type { JobContext } from '../../src/core/job.ts';
import type { Resource } from '../../src/core/resources.ts';
import type { Check } from '../../src/core/run/check.ts';
import { Report } from '../../src/core/run/report.ts';
import { finish } from './recorded-cluster.ts';
import { recordedWithNetworks } from './recorded-networks.ts';

async function ask(context: JobContext, args: object = {}) {
  const { outcome, data, progress } = await finish(preflight.run(args, context));
  const report = Report.parse('report' in outcome ? outcome.report : undefined);
  // The job's own published data.
  const { checks } = data as { checks: readonly Check[] };
  const ids = (verdict: Check['verdict']) => checks.filter((each) => each.verdict === verdict).map(({ id }) => id);
  return { outcome, report, progress, checks, failed: ids('fail'), unknown: ids('unknown'), warned: ids('warn') };
}

describe('preflight on recordings of a real cluster', () => {
  it.each([
    { state: 'vxlan', failed: [], warned: ['unmanaged-pods'], headline: /^Native routing is possible on prod: \d+ ok/ },
    {
      state: 'native',
      failed: [],
      warned: ['current-mode', 'unmanaged-pods'],
      headline: /^prod runs native routing already/,
    },
    { state: 'native-bpf-masquerade', failed: [], warned: ['current-mode', 'unmanaged-pods'], headline: /already/ },
    { state: 'mixed', failed: [], warned: ['current-mode'], headline: /possible/ },
    { state: 'after-helm-before-restart', failed: [], warned: ['current-mode'], headline: /possible/ },
  ])('$state', async ({ state, failed, warned, headline }) => {
    const found = await ask(recordedWithNetworks(state));

    expect(found.failed).toEqual(failed);
    expect(found.warned).toEqual(expect.arrayContaining(warned));
    expect(found.report.headline).toMatch(headline);
    expect(found.report.facts[0]).toContain('10.0.0.0/16');
  });

  it('a frozen kubelet stops it', async () => {
    const { outcome, failed, report } = await ask(recordedWithNetworks('node-notready', 'vxlan'));

    expect(outcome).toMatchObject({ type: 'failed', code: 'PreflightFailed' });
    expect(failed).toEqual(expect.arrayContaining(['nodes-ready']));
    expect(report.headline).toMatch(/^Native routing is not possible on prod yet: /);
    expect(report.findings[0]?.mark).toBe('fail');
  });

  it('crash-looping agents stop it', async () => {
    const { failed } = await ask(recordedWithNetworks('fail-missing-native-cidr', 'vxlan'));

    expect(failed).toContain('agents-ready');
  });

  it('a CIDR that misses the pods stops it, whatever else is fine', async () => {
    const { outcome, failed } = await ask(recordedWithNetworks('vxlan'), { cidr: '10.1.0.0/16' });

    expect(outcome.type).toBe('failed');
    expect(failed).toEqual(['native-cidr']);
  });

  it('what is unknown stops it until it is accepted with a reason, which stands in the report', async () => {
    const context = recordedWithNetworks('vxlan');
    const blocked = await ask(context, { routes: 'external' });
    const accepted = await ask(context, {
      routes: 'external',
      accept: ['external-routes'],
      reason: 'NET-12: fabric announces them',
    });

    expect(blocked.unknown).toEqual(['external-routes']);
    expect(blocked.outcome.type).toBe('failed');
    expect(accepted.outcome.type).toBe('succeeded');
    expect(accepted.report.findings.map(({ text }) => text).join()).toContain(
      'accepted (NET-12: fabric announces them)',
    );
    expect(accepted.report.headline).toContain('1 accepted');
  });

  it('a failure cannot be accepted', async () => {
    const { outcome } = await ask(recordedWithNetworks('vxlan'), {
      cidr: '10.1.0.0/16',
      accept: ['native-cidr'],
      reason: 'I know',
    });

    expect(outcome.type).toBe('failed');
  });

  it.each([
    { args: { accept: ['nativ-cidr'], reason: 'x' }, says: /there is no check "nativ-cidr"/ },
    { args: { accept: ['native-cidr'] }, says: /needs a reason/ },
    { args: { routes: 'both' }, says: /routes/ },
  ])('wrong input is named: $args', async ({ args, says }) => {
    await expect((async () => finish(preflight.run(args, recordedWithNetworks('vxlan'))))()).rejects.toThrow(says);
  });

  it('agents that do not tell their routes make the answer unknown, not good', async () => {
    const { outcome, unknown, report } = await ask(
      recordedWithNetworks('vxlan', 'vxlan', {
        port: (port) => ({
          ...port,
          exec: async (request, signal) =>
            request.command[0] === 'ip'
              ? { exitCode: 1, stdout: '', stderr: 'ip: not found' }
              : port.exec(request, signal),
        }),
      }),
    );

    expect(outcome.type).toBe('failed');
    expect(unknown).toEqual(['pod-cidrs-disjoint', 'direct-routes']);
    expect(report.findings[1]?.text).toContain('ip: not found');
  });

  it('without rights on anything but Cilium it says what was not read, and blocks on what matters', async () => {
    const readable = new Set(['daemonsets', 'pods', 'ciliumnodes', 'configmaps', 'nodes', 'deployments']);
    const { outcome, report, unknown } = await ask(
      recordedWithNetworks('vxlan', 'vxlan', {
        allowed: ({ resource, subresource }: { resource: Resource; subresource?: string }) =>
          subresource !== undefined || readable.has(resource.plural),
      }),
    );

    expect(outcome.type).toBe('failed');
    expect(unknown).toEqual(expect.arrayContaining(['helm-release', 'node-overrides']));
    expect(report.partial).toContain('not read: ');
  });

  it('a cluster without Cilium is no failed preflight but no Cilium', async () => {
    const { outcome } = await ask(
      recordedWithNetworks('vxlan', 'vxlan', {
        change: ({ objects }) => void (objects['daemonsets'] as unknown[]).splice(0),
      }),
    );

    expect(outcome).toMatchObject({ type: 'failed', code: 'CiliumAbsent' });
  });
});
