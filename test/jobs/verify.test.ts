import { describe, expect, it } from 'vitest';
import { verify } from '../../jobs/verify.ts';
import type { Check } from '../../src/core/run/check.ts';
import { finish } from './recorded-cluster.ts';
import { recordedWithNetworks } from './recorded-networks.ts';

async function ask(state: string, networks = state) {
  const { outcome, data } = await finish(verify.run({}, recordedWithNetworks(state, networks)));
  // The job's own published data.
  const { checks } = data as { checks: readonly Check[] };
  const ids = (verdict: Check['verdict']) => checks.filter((each) => each.verdict === verdict).map(({ id }) => id);
  return { outcome, checks, failed: ids('fail'), unknown: ids('unknown'), passed: ids('pass') };
}

describe('verify on recordings of a real cluster', () => {
  it.each(['vxlan', 'native', 'native-bpf-masquerade'])('%s: everything but the probes is proven', async (state) => {
    const { outcome, failed, unknown, passed } = await ask(state);

    expect(failed).toEqual([]);
    expect(unknown).toEqual(['pair-probe']);
    expect(passed).toHaveLength(7);
    expect(outcome.type).toBe('succeeded');
  });

  it('a ConfigMap that no agent has read yet is no switch', async () => {
    const { outcome, failed } = await ask('after-helm-before-restart');

    expect(outcome).toMatchObject({ type: 'failed', code: 'VerificationFailed' });
    expect(failed).toEqual(['routing-mode', 'tunnel-device', 'pod-routes', 'exclusion-cidr']);
  });

  it('the mixed state fails although every agent is ready and healthy', async () => {
    const { failed, passed, checks } = await ask('mixed');

    expect(passed).toContain('agents-ready');
    expect(failed).toEqual(['routing-mode', 'tunnel-device', 'pod-routes', 'exclusion-cidr']);
    expect(checks.find(({ id }) => id === 'routing-mode')?.evidence).toContain('2 of 3 agents run VXLAN');
  });

  it('crash-looping agents fail, and what they would have said is not proven', async () => {
    const { outcome, failed } = await ask('fail-missing-native-cidr', 'vxlan');

    expect(outcome.type).toBe('failed');
    expect(failed).toContain('agents-ready');
  });

  it('on a frozen node nothing is proven', async () => {
    const { outcome, failed } = await ask('node-notready', 'vxlan');

    expect(outcome.type).toBe('failed');
    expect(failed).toContain('agents-ready');
  });
});
