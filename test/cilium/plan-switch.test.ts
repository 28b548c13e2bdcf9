import { describe, expect, it } from 'vitest';
import { rollOf } from '../../src/cilium/facts/disruption.ts';
import { toSwitchPlan } from '../../src/cilium/switch/plan-switch.ts';
import { SwitchWork } from '../../src/cilium/switch/switch-work.ts';
import type { Check } from '../../src/core/run/check.ts';
import { digestOf, Plan } from '../../src/core/run/plan.ts';

const roll = rollOf(3, 2);
const work = SwitchWork.parse({
  schemaVersion: 1,
  from: { mode: 'tunnel', protocol: 'vxlan' },
  to: { mode: 'native', cidr: '10.0.0.0/16', routes: 'auto' },
  release: { namespace: 'kube-system', name: 'cilium', revision: 27, appVersion: '1.19.0' },
  agents: { namespace: 'kube-system', daemonSet: 'cilium' },
  upgrades: true,
  set: { routingMode: 'native' },
  old: { routingMode: null },
  atOnce: 2,
  rollsByItself: false,
  estimateS: roll.mixedS,
});

function aCheck(id: string, more: Partial<Check> = {}): Check {
  return { id, title: id, verdict: 'warn', evidence: 'e', why: 'w', fix: 'f', ...more };
}

type Facts = Parameters<typeof toSwitchPlan>[0];

function planned(more: Partial<Facts> = {}): Plan {
  const release = {
    ...{ name: 'cilium', namespace: 'kube-system', revision: 27, status: 'deployed', description: '' },
    ...{ chartName: 'cilium', chartVersion: '1.19.0', appVersion: '1.19.0', chartDigest: 'abc' },
    config: { hubble: { tls: { server: { key: 'SECRET-KEY' } } } },
  };
  return Plan.parse(
    toSwitchPlan({
      ...{
        cluster: 'prod',
        work,
        roll,
        release,
        before: { 'routing-mode': 'tunnel' },
        after: { 'routing-mode': 'native' },
      },
      ...{ nodes: ['node1', 'node2', 'node3'], versions: ['1.19.0', '1.19.0', '1.19.0'], checks: [aCheck('cloud')] },
      exposure: { dns: undefined, webhooks: undefined, singles: undefined },
      deviceMtu: 1_500,
      ...more,
    }),
  );
}

describe('what a switch pins', () => {
  it.each<{ readonly when: string; readonly more: Partial<Facts>; readonly isSame: boolean }>([
    { when: 'nothing', more: {}, isSame: true },
    { when: 'the order in which nodes were listed', more: { nodes: ['node3', 'node1', 'node2'] }, isSame: true },
    { when: 'evidence', more: { checks: [aCheck('cloud', { evidence: 'other' })] }, isSame: true },
    {
      when: 'who would notice first',
      more: { exposure: { dns: { name: 'CoreDNS', pods: 2 }, webhooks: [], singles: [] } },
      isSame: true,
    },
    { when: 'a node', more: { nodes: ['node1', 'node2'] }, isSame: false },
    { when: 'a verdict', more: { checks: [aCheck('cloud', { verdict: 'unknown' })] }, isSame: false },
    { when: 'what was accepted', more: { checks: [aCheck('cloud', { accepted: { reason: 'r' } })] }, isSame: false },
    { when: 'a setting in the cluster', more: { before: { 'routing-mode': 'tunnel', mtu: '1400' } }, isSame: false },
    { when: 'the version of an agent', more: { versions: ['1.19.0', '1.19.0', '1.19.1'] }, isSame: false },
    { when: 'how many restart at once', more: { roll: rollOf(3, 3) }, isSame: false },
  ])('when $when differs', ({ more, isSame }) => {
    expect(digestOf(planned(more)) === digestOf(planned())).toBe(isSame);
  });

  it('differs by a verdict beyond what has room to be shown', () => {
    const many = Array.from({ length: 60 }, (_, at) => aCheck(`a-check-with-quite-a-long-name-${at}`));
    const last = many.map((check, at) => (at === 59 ? { ...check, verdict: 'unknown' as const } : check));

    expect(digestOf(planned({ checks: last }))).not.toBe(digestOf(planned({ checks: many })));
  });

  it('holds nothing of what users keep in their values: they may be secret', () => {
    expect(JSON.stringify(planned())).not.toContain('SECRET-KEY');
  });
});
