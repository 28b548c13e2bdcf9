import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAgentConfig, parseAgentStatus, tellsRouting, toAgentView } from '../../src/cilium/facts/agent-status.ts';
import { recording } from '../jobs/recorded-cluster.ts';

/**
 * Only 1.19 was recorded. These follow the response model of the other versions and are derived, not recorded:
 * fields that are false or empty are absent, `routing` comes with 1.16, `ipv6-big-tcp` with 1.13, IPv4 with 1.14.
 */
const derived110 = {
  cilium: { state: 'Ok', msg: '1.10.20 (v1.10.20-e4b5f2d)' },
  'kube-proxy-replacement': { mode: 'Probe', devices: ['eth0'] },
  'host-routing': { mode: 'Legacy' },
  masquerading: {
    enabled: true,
    mode: 'iptables',
    enabledProtocols: { ipv4: true },
    'snat-exclusion-cidr': '10.1.0.0/24',
  },
  'bandwidth-manager': {},
  hubble: { state: 'Disabled' },
};
const derived113 = {
  cilium: { state: 'Ok', msg: '1.13.4 (v1.13.4-4061cdfc)' },
  'kube-proxy-replacement': { mode: 'Strict', devices: ['eth0'], directRoutingDevice: 'eth0' },
  'host-routing': { mode: 'BPF' },
  masquerading: {
    enabled: true,
    mode: 'BPF',
    enabledProtocols: { ipv4: true, ipv6: true },
    'snat-exclusion-cidr-v4': '10.0.0.0/8',
  },
  'bandwidth-manager': { enabled: true, congestionControl: 'bbr', devices: ['eth0'] },
  'ipv6-big-tcp': { enabled: true },
  encryption: { mode: 'Wireguard' },
};
const derived120 = {
  cilium: { state: 'Ok', msg: '1.20.0 (v1.20.0-aaaaaaa)' },
  routing: { 'inter-host-routing-mode': 'Tunnel', 'intra-host-routing-mode': 'BPF', 'tunnel-protocol': 'geneve' },
  'ipv4-big-tcp': { enabled: true, maxGRO: 196608 },
  'ipv6-big-tcp': {},
  masquerading: { enabledProtocols: {} },
  'attach-mode': 'tcx',
  'datapath-mode': 'netkit-l2',
  'something-new-in-1.20': { deeply: [{ nested: true }] },
};

function viewOf(status: unknown, config?: unknown) {
  const parsed = parseAgentStatus(JSON.stringify(status));
  if (parsed === undefined) throw new Error('not understood');
  return toAgentView(parsed, config === undefined ? undefined : parseAgentConfig(JSON.stringify(config)));
}

describe('what an agent says, whatever its version', () => {
  it('reads 1.10, where nothing tells the routing mode and BIG TCP does not exist', () => {
    expect(viewOf(derived110)).toMatchObject({
      version: '1.10.20',
      datapath: {
        routing: { mode: 'unknown' },
        kubeProxyReplacement: 'partial',
        hostRouting: 'Legacy',
        masquerading: 'iptables',
        bandwidthManager: 'off',
        ipv6BigTcp: 'absent',
        ipv4BigTcp: 'absent',
        hubble: 'off',
        nativeCidr: '10.1.0.0/24',
      },
    });
  });

  it.each([
    { config: { Tunnel: 'disabled' }, want: { mode: 'native' } },
    { config: { Tunnel: 'vxlan' }, want: { mode: 'tunnel', protocol: 'vxlan' } },
    { config: { RoutingMode: 'native', TunnelProtocol: 'vxlan' }, want: { mode: 'native' } },
    { config: { RoutingMode: 'tunnel', TunnelProtocol: 'geneve' }, want: { mode: 'tunnel', protocol: 'geneve' } },
    { config: {}, want: { mode: 'unknown' } },
    { config: { Tunnel: 5, RoutingMode: null }, want: { mode: 'unknown' } },
  ])('takes the routing mode of 1.10 to 1.15 from its configuration: $config', ({ config, want }) => {
    expect(viewOf(derived113, config).datapath.routing).toEqual(want);
  });

  it('reads 1.13 with everything on', () => {
    expect(viewOf(derived113, { Tunnel: 'disabled' })).toMatchObject({
      congestionControl: 'bbr',
      masqueradedProtocols: ['IPv4', 'IPv6'],
      datapath: {
        kubeProxyReplacement: 'on',
        hostRouting: 'BPF',
        masquerading: 'BPF',
        bandwidthManager: 'on',
        ipv6BigTcp: 'on',
        ipv4BigTcp: 'absent',
        encryption: 'WireGuard',
      },
    });
  });

  it('reads 1.20, where an empty object is off and an unknown field is nobody’s business', () => {
    expect(viewOf(derived120).datapath).toMatchObject({
      routing: { mode: 'tunnel', protocol: 'geneve' },
      hostRouting: 'BPF',
      masquerading: 'off',
      ipv4BigTcp: 'on',
      ipv6BigTcp: 'off',
      deviceMode: 'netkit-l2',
      kubeProxyReplacement: 'unknown',
    });
  });

  it('asks for the configuration only where the status does not tell the mode', () => {
    expect(tellsRouting(parseAgentStatus(JSON.stringify(derived113)) ?? {})).toBe(false);
    expect(tellsRouting(parseAgentStatus(JSON.stringify(derived120)) ?? {})).toBe(true);
  });

  it.each(['', 'Error: dial unix /var/run/cilium/cilium.sock: connect: no such file', '{"cilium":', '[]', 'null', '7'])(
    'takes %j for no answer',
    (stdout) => {
      expect(parseAgentStatus(stdout)).toBeUndefined();
    },
  );

  it('never crashes on parts of an answer, nor on garbage in their place', () => {
    const [recorded] = Object.values(recording('native').exec);
    const whole = recorded?.status ?? {};
    const garbage = fc.dictionary(fc.constantFrom(...Object.keys(whole), 'new-field'), fc.jsonValue());

    fc.assert(
      fc.property(fc.subarray(Object.keys(whole)), garbage, (keys, odd) => {
        const kept = Object.fromEntries(keys.map((key) => [key, whole[key]]));
        const view = viewOf({ ...kept, ...odd });
        expect(view.datapath.routing.mode).toMatch(/^(native|tunnel|unknown)$/);
      }),
      { numRuns: 500 },
    );
  });

  it('never crashes on garbage deep inside an answer', () => {
    const deep = fc.record(
      {
        cilium: fc.jsonValue(),
        masquerading: fc.record({ enabled: fc.jsonValue(), enabledProtocols: fc.jsonValue(), mode: fc.jsonValue() }),
        controllers: fc.array(fc.oneof(fc.jsonValue(), fc.record({ name: fc.string(), status: fc.jsonValue() }))),
        ipam: fc.record({ status: fc.jsonValue() }),
        routing: fc.record({ 'inter-host-routing-mode': fc.jsonValue() }),
        'kube-proxy-replacement': fc.record({ mode: fc.jsonValue(), devices: fc.jsonValue() }),
      },
      { requiredKeys: [] },
    );

    fc.assert(
      fc.property(deep, (status) => {
        expect(viewOf(status).failing.length).toBeLessThanOrEqual(20);
      }),
    );
  });
});
