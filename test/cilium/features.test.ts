import { describe, expect, it } from 'vitest';
import { parseAgentConfig, parseAgentStatus, toAgentView } from '../../src/cilium/facts/agent-status.ts';
import { configuredDatapath, configuredRouting } from '../../src/cilium/facts/config-view.ts';
import type { Feature } from '../../src/cilium/facts/feature.ts';
import type { AgentState, Installation } from '../../src/cilium/facts/status-data.ts';
import { featuresOf } from '../../src/cilium/status/features.ts';

type Setup = {
  readonly version: string;
  readonly status: object;
  readonly config?: object;
  readonly kernels?: readonly string[];
  readonly settings?: Record<string, string>;
};

/** Answers are derived from the response model of each version, not recorded. */
function features({ version, status, config, kernels = ['6.8.0'], settings = {} }: Setup): Record<string, Feature> {
  const parsed = parseAgentStatus(
    JSON.stringify({ cilium: { state: 'Ok', msg: `${version} (v${version}-0)` }, ...status }),
  );
  if (parsed === undefined) throw new Error('not understood');
  const view = toAgentView(parsed, config && parseAgentConfig(JSON.stringify(config)));
  const agent: AgentState = {
    node: 'node1',
    pod: 'cilium-1',
    ready: true,
    restarts: 0,
    image: `quay.io/cilium/cilium:v${version}`,
    answer: { state: 'answered', at: '2026-11-22T12:00:00Z', view },
  };
  const installation: Installation = {
    namespace: 'kube-system',
    daemonSet: 'cilium',
    version,
    desired: 1,
    ready: 1,
    updated: 1,
    observed: true,
    owner: { type: 'none', name: '' },
    configured: configuredDatapath(settings),
    settings,
  };
  const nodes = kernels.map((kernel, index) => ({
    name: `node${index + 1}`,
    ready: 'yes' as const,
    kernel,
    kubelet: '',
  }));
  return Object.fromEntries(featuresOf({ agents: [agent], nodes, installation }).map((each) => [each.id, each]));
}

const kubeProxy = { 'kube-proxy-replacement': { mode: 'Disabled' }, masquerading: { enabled: true, mode: 'iptables' } };
const ready = {
  'kube-proxy-replacement': { mode: 'True', directRoutingDevice: 'eth0' },
  masquerading: { enabled: true, mode: 'BPF', enabledProtocols: { ipv4: true } },
  routing: { 'inter-host-routing-mode': 'Native', 'intra-host-routing-mode': 'BPF' },
  'ipv4-big-tcp': {},
  'ipv6-big-tcp': {},
  'bandwidth-manager': {},
  encryption: { mode: 'Disabled' },
};

describe('why a feature is off, and what it needs', () => {
  it('says by which version a feature comes', () => {
    const found = features({ version: '1.12.19', status: kubeProxy });

    expect(found['ipv6-big-tcp']).toMatchObject({
      on: 'absent',
      state: 'Not available',
      why: 'comes with Cilium 1.13',
    });
    expect(found['ipv4-big-tcp']?.why).toBe('comes with Cilium 1.14');
    expect(found['attach-mode']?.why).toBe('tcx comes with Cilium 1.16');
    expect(found['kube-proxy-replacement']?.why).toContain('kubeProxyReplacement=strict');
  });

  it('puts what is not met first: kube-proxy replacement for host routing', () => {
    const found = features({ version: '1.13.4', status: { ...kubeProxy, 'host-routing': { mode: 'Legacy' } } });

    expect(found['host-routing']).toMatchObject({
      state: 'Legacy',
      why: 'BPF needs bpf.masquerade=true, kube-proxy replacement; kernel 6.8 is enough (≥ 5.10)',
    });
  });

  it('names the node whose kernel is too old', () => {
    const found = features({ version: '1.19.1', status: ready, kernels: ['6.8.0', '5.4.0-200'] });

    expect(found['ipv4-big-tcp']?.why).toContain('kernel ≥ 6.3 (5.4 on node2)');
    expect(found['bandwidth-manager']?.why).toBe('needs bandwidthManager.enabled=true; kernel 5.4 is enough (≥ 5.1)');
  });

  it('asks for no more than the switch where everything else is there', () => {
    const found = features({ version: '1.19.1', status: ready });

    expect(found['ipv4-big-tcp']?.why).toBe('needs enableIPv4BIGTCP=true; kernel 6.8 is enough (≥ 6.3)');
    expect(found['host-routing']?.state).toBe('BPF');
    expect(found['kube-proxy-replacement']?.why).toBe('eBPF serves Services; direct-routing device eth0');
  });

  it('knows that encryption rules BIG TCP out, and IPsec the bandwidth manager', () => {
    const found = features({ version: '1.18.2', status: { ...ready, encryption: { mode: 'IPsec' } } });

    expect(found['ipv6-big-tcp']?.why).toContain('no encryption');
    expect(found['bandwidth-manager']?.why).toContain('no IPsec');
    expect(found['encryption']).toMatchObject({ state: 'IPsec', on: 'on' });
  });

  it('says that a mode is unknown rather than guess it', () => {
    expect(features({ version: '1.13.4', status: kubeProxy })['routing']).toMatchObject({ on: 'unknown' });
  });

  it('shows the mode of 1.13 from its configuration', () => {
    const found = features({ version: '1.13.4', status: kubeProxy, config: { Tunnel: 'disabled' } });
    expect(found['routing']?.state).toBe('Native');
  });
});

describe('what the ConfigMap asks for', () => {
  it.each([
    { data: { tunnel: 'disabled' }, want: { mode: 'native' } },
    { data: { tunnel: 'geneve' }, want: { mode: 'tunnel', protocol: 'geneve' } },
    { data: { 'routing-mode': 'native', 'tunnel-protocol': 'vxlan' }, want: { mode: 'native' } },
    { data: { 'routing-mode': 'tunnel' }, want: { mode: 'tunnel', protocol: 'vxlan' } },
    { data: { 'routing-mode': 'natve' }, want: { mode: 'unknown' } },
    { data: {}, want: { mode: 'unknown' } },
  ])('$data is $want', ({ data, want }) => {
    expect(configuredRouting(data)).toEqual(want);
  });
});
