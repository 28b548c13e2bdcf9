import { describe, expect, it } from 'vitest';
import { atOnceOf, exposureWords, mtuWords, rollOf, rollWords, routeMtu } from '../../src/cilium/facts/disruption.ts';

describe('how long a switch takes', () => {
  it.each([
    { when: 'a single node has nobody to lose', agents: 1, atOnce: 2, wantBatches: 1, wantMixed: { min: 0, max: 0 } },
    { when: 'three nodes, two at a time', agents: 3, atOnce: 2, wantBatches: 2, wantMixed: { min: 12, max: 30 } },
    { when: 'one more node is one more batch', agents: 4, atOnce: 2, wantBatches: 3, wantMixed: { min: 24, max: 45 } },
    { when: 'all at once after the first', agents: 300, atOnce: 300, wantBatches: 2, wantMixed: { min: 12, max: 30 } },
    {
      when: '300 nodes two at a time',
      agents: 300,
      atOnce: 2,
      wantBatches: 151,
      wantMixed: { min: 1_800, max: 2_265 },
    },
  ])('$when', ({ agents, atOnce, wantBatches, wantMixed }) => {
    const roll = rollOf(agents, atOnce);

    expect(roll.batches).toBe(wantBatches);
    expect(roll.mixedS).toEqual(wantMixed);
  });

  it('says what another limit would do, where it would do something', () => {
    expect(rollWords(rollOf(300, 2), false)).toContain('30–38 min');
    expect(rollWords(rollOf(300, 2), false)).toContain('(--max-unavailable 100%: 12–30 s)');
    expect(rollWords(rollOf(3, 2), false)).not.toContain('--max-unavailable');
  });

  it('warns that agents restart by themselves', () => {
    expect(rollWords(rollOf(3, 2), true)).toContain('all by themselves when Helm writes the settings');
  });
});

describe('agents at once', () => {
  it.each([
    ['2', 3, 2],
    ['5', 3, 3],
    ['25%', 3, 1],
    ['50%', 3, 2],
    ['1%', 300, 3],
    ['100%', 300, 300],
    ['0', 3, undefined],
    ['0%', 3, undefined],
    ['101%', 3, undefined],
    ['two', 3, undefined],
    ['-1', 3, undefined],
  ])('%s of %i agents', (text, agents, want) => {
    expect(atOnceOf(text, agents)).toBe(want);
  });
});

describe('the MTU of routes', () => {
  const cases = [
    { when: 'VXLAN', mode: 'tunnel', config: {}, version: '1.19.0', want: 1_450 },
    { when: 'native', mode: 'native', config: {}, version: '1.19.0', want: 1_500 },
    {
      when: 'VXLAN and WireGuard up to 1.15',
      mode: 'tunnel',
      config: { 'enable-wireguard': 'true' },
      version: '1.15.8',
      want: 1_420,
    },
    {
      when: 'VXLAN and WireGuard from 1.16',
      mode: 'tunnel',
      config: { 'enable-wireguard': 'true' },
      version: '1.16.0',
      want: 1_370,
    },
    {
      when: 'native and WireGuard',
      mode: 'native',
      config: { 'enable-wireguard': 'true' },
      version: '1.19.0',
      want: 1_420,
    },
    { when: 'VXLAN and IPsec', mode: 'tunnel', config: { 'enable-ipsec': 'true' }, version: '1.19.0', want: 1_373 },
    { when: 'native and IPsec', mode: 'native', config: { 'enable-ipsec': 'true' }, version: '1.19.0', want: 1_423 },
    {
      when: 'native and egress gateway from 1.15',
      mode: 'native',
      config: { 'enable-ipv4-egress-gateway': 'true' },
      version: '1.15.0',
      want: 1_450,
    },
    {
      when: 'native and egress gateway before',
      mode: 'native',
      config: { 'enable-ipv4-egress-gateway': 'true' },
      version: '1.14.9',
      want: 1_500,
    },
    { when: 'a fixed MTU', mode: 'native', config: { mtu: '1400' }, version: '1.19.0', want: 1_400 },
  ] as const;
  it.each(cases)('with $when is $want', ({ mode, config, version, want }) => {
    expect(routeMtu(mode, config, version, 1_500)).toBe(want);
  });

  it.each([
    { version: '1.16.9', want: 'running pods keep theirs until they are recreated' },
    { version: '1.17.0', want: 'in running pods too' },
  ])('of running pods changes or not, by version ($version)', ({ version, want }) => {
    const change = { from: 'tunnel', to: 'native', config: {}, version, deviceMtu: 1_500 } as const;

    expect(mtuWords(change)).toContain('1450 → 1500');
    expect(mtuWords(change)).toContain(want);
  });
});

describe('who notices first', () => {
  it('names what could be read and leaves out the rest', () => {
    const words = exposureWords({ dns: { name: 'CoreDNS', pods: 2 }, webhooks: undefined, singles: ['shop/db'] });

    expect(words).toBe(
      'Hit first: CoreDNS (2 pods: names fail for clients on other nodes), 1 workload with a single replica (shop/db)',
    );
  });
});
