import { describe, expect, it } from 'vitest';
import { convergeHelm } from '../../jobs/changing/converge-helm.ts';
import { SwitchWork } from '../../src/cilium/switch/switch-work.ts';
import { OpsError } from '../../src/core/errors.ts';
import type { ChangeContext } from '../../src/core/job.ts';
import type { HelmPort, HelmRelease } from '../../src/core/ports/change-ports.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { silentLog } from '../support/rehearsal-cluster.ts';

const SET = { routingMode: 'native', ipv4NativeRoutingCIDR: '10.0.0.0/16', autoDirectNodeRoutes: true };
const OLD = { routingMode: null, ipv4NativeRoutingCIDR: null, autoDirectNodeRoutes: null };

const work = SwitchWork.parse({
  schemaVersion: 1,
  from: { mode: 'tunnel', protocol: 'vxlan' },
  to: { mode: 'native', cidr: '10.0.0.0/16', routes: 'auto' },
  release: { namespace: 'kube-system', name: 'cilium', revision: 27, appVersion: '1.19.0' },
  agents: { namespace: 'kube-system', daemonSet: 'cilium' },
  upgrades: true,
  set: SET,
  old: OLD,
  atOnce: 2,
  rollsByItself: false,
  estimateS: { min: 20, max: 40 },
});

const deployed: HelmRelease = {
  ...{ name: 'cilium', namespace: 'kube-system', revision: 27, status: 'deployed', description: '' },
  ...{ chartName: 'cilium', chartVersion: '1.19.0', appVersion: '1.19.0', chartDigest: 'abc', config: {} },
};
const busy = new OpsError('Conflict', 'another operation (install/upgrade/rollback) is in progress');

/** A helm whose release reads as `states`, one after the other, and whose upgrades reject with `errors`. */
function aHelm(states: readonly HelmRelease[], errors: OpsError[] = [], base = deployed) {
  const calls: string[] = [];
  let reads = 0;
  const unused = () => Promise.reject(new Error('not used here'));
  const helm: HelmPort = {
    ...{ dryRun: unused, manifest: unused },
    history: async () => [{ revision: 27, status: 'deployed', description: '', at: '' }],
    release: async ({ revision }) => {
      if (revision !== undefined) return base;
      reads += 1;
      return states[Math.min(reads, states.length) - 1] ?? deployed;
    },
    upgrade: async () => {
      calls.push('upgrade');
      const error = errors.shift();
      if (error) throw error;
      return { revision: 28 };
    },
    settlePending: async () => {
      calls.push('settle');
      return { revision: 28 };
    },
  };
  return { helm, calls };
}

const inHistory = (revision: number, status: string) => ({ revision, status, description: '', at: '' });

function converge(helm: HelmPort, more: Partial<Parameters<typeof convergeHelm>[1]> = {}) {
  const clock = { ...createFakeClock(), sleep: async () => undefined };
  const context = { helm, clock, log: silentLog, signal: new AbortController().signal };
  return convergeHelm(
    // A change's context has more; Helm is all that is asked here.
    context as unknown as ChangeContext,
    {
      work,
      values: SET,
      description: 'd',
      mayBeOurs: false,
      onWrite: () => undefined,
      onRefused: () => undefined,
      ...more,
    },
  );
}

const native: HelmRelease = { ...deployed, revision: 28, config: SET };
const ofOurs: HelmRelease = { ...native, status: 'pending-upgrade' };
const hubble = { hubble: { relay: { enabled: true } } };
const ofOthers: HelmRelease = { ...deployed, revision: 28, status: 'pending-upgrade', config: hubble };

describe('bringing a release to its values', () => {
  it('writes nothing where it says so already', async () => {
    const { helm, calls } = aHelm([native]);

    expect(await converge(helm)).toEqual({ revision: 28, wrote: false });
    expect(calls).toEqual([]);
  });

  it('settles what a killed helm of this run left pending', async () => {
    const { helm, calls } = aHelm([ofOurs, deployed, native]);

    expect(await converge(helm, { mayBeOurs: true })).toEqual({ revision: 28, wrote: true });
    expect(calls).toEqual(['settle', 'upgrade']);
  });

  it.each([
    { when: 'that was at it before', states: [ofOthers], mayBeOurs: false },
    { when: 'that began while a resumed run was away', states: [ofOthers], mayBeOurs: true },
    { when: 'that was faster than ours', states: [deployed, ofOthers], mayBeOurs: false },
    { when: 'that upgrades Cilium', states: [{ ...ofOurs, chartDigest: 'def' }], mayBeOurs: true },
    { when: 'that reuses our values', states: [{ ...ofOurs, config: { ...SET, ...hubble } }], mayBeOurs: true },
  ])('never takes back the upgrade of somebody else $when', async ({ states, mayBeOurs }) => {
    const { helm, calls } = aHelm(states, [busy]);

    await expect(converge(helm, { mayBeOurs })).rejects.toMatchObject({ code: 'Conflict' });

    expect(calls).not.toContain('settle');
  });

  it.each([
    { when: 'nothing, when another helm was faster', newest: ofOthers, want: ['write', 'refused'] },
    { when: 'perhaps something, when the other holds our values', newest: ofOurs, want: ['write'] },
  ])('has written $when', async ({ newest, want }) => {
    const foreign = { ...newest, chartDigest: 'def' };
    const { helm } = aHelm([deployed, foreign], [busy]);
    const told: string[] = [];
    const asked: HelmPort = {
      ...helm,
      history: async () => [inHistory(27, 'deployed'), inHistory(28, 'pending-upgrade')],
      release: async (ref, signal) => (ref.revision === 28 ? foreign : helm.release(ref, signal)),
    };

    const converging = converge(asked, { onWrite: () => told.push('write'), onRefused: () => told.push('refused') });

    await expect(converging).rejects.toMatchObject({ code: 'Conflict' });
    expect(told).toEqual(want);
  });

  it('writes nothing on top of a revision that nobody has approved', async () => {
    const { helm, calls } = aHelm([{ ...deployed, revision: 28 }]);

    await expect(converge(helm, { expected: 27 })).rejects.toThrow('somebody else made revision 28 of cilium');

    expect(calls).toEqual([]);
  });

  it('nor on the way back, where both have the old values', async () => {
    const { helm, calls } = aHelm([native, ofOthers], [busy], native);

    await expect(converge(helm, { values: OLD, mayBeOurs: true })).rejects.toMatchObject({ code: 'Conflict' });

    expect(calls).toEqual(['upgrade']);
  });
});
