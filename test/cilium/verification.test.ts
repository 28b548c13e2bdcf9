import { describe, expect, it } from 'vitest';
import { lossOf, type PairProbes, stateOf } from '../../src/cilium/probe/probe-loss.ts';
import { isProven, verify, verifyNative } from '../../src/cilium/verification/verification.ts';
import {
  type Expectation,
  expectationOf,
  type VerificationFacts,
} from '../../src/cilium/verification/verification-facts.ts';
import type { Verdict } from '../../src/core/run/check.ts';
import { aNativeNetwork, aNetwork, aNode, anAgent, preflightFacts, route } from './preflight-facts.ts';

const CIDR = '10.0.0.0/16';
const AUTO = { cidr: CIDR, routes: 'auto' } as const;
const NATIVE_CONFIG = {
  ...preflightFacts().config,
  'routing-mode': 'native',
  'auto-direct-node-routes': 'true',
  'ipv4-native-routing-cidr': CIDR,
};
const NATIVE = { routing: { mode: 'native' }, nativeCidr: CIDR } as const;

/** A pair whose newest answers are `clients`, a second apart; undefined is a lost question. */
function pair(from: number, to: number, clients: readonly (string | undefined)[]): PairProbes {
  return {
    from: `node${from + 1}`,
    to: `node${to + 1}`,
    clientAddress: `10.0.${from + 1}.9`,
    probes: clients.map((client, at) => ({ atMs: 1_795_400_000_000 + at * 1_000, target: `node${to + 1}`, client })),
  };
}

function good(from: number): readonly string[] {
  return Array.from({ length: 4 }, () => `10.0.${from + 1}.9`);
}

const PAIRS = [0, 1, 2].flatMap((from) =>
  [0, 1, 2].filter((to) => to !== from).map((to) => pair(from, to, good(from))),
);

/** Three nodes that run native routing as they should. */
function nativeFacts(more: Partial<VerificationFacts> = {}): VerificationFacts {
  return {
    cluster: 'prod',
    asOf: '2026-11-23T00:00:00Z',
    nodes: [0, 1, 2].map(aNode),
    agents: [1, 2, 3].map((at) => anAgent(`node${at}`, NATIVE)),
    version: '1.19.0',
    config: NATIVE_CONFIG,
    networks: [0, 1, 2].map(aNativeNetwork),
    silent: [],
    notAsked: 0,
    probes: { state: 'probed', pairs: PAIRS, sinceMs: 0, of: 6 },
    ...more,
  };
}

function nodes(change: (index: number) => ReturnType<typeof aNetwork>): readonly ReturnType<typeof aNetwork>[] {
  return [0, 1, 2].map(change);
}

type Case = {
  readonly when: string;
  readonly facts: Partial<VerificationFacts>;
  readonly want: Readonly<Record<string, Verdict>>;
  readonly says?: RegExp;
};

/** What looked fine on a real cluster while traffic was dead or masqueraded, and what else may come. */
const CASES: readonly Case[] = [
  {
    when: 'agents were never restarted',
    facts: { agents: [1, 2, 3].map((at) => anAgent(`node${at}`)), networks: nodes(aNetwork) },
    want: { 'routing-mode': 'fail', 'tunnel-device': 'fail', 'pod-routes': 'fail', 'exclusion-cidr': 'fail' },
  },
  {
    when: 'one of three still tunnels',
    facts: {
      agents: [1, 2, 3].map((at) => anAgent(`node${at}`, at === 3 ? {} : NATIVE)),
      networks: nodes((at) => (at === 2 ? aNetwork(at) : aNativeNetwork(at))),
    },
    want: { 'routing-mode': 'fail', 'tunnel-device': 'fail', 'pod-routes': 'fail', 'exclusion-cidr': 'fail' },
    says: /node3/,
  },
  {
    when: 'no direct routes: agents ready and healthy, traffic dead',
    facts: {
      networks: nodes((at) => ({
        ...aNativeNetwork(at),
        routes: aNativeNetwork(at).routes.filter(({ gateway }) => !/^172\.30\.0\.1[1-3]$/.test(gateway ?? '')),
      })),
      probes: { state: 'probed', of: 6, sinceMs: 0, pairs: [pair(0, 1, [undefined, undefined, undefined])] },
    },
    want: { 'pod-routes': 'fail', 'pair-probe': 'fail' },
    says: /node1 to 10\.0\.2\.0\/24 of node2: no route of its own/,
  },
  {
    when: 'a wrong CIDR: everything fast, every address masqueraded',
    facts: {
      agents: [1, 2, 3].map((at) => anAgent(`node${at}`, { ...NATIVE, nativeCidr: '10.1.0.0/16' })),
      probes: {
        state: 'probed',
        of: 6,
        sinceMs: 0,
        pairs: [pair(0, 1, ['172.30.0.11', '172.30.0.11', '172.30.0.11'])],
      },
    },
    want: { 'exclusion-cidr': 'fail', 'pair-probe': 'fail', 'pod-routes': 'pass' },
    says: /seen as 172\.30\.0\.11/,
  },
  {
    when: 'a wrong CIDR everywhere, and no probe to tell',
    facts: {
      nodes: [0, 1, 2].map((at) => (at === 2 ? { ...aNode(at), podCidrs: ['10.1.3.0/24'] } : aNode(at))),
      networks: nodes((at) => ({
        ...aNativeNetwork(at),
        routes: [...aNativeNetwork(at).routes, route('10.1.3.0/24', 'eth0', { gateway: '172.30.0.13' })],
      })),
    },
    want: { 'exclusion-cidr': 'fail' },
    says: /10\.0\.0\.0\/16 does not hold the pods of node3/,
  },
  {
    when: 'routes lead to the wrong node',
    facts: {
      networks: nodes((at) =>
        at === 0
          ? {
              ...aNativeNetwork(0),
              routes: [
                ...aNativeNetwork(0).routes.slice(0, 2),
                route('10.0.0.0/16', 'eth0', { gateway: '172.30.0.12' }),
              ],
            }
          : aNativeNetwork(at),
      ),
    },
    want: { 'pod-routes': 'fail' },
    says: /via 172\.30\.0\.12 instead of 172\.30\.0\.13/,
  },
  {
    when: 'the routes of the tunnel stayed',
    facts: { networks: nodes((at) => ({ ...aNativeNetwork(at), routes: aNetwork(at).routes })) },
    want: { 'pod-routes': 'fail', 'route-mtu': 'warn', 'tunnel-device': 'pass' },
    says: /still over cilium_host/,
  },
  {
    when: 'an egress gateway keeps the device and the MTU',
    facts: {
      config: { ...NATIVE_CONFIG, 'enable-egress-gateway': 'true' },
      networks: nodes((at) => ({ ...aNativeNetwork(at), devices: aNetwork(at).devices })),
    },
    want: { 'tunnel-device': 'pass', 'route-mtu': 'pass' },
  },
  {
    when: 'an egress gateway before 1.15 keeps nothing',
    facts: {
      version: '1.14.9',
      config: { ...NATIVE_CONFIG, 'enable-ipv4-egress-gateway': 'true' },
      networks: nodes((at) => ({ ...aNativeNetwork(at), devices: aNetwork(at).devices })),
    },
    want: { 'tunnel-device': 'fail' },
  },
  {
    when: 'an agent crashes on its configuration, its old programs loaded',
    facts: {
      agents: [1, 2, 3].map((at) =>
        at === 2
          ? {
              ...anAgent('node2'),
              ready: false,
              trouble: 'CrashLoopBackOff',
              answer: { state: 'not-asked', why: 'agent not ready' } as const,
            }
          : anAgent(`node${at}`, NATIVE),
      ),
      networks: [aNativeNetwork(0), aNativeNetwork(2)],
      silent: [{ node: 'node2', why: 'its agent is not ready' }],
    },
    want: { 'agents-ready': 'fail', 'routing-mode': 'unknown', 'tunnel-device': 'unknown', 'pod-routes': 'unknown' },
    says: /node2 \(CrashLoopBackOff\)/,
  },
  {
    when: 'a node has no agent at all',
    facts: { nodes: [0, 1, 2, 3].map(aNode) },
    want: { 'agents-ready': 'fail', 'pod-routes': 'fail' },
    says: /node4 \(none\)/,
  },
  {
    when: 'somebody set the ConfigMap back',
    facts: { config: preflightFacts().config },
    want: { configured: 'fail' },
    says: /asks for VXLAN; expected native routing/,
  },
  {
    when: 'too few answers yet',
    facts: { probes: { state: 'probed', of: 6, sinceMs: 0, pairs: [pair(0, 1, ['10.0.1.9'])] } },
    want: { 'pair-probe': 'unknown' },
  },
  {
    when: 'nobody may probe',
    facts: { probes: { state: 'not-probed', why: 'no right' } },
    want: { 'pair-probe': 'unknown' },
  },
  {
    when: 'a single node',
    facts: { probes: { state: 'probed', of: 0, sinceMs: 0, pairs: [] } },
    want: { 'pair-probe': 'pass' },
  },
  {
    when: 'a sample of a big cluster',
    facts: { notAsked: 200 },
    want: { 'pod-routes': 'warn', 'tunnel-device': 'warn' },
  },
  {
    when: 'nothing is masqueraded at all',
    facts: {
      agents: [1, 2, 3].map((at) => anAgent(`node${at}`, { routing: { mode: 'native' }, masquerading: 'off' })),
    },
    want: { 'exclusion-cidr': 'pass' },
  },
];

describe('verification of native routing', () => {
  it('passes where everything is as it should be', () => {
    const checks = verifyNative(nativeFacts(), AUTO);

    expect(checks.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
    expect(isProven(checks)).toBe(true);
  });

  it.each(CASES)('$when', ({ facts, want, says }) => {
    const checks = verifyNative(nativeFacts(facts), AUTO);

    expect(Object.fromEntries(checks.filter(({ id }) => id in want).map(({ id, verdict }) => [id, verdict]))).toEqual(
      want,
    );
    if (says !== undefined) expect(checks.map(({ evidence }) => evidence).join('\n')).toMatch(says);
    expect(isProven(checks)).toBe(Object.values(want).every((verdict) => verdict === 'pass' || verdict === 'warn'));
  });

  it('with routes from outside the default route will do, and what the tunnel left behind will not', () => {
    const external = { cidr: CIDR, routes: 'external' } as const;
    const config = { ...NATIVE_CONFIG, 'auto-direct-node-routes': 'false' };
    const bare = nodes((at) => ({ ...aNativeNetwork(at), routes: aNativeNetwork(at).routes.slice(0, 2) }));
    const verdict = (networks: VerificationFacts['networks']) =>
      verifyNative(nativeFacts({ config, networks }), external).find(({ id }) => id === 'pod-routes')?.verdict;

    expect(verdict(bare)).toBe('pass');
    expect(verdict(nodes(aNetwork))).toBe('fail');
  });

  it('verifies the tunnel the same way, for the way back', () => {
    const tunnel: Expectation = { mode: 'tunnel', protocol: 'vxlan' };
    const agents = [1, 2, 3].map((at) => anAgent(`node${at}`));
    const back = nativeFacts({ agents, networks: nodes(aNetwork), config: preflightFacts().config });

    expect(verify(back, tunnel).filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
    expect(
      verify(nativeFacts(), tunnel)
        .filter(({ verdict }) => verdict === 'fail')
        .map(({ id }) => id),
    ).toEqual(['configured', 'routing-mode', 'tunnel-device', 'pod-routes', 'route-mtu']);
  });

  it.each([
    { config: { 'routing-mode': 'tunnel', 'tunnel-protocol': 'geneve' }, want: { mode: 'tunnel', protocol: 'geneve' } },
    { config: { tunnel: 'vxlan' }, want: { mode: 'tunnel', protocol: 'vxlan' } },
    {
      config: { tunnel: 'disabled', 'native-routing-cidr': CIDR },
      want: { mode: 'native', cidr: CIDR, routes: 'external' },
    },
    { config: NATIVE_CONFIG, want: { mode: 'native', cidr: CIDR, routes: 'auto' } },
    { config: { 'routing-mode': 'natve' }, want: undefined },
    { config: {}, want: undefined },
  ])('expects what cilium-config says: $want', ({ config, want }) => {
    expect(expectationOf(config)).toEqual(want);
  });
});

describe('losses of a pair', () => {
  it.each([
    { when: 'nothing lost', clients: ['10.0.1.9', '10.0.1.9'], want: { lost: 0, longestGapMs: 0, openGapMs: 0 } },
    {
      when: 'a gap of three questions, then answers',
      clients: ['10.0.1.9', undefined, undefined, undefined, '10.0.1.9'],
      want: { lost: 3, longestGapMs: 3_000, openGapMs: 0 },
    },
    {
      when: 'two gaps: the longer one counts',
      clients: [undefined, '10.0.1.9', undefined, undefined, '10.0.1.9'],
      want: { lost: 3, longestGapMs: 2_000, openGapMs: 0 },
    },
    {
      when: 'lost until now',
      clients: ['10.0.1.9', undefined, undefined],
      want: { lost: 2, longestGapMs: 2_000, openGapMs: 2_000 },
    },
    {
      when: 'an old gap is longer than the open one',
      clients: [undefined, undefined, undefined, '10.0.1.9', undefined],
      want: { lost: 4, longestGapMs: 3_000, openGapMs: 1_000 },
    },
    { when: 'nobody asked', clients: [], want: { lost: 0, asked: 0, longestGapMs: 0, openGapMs: 0 } },
    { when: 'seen as the node', clients: ['172.30.0.11'], want: { lost: 0, masqueraded: 1, seenAs: ['172.30.0.11'] } },
  ])('$when', ({ clients, want }) => {
    expect(lossOf(pair(0, 1, clients))).toMatchObject(want);
  });

  it('counts from the given moment on', () => {
    const lossy = pair(0, 1, [undefined, undefined, '10.0.1.9']);

    expect(lossOf(lossy, 1_795_400_001_000)).toMatchObject({ asked: 2, lost: 1, longestFromMs: 1_795_400_001_000 });
  });

  it('calls a pair working by its newest answers, not by those of long ago', () => {
    expect(stateOf(pair(0, 1, [undefined, ...good(0)]))).toBe('works');
    expect(stateOf(pair(0, 1, [...good(0), undefined]))).toBe('fails');
    expect(stateOf(pair(0, 1, [...good(0), '172.30.0.11']))).toBe('masqueraded');
    expect(stateOf(pair(0, 1, good(0).slice(2)))).toBe('too-few');
  });
});
