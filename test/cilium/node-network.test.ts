import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  covers,
  firstOverlap,
  formatNetwork,
  hasHostBits,
  type Ipv4Network,
  parseNetwork,
  supernetOf,
} from '../../src/cilium/facts/ipv4-network.ts';
import {
  hopFinder,
  oddRulesOf,
  parseDevices,
  parseRouteGet,
  parseRoutes,
} from '../../src/cilium/facts/node-network.ts';

function net(cidr: string): Ipv4Network {
  const network = parseNetwork(cidr);
  if (network === undefined) throw new Error(cidr);
  return network;
}

describe('IPv4 networks', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.0.1.25', '10.0.1.25/32'],
    ['10.0.1.25/24', '10.0.1.0/24'],
    ['255.255.255.255/32', '255.255.255.255/32'],
    ['1.2.3.4/0', '0.0.0.0/0'],
  ])('%s is %s', (text, want) => expect(formatNetwork(net(text))).toBe(want));

  it.each(['10.0.0.256/8', '10.0.0/8', '010.0.0.0/8', '10.0.0.0/33', '10.0.0.0/8/8', 'fd00::/8', '', '10.0.0.0/'])(
    '"%s" is none',
    (text) => expect(parseNetwork(text)).toBeUndefined(),
  );

  it.each([
    [['10.0.0.0/24', '10.0.1.0/24'], '10.0.0.0/23'],
    [['10.0.1.0/24', '10.0.2.0/24'], '10.0.0.0/22'],
    [['10.0.0.0/16', '10.0.3.0/24'], '10.0.0.0/16'],
    [['9.255.255.0/24', '10.0.0.0/24'], '8.0.0.0/6'],
    [['10.0.0.0/24'], '10.0.0.0/24'],
  ])('the smallest network over %j is %s', (cidrs, want) => {
    const found = supernetOf(cidrs.map(net));

    expect(found && formatNetwork(found)).toBe(want);
  });

  it('tells containment, host bits and overlaps', () => {
    const entries = ['10.0.2.0/24', '10.0.0.0/24', '10.0.0.128/25', '10.0.1.0/24'].map((cidr) => ({
      network: net(cidr),
    }));

    expect(covers(net('10.0.0.0/16'), net('10.0.255.0/24'))).toBe(true);
    expect(covers(net('10.0.0.0/16'), net('10.1.0.0/24'))).toBe(false);
    expect(covers(net('10.0.0.0/24'), net('10.0.0.0/16'))).toBe(false);
    expect(hasHostBits('10.0.1.0/16')).toBe(true);
    expect(hasHostBits('10.0.0.0/16')).toBe(false);
    expect(firstOverlap(entries)?.map(({ network }) => formatNetwork(network))).toEqual([
      '10.0.0.0/24',
      '10.0.0.128/25',
    ]);
    expect(firstOverlap(entries.filter((_, index) => index !== 2))).toBeUndefined();
  });
});

function recorded(state: string) {
  const url = new URL(`./fixtures/networks/${state}.json`, import.meta.url);
  // The file is ours, and its shape is what the type says.
  const { pods } = JSON.parse(readFileSync(url, 'utf8')) as {
    pods: Record<string, { node: string; routes: readonly unknown[]; rules: string; links: readonly unknown[] }>;
  };
  const [node1] = Object.values(pods).filter(({ node }) => node === 'node1');
  if (node1 === undefined) throw new Error('node1 is not recorded');
  return {
    routes: parseRoutes(JSON.stringify(node1.routes)) ?? [],
    rules: node1.rules,
    links: JSON.stringify(node1.links),
  };
}

describe('where a recorded node sends packets', () => {
  it.each([
    { state: 'vxlan', to: '172.30.0.12', want: { dev: 'eth0', gateway: undefined } },
    { state: 'vxlan', to: '172.31.0.14', want: { dev: 'eth0', gateway: '172.30.0.1' } },
    { state: 'vxlan', to: '10.0.2.7', want: { dev: 'cilium_host', gateway: '10.0.1.25', mtu: 1_450 } },
    { state: 'vxlan', to: '172.30.0.11', want: { dev: 'eth0', gateway: undefined } },
    { state: 'native', to: '10.0.2.7', want: { dev: 'eth0', gateway: '172.30.0.12', mtu: undefined } },
    { state: 'native', to: '10.0.1.7', want: { dev: 'cilium_host', gateway: '10.0.1.25' } },
    { state: 'vxlan', to: '10.244.1.9', want: { dev: 'cni0', gateway: undefined } },
  ])('$state: to $to', ({ state, to, want }) => {
    const hop = hopFinder({ routes: recorded(state).routes, asked: new Map() })(to);

    expect({ gateway: hop?.gateway, mtu: hop?.mtu, ...hop }).toMatchObject(want);
  });

  it('of two routes to one network the lower metric wins, and the kernel’s own word before both', () => {
    const routes = parseRoutes(
      JSON.stringify([
        { dst: '172.30.0.0/24', dev: 'eth1', metric: 200, flags: [] },
        { dst: '172.30.0.0/24', dev: 'eth0', metric: 100, flags: [] },
        { dst: 'default', gateway: 'fe80::1', dev: 'eth2', flags: [] },
      ]),
    );
    if (routes === undefined) throw new Error('not parsed');

    expect(hopFinder({ routes, asked: new Map() })('172.30.0.12')?.dev).toBe('eth0');
    expect(hopFinder({ routes, asked: new Map([['172.30.0.12', { dev: 'wg0' }]]) })('172.30.0.12')?.dev).toBe('wg0');
    expect(hopFinder({ routes, asked: new Map() })('192.0.2.1')).toBeUndefined();
  });

  it('reads the answer of ip route get as the agent does: the first one', () => {
    expect(parseRouteGet('[{"dst":"172.31.0.14","gateway":"172.30.0.1","dev":"eth0","cache":[]}]')).toEqual({
      gateway: '172.30.0.1',
      dev: 'eth0',
    });
    expect(parseRouteGet('[]')).toBeUndefined();
    expect(parseRouteGet('RTNETLINK answers: Network is unreachable')).toBeUndefined();
  });

  it('takes plain rules for plain, and anything else for odd', () => {
    expect(oddRulesOf(recorded('vxlan').rules)).toEqual([]);
    expect(
      oddRulesOf('9:\tfrom all fwmark 0x200/0xf00 lookup 2004 \n100:\tfrom all lookup local proto kernel\n'),
    ).toEqual([]);
    expect(oddRulesOf('0:\tfrom all lookup local\n50:\tfrom 172.30.0.0/24 lookup 7\n')).toEqual([
      '50: from 172.30.0.0/24 lookup 7',
    ]);
    expect(oddRulesOf('60: from all to 10.0.0.0/8 lookup 8')).toHaveLength(1);
    expect(oddRulesOf('')).toEqual(['(no rules printed)']);
  });

  it('leaves interfaces of pods out of the devices', () => {
    const names = parseDevices(recorded('vxlan').links)?.map(({ name }) => name);

    expect(names).toEqual(expect.arrayContaining(['eth0', 'cni0', 'cilium_host', 'cilium_vxlan', 'lxc_health']));
    expect(names?.filter((name) => /^(veth|lxc[0-9a-f])/.test(name))).toEqual([]);
  });
});
