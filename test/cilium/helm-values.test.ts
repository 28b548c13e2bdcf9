import { describe, expect, it } from 'vitest';
import {
  assertConfigMap,
  assertWayBack,
  keptValues,
  nativeRoutingValues,
  setBack,
} from '../../src/cilium/switch/helm-values.ts';

const CIDR = '10.0.0.0/16';
const OLDEST = { tunnel: 'disabled', nativeRoutingCIDR: CIDR, autoDirectNodeRoutes: true };
const ALIASED = {
  tunnel: 'disabled',
  ipv4NativeRoutingCIDR: CIDR,
  nativeRoutingCIDR: null,
  autoDirectNodeRoutes: true,
};
const OLD = { tunnel: 'disabled', ipv4NativeRoutingCIDR: CIDR, autoDirectNodeRoutes: true };
const DOUBLED = { ...OLD, routingMode: null };
const NEW = { routingMode: 'native', ipv4NativeRoutingCIDR: CIDR, tunnel: null, autoDirectNodeRoutes: true };

describe('the values that select native routing', () => {
  it.each([
    ['1.10.0', OLDEST],
    ['v1.10.20', OLDEST],
    ['1.11.0', ALIASED],
    ['1.11.20', ALIASED],
    ['1.12.0', OLD],
    ['1.13.4', OLD],
    ['1.13.99', OLD],
    ['1.14.0', DOUBLED],
    ['1.14.2', DOUBLED],
    ['1.14.3', NEW],
    ['1.14.19', NEW],
    ['1.15.7', NEW],
    ['1.15.8', NEW],
    ['1.16.1', NEW],
    ['1.16.2', NEW],
    ['1.19.0-pre.4', NEW],
    ['1.20.0', NEW],
    ['1.21.0-pre.0', NEW],
  ])('are, for chart %s, those its templates read', (appVersion, wantValues) => {
    expect(nativeRoutingValues({ appVersion, cidr: CIDR, routes: 'auto' })).toEqual({
      type: 'values',
      values: wantValues,
    });
  });

  it.each([
    ['1.9.18', 'older than 1.10'],
    ['0.14.3', 'not known here'],
    ['2.0.0', 'not known here'],
    ['', 'does not say which version'],
    ['latest', 'does not say which version'],
  ])('are refused for version "%s"', (appVersion, wantWhy) => {
    const chosen = nativeRoutingValues({ appVersion, cidr: CIDR, routes: 'auto' });

    expect(chosen).toMatchObject({ type: 'refused', why: expect.stringContaining(wantWhy) });
  });

  it('leave routes to others, and set the size of a batch, when asked to', () => {
    const chosen = nativeRoutingValues({
      appVersion: '1.19.6',
      cidr: CIDR,
      routes: 'external',
      maxUnavailable: '100%',
    });

    expect(chosen).toMatchObject({
      values: { autoDirectNodeRoutes: false, 'updateStrategy.rollingUpdate.maxUnavailable': '100%' },
    });
  });
});

describe('the way back', () => {
  it('keeps what the user had at each key, and null where there was nothing', () => {
    const config = { routingMode: 'tunnel', updateStrategy: { rollingUpdate: { maxUnavailable: 5 } } };

    const kept = keptValues(config, ['routingMode', 'tunnel', 'updateStrategy.rollingUpdate.maxUnavailable', 'a.b']);

    expect(kept).toEqual({
      routingMode: 'tunnel',
      tunnel: null,
      'updateStrategy.rollingUpdate.maxUnavailable': 5,
      'a.b': null,
    });
  });
});

const TUNNEL_119 = {
  'routing-mode': 'tunnel',
  'tunnel-protocol': 'vxlan',
  'auto-direct-node-routes': 'false',
  debug: 'false',
};
const NATIVE_119 = {
  ...TUNNEL_119,
  'routing-mode': 'native',
  'auto-direct-node-routes': 'true',
  'ipv4-native-routing-cidr': CIDR,
};
const { 'tunnel-protocol': _, ...NATIVE_116 } = NATIVE_119;
const TUNNEL_113 = { tunnel: 'vxlan', 'auto-direct-node-routes': 'false' };

describe('the rendered ConfigMap', () => {
  it.each([
    ['1.19.6', TUNNEL_119, NATIVE_119],
    ['1.16.19', TUNNEL_119, NATIVE_116],
    ['1.13.4', TUNNEL_113, { tunnel: 'disabled', 'auto-direct-node-routes': 'true', 'ipv4-native-routing-cidr': CIDR }],
    ['1.10.20', TUNNEL_113, { tunnel: 'disabled', 'auto-direct-node-routes': 'true', 'native-routing-cidr': CIDR }],
  ])('is as wanted on %s', (appVersion, before, after) => {
    expect(assertConfigMap(before, after, { appVersion, cidr: CIDR, routes: 'auto' })).toEqual([]);
  });

  it.each([
    [
      'an ignored mode, as `tunnel=disabled` on 1.15.4',
      { ...NATIVE_119, 'routing-mode': 'tunnel' },
      'routing-mode would be "tunnel", not "native"',
    ],
    [
      'a missing CIDR',
      { ...NATIVE_119, 'ipv4-native-routing-cidr': undefined },
      'would be (not set), not "10.0.0.0/16"',
    ],
    ['another CIDR', { ...NATIVE_119, 'ipv4-native-routing-cidr': '10.1.0.0/16' }, 'would be "10.1.0.0/16"'],
    ['no routes', { ...NATIVE_119, 'auto-direct-node-routes': 'false' }, 'auto-direct-node-routes would be "false"'],
    ['a change nobody asked for', { ...NATIVE_119, debug: 'true' }, 'debug would change too: "false" → "true"'],
    ['a value that got lost', { ...NATIVE_119, debug: undefined }, 'debug would change too: "false" → (not set)'],
  ])('is refused with %s', (_situation, after, wantProblem) => {
    const present = Object.fromEntries(
      Object.entries(after).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
    );

    const problems = assertConfigMap(TUNNEL_119, present, { appVersion: '1.19.6', cidr: CIDR, routes: 'auto' });

    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(wantProblem);
  });

  it('must be the old one again on the way back', () => {
    const old = { appVersion: '1.19.6', data: TUNNEL_119 };

    expect(assertWayBack(NATIVE_119, TUNNEL_119, old)).toEqual([]);
    expect(assertWayBack(NATIVE_119, NATIVE_119, old)).toHaveLength(3);
    expect(assertWayBack(NATIVE_119, { ...TUNNEL_119, debug: 'true' }, old)).toEqual([
      'debug would change too: "false" → "true"',
    ]);
  });
});

describe('settings that were changed past Helm', () => {
  it.each([
    { when: 'nothing was', live: {}, want: [] },
    { when: 'a value differs', live: { debug: 'true' }, want: ['debug "true" → "false"'] },
    { when: 'a key is gone', live: { debug: undefined }, want: ['debug (not set) → "false"'] },
    { when: 'Helm does not know the key, and leaves it', live: { 'mesh-auth': 'x' }, want: [] },
    { when: 'it is what the switch sets anyway', live: { 'routing-mode': 'native' }, want: [] },
  ])('$when', ({ live, want }) => {
    const after = { ...NATIVE_119, debug: 'false' };
    const now = Object.entries({ ...TUNNEL_119, debug: 'false', ...live }).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, value] as const],
    );

    expect(setBack(Object.fromEntries(now), after, '1.19.6')).toEqual(want);
  });
});
