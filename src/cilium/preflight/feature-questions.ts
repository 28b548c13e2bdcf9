import { listed } from '../facts/text.ts';
import { atLeast, parseVersion } from '../facts/versions.ts';
import type { PreflightFacts } from './facts.ts';
import { type Answer, fail, isOn, notRead, pass, type Question, unknown, warn } from './question.ts';

type Config = Readonly<Record<string, string>>;

/** A question about cilium-config: without it nobody can tell. */
function onConfig(ask: (config: Config, facts: PreflightFacts) => Answer): Question['ask'] {
  return (facts) => (facts.config === undefined ? notRead('cilium-config') : ask(facts.config, facts));
}

export const FEATURES: readonly Question[] = [
  {
    id: 'cni-chaining',
    group: 'Features',
    title: 'Cilium is the only CNI',
    why: 'in a chain another CNI owns addresses and routes, and Cilium must not install its own',
    ask: onConfig(cniChaining),
  },
  {
    id: 'cluster-mesh',
    group: 'Features',
    title: 'No Cluster Mesh depends on the mode',
    why: 'all clusters of a mesh must use one routing mode, and the CIDR must cover all their pods',
    ask: onConfig(clusterMesh),
  },
  {
    id: 'masquerading',
    group: 'Features',
    title: 'Masquerading knows the native routing CIDR',
    why: 'the CIDR is what keeps pod traffic between nodes unmasqueraded in native mode',
    ask: onConfig(masquerading),
  },
  {
    id: 'encryption',
    group: 'Features',
    title: 'Encryption works in native mode',
    why: 'encrypted traffic changes its path and its MTU with the mode',
    ask: onConfig(encryption),
  },
  {
    id: 'egress-gateway',
    group: 'Features',
    title: 'No egress gateway keeps the tunnel',
    why: 'from 1.15 it keeps the tunnel device and a route MTU of 1450, so the switch gains no MTU',
    ask: onConfig(egressGateway),
  },
  {
    id: 'dsr',
    group: 'Features',
    title: 'The load balancer mode fits native routing',
    why: 'DSR with Geneve dispatch needs the Geneve tunnel protocol even in native mode, or agents do not start',
    ask: onConfig(dsr),
  },
  {
    id: 'direct-routing-device',
    group: 'Features',
    title: 'Agents know their direct routing device',
    why: 'with kube-proxy replacement native mode cannot start without one',
    ask: onConfig(directRoutingDevice),
  },
  {
    id: 'xdp',
    group: 'Features',
    title: 'XDP acceleration is off, or its driver is proven',
    why: 'native XDP needs support in every network driver that carries node traffic',
    ask: onConfig((config) => {
      const mode = config['bpf-lb-acceleration'] ?? 'disabled';
      return mode === 'disabled'
        ? pass('off')
        : warn(`${mode}: it works today; after the switch it sees pod traffic too`);
    }),
  },
  {
    id: 'host-firewall',
    group: 'Features',
    title: 'Host policies allow pod addresses between nodes',
    why: 'traffic between nodes carries pod addresses instead of UDP 8472 or 6081 of the tunnel',
    ask: onConfig((config) =>
      isOn(config, 'enable-host-firewall')
        ? warn('the host firewall is on', 'allow pod CIDR to pod CIDR in host policies')
        : pass('the host firewall is off'),
    ),
  },
  {
    id: 'kube-proxy',
    group: 'Features',
    title: 'Services work in both modes',
    why: 'kube-proxy and its replacement both work with native routing',
    ask: onConfig((config, { workloads }) => {
      const mode = config['kube-proxy-replacement'] ?? 'false';
      const both = workloads?.includes('kube-proxy') === true ? ', kube-proxy is there' : '';
      return pass(`kube-proxy replacement ${mode}${both}`);
    }),
  },
  {
    id: 'mtu-override',
    group: 'Features',
    title: 'The MTU is not fixed',
    why: 'a fixed MTU stays as it is, so routes gain nothing from the missing tunnel header beyond it',
    ask: onConfig((config) => {
      const mtu = config['mtu'] ?? '0';
      return mtu === '0' || mtu === ''
        ? pass('detected by the agents')
        : warn(`fixed at ${mtu}`, 'remove it to gain the tunnel’s 50 bytes');
    }),
  },
  {
    id: 'l2-announcements',
    group: 'Features',
    title: 'L2 announcements go on',
    why: 'they need the same direct routing device and do not depend on the mode',
    ask: onConfig((config) => pass(isOn(config, 'enable-l2-announcements') ? 'on, unaffected' : 'off')),
  },
];

function cniChaining(config: Config): Answer {
  const mode = config['cni-chaining-mode'] ?? 'none';
  if (mode === 'none' || mode === '') return pass('no chaining');
  return fail(`chained with ${mode}`, 'the other CNI decides the routing; there is nothing to switch here');
}

function clusterMesh(config: Config, { workloads }: PreflightFacts): Answer {
  const id = config['cluster-id'] ?? '0';
  if (workloads?.includes('clustermesh-apiserver') === true)
    return fail(
      `clustermesh-apiserver runs (cluster id ${id})`,
      'switch all clusters of the mesh in one plan, with a CIDR over all their pods; this change does one cluster',
    );
  if (id !== '0')
    return unknown(`cluster id is ${id}`, 'make sure that no other cluster is connected, then --accept cluster-mesh');
  return pass('no Cluster Mesh');
}

function masquerading(config: Config): Answer {
  const ipv4 = config['enable-ipv4-masquerade'] ?? config['enable-masquerade'] ?? 'unknown';
  if (ipv4 === 'false') return pass('off: pod addresses leave the cluster as they are');
  if (isOn(config, 'enable-ip-masq-agent'))
    return warn('the ip-masq-agent decides what is masqueraded', 'its nonMasqueradeCIDRs must contain every pod CIDR');
  return pass(isOn(config, 'enable-bpf-masquerade') ? 'BPF' : 'iptables');
}

function encryption(config: Config): Answer {
  if (isOn(config, 'enable-ipsec'))
    return warn('IPsec: ESP must pass between nodes, and the CIDR must be exact', 'try it on a cluster that may break');
  if (isOn(config, 'enable-wireguard')) {
    if (isOn(config, 'enable-encryption-strict-mode'))
      return warn('WireGuard in strict mode', 'its strict CIDR must cover the pod CIDRs');
    return pass('WireGuard; route MTU 1420 afterwards on 1500');
  }
  return pass('off');
}

function egressGateway(config: Config): Answer {
  if (!isOn(config, 'enable-egress-gateway', 'enable-ipv4-egress-gateway')) return pass('off');
  return warn('on: the tunnel device and route MTU 1450 stay', 'expect no MTU gain; verification knows the exception');
}

function dsr(config: Config): Answer {
  const mode = config['bpf-lb-mode'] ?? 'snat';
  if (mode !== 'dsr' && mode !== 'hybrid') return pass(mode);
  const dispatch = config['bpf-lb-dsr-dispatch'] ?? 'opt';
  const protocol = config['tunnel-protocol'] ?? config['tunnel'] ?? 'vxlan';
  if (dispatch === 'geneve' && protocol !== 'geneve')
    return fail(
      `${mode} with dispatch geneve and tunnel protocol ${protocol}`,
      'set tunnelProtocol=geneve and keep it',
    );
  return pass(
    dispatch === 'geneve' ? `${mode} with dispatch geneve: cilium_geneve stays` : `${mode} with dispatch ${dispatch}`,
  );
}

function directRoutingDevice(config: Config, { status }: PreflightFacts): Answer {
  const version = parseVersion(status.installation?.version ?? '');
  const mode = config['kube-proxy-replacement'] ?? 'false';
  const needed = ['true', 'strict', 'partial', 'probe'].includes(mode);
  if (!needed) return pass(`not needed: kube-proxy replacement ${mode}`);
  const told = status.agents.flatMap(({ node, answer }) =>
    answer.state === 'answered' ? [{ node, device: answer.view.directRoutingDevice }] : [],
  );
  const configured = config['direct-routing-device'] ?? '';
  if (told.length === 0) return configured === '' ? notRead('agents') : pass(`configured: ${configured}`);
  const without = told.filter(({ device }) => device === undefined || device === '').map(({ node }) => node);
  const names = [...new Set(told.flatMap(({ device }) => device ?? []))];
  if (without.length === 0) return pass(`${listed(names)} on ${told.length} of ${told.length} agents`);
  // Up to 1.15 an agent in tunnel mode need not tell one although it would find it.
  const isOld = version !== undefined && !atLeast(version, '1.16');
  const words = `no direct routing device on ${listed(without, 4)}`;
  const fix = 'set the Helm values devices or nodePort.directRoutingDevice';
  return isOld && configured === '' ? unknown(words, `${fix}, or --accept direct-routing-device`) : fail(words, fix);
}
