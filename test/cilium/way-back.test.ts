import { describe, expect, it } from 'vitest';
import { handoverOf } from '../../src/cilium/switch/handover.ts';
import type { SwitchWork } from '../../src/cilium/switch/switch-work.ts';
import { explicitTunnel, parseKeptState, runsAs, valuesYaml, wayBackWords } from '../../src/cilium/switch/way-back.ts';

const WORK: SwitchWork = {
  schemaVersion: 1,
  from: { mode: 'tunnel', protocol: 'vxlan' },
  to: { mode: 'native', cidr: '10.0.0.0/16', routes: 'auto' },
  release: { namespace: 'kube-system', name: 'cilium', revision: 27, appVersion: '1.19.0' },
  agents: { namespace: 'kube-system', daemonSet: 'cilium' },
  upgrades: true,
  set: { routingMode: 'native', ipv4NativeRoutingCIDR: '10.0.0.0/16', tunnel: null, autoDirectNodeRoutes: true },
  old: { routingMode: null, ipv4NativeRoutingCIDR: null, tunnel: null, autoDirectNodeRoutes: null },
  atOnce: 2,
  rollsByItself: false,
  estimateS: { min: 12, max: 30 },
};

describe('the kept state', () => {
  const kept = {
    schemaVersion: 1,
    run: 'run-7f3k2q',
    startedAt: '2026-11-23T15:20:00.000Z',
    phase: 'forward',
    work: WORK,
  };

  it('is read back as it was written', () => {
    expect(parseKeptState({ state: JSON.stringify(kept) })).toEqual(kept);
  });

  it.each([
    ['nothing', {}],
    ['no JSON', { state: 'routing-mode: native' }],
    ['a later schema', { state: JSON.stringify({ ...kept, schemaVersion: 2 }) }],
    ['a phase nobody knows', { state: JSON.stringify({ ...kept, phase: 'sideways' }) }],
  ])('is not taken from %s', (_, data) => {
    expect(parseKeptState(data as Record<string, string>)).toBeUndefined();
  });
});

describe('the way back', () => {
  it('says what it interrupts', () => {
    expect(wayBackWords(WORK, 'prod', 3)).toContain('12–30 s in mixed modes; hosts lose their pods on other nodes');
  });

  it('is not promised where there is none', () => {
    const back: SwitchWork = { ...WORK, from: WORK.to, to: WORK.from };

    expect(wayBackWords(back, 'prod', 3)).not.toContain('automatic');
  });

  it('names the tunnel where nothing else is known, in the keys of the version', () => {
    expect(explicitTunnel('1.14.2', 'geneve')).toEqual({ tunnel: 'geneve', autoDirectNodeRoutes: false });
    expect(explicitTunnel('1.14.3', 'vxlan')).toMatchObject({ routingMode: 'tunnel', tunnelProtocol: 'vxlan' });
  });
});

describe('an agent', () => {
  it.each([
    { when: 'in the tunnel', mode: 'tunnel', cidr: undefined, want: false },
    { when: 'native with the CIDR', mode: 'native', cidr: '10.0.0.0/16', want: true },
    { when: 'native with another CIDR', mode: 'native', cidr: '10.1.0.0/16', want: false },
    { when: 'native without masquerading', mode: 'native', cidr: undefined, want: true },
    { when: 'that does not tell its mode', mode: 'unknown', cidr: undefined, want: false },
  ])('$when runs as wanted: $want', ({ mode, cidr, want }) => {
    expect(runsAs(WORK.to, { routing: { mode }, nativeCidr: cidr })).toBe(want);
  });
});

describe('the values for whoever owns Cilium', () => {
  it('nest as YAML', () => {
    expect(valuesYaml({ 'a.b.c': 1, 'a.b.d': 'x', 'a.e': null, f: true })).toEqual([
      'a:',
      '  b:',
      '    c: 1',
      '    d: "x"',
      '  e: null',
      'f: true',
    ]);
  });

  it.each(['argo-cd', 'flux', 'helm-chart'] as const)('are handed out where %s owns it', (type) => {
    const handover = handoverOf({ type, name: 'platform/cilium' }, WORK.set, { namespace: 'kube-system' });

    expect(handover?.sections[0]?.lines).toContain('routingMode: "native"');
  });

  it.each(['cilium-cli', 'none'] as const)(
    'come with the steps of an adoption where there is no release (%s)',
    (type) => {
      const handover = handoverOf({ type, name: '' }, WORK.set, { namespace: 'kube-system' });

      expect(handover?.sections[0]?.title).toBe('Adoption');
    },
  );

  it('are the bot’s own business where Helm owns it', () => {
    expect(
      handoverOf({ type: 'helm', name: 'kube-system/cilium' }, WORK.set, { namespace: 'kube-system' }),
    ).toBeUndefined();
  });
});
