import { count, listed, tally } from '../facts/text.ts';
import type { PreflightFacts } from './facts.ts';
import { type Answer, fail, notRead, notReadButMinor, pass, type Question, warn } from './question.ts';

export const SURROUNDINGS: readonly Question[] = [
  {
    id: 'worker-path',
    group: 'Surroundings',
    title: 'The worker keeps its store during the change',
    why: 'while some agents are switched and others not, pods on different nodes cannot reach each other: a worker that is such a pod may lose its store or DNS',
    ask: workerPath,
  },
  {
    id: 'cloud',
    group: 'Surroundings',
    title: 'The network lets pod addresses pass between nodes',
    why: 'clouds drop packets with addresses they did not hand out; none of it can be read from Kubernetes',
    ask: cloud,
  },
  {
    id: 'node-overrides',
    group: 'Surroundings',
    title: 'No node overrides the routing settings',
    why: 'a node that keeps its own mode cannot exchange pod traffic with the others',
    ask: nodeOverrides,
  },
  {
    id: 'network-policies',
    group: 'Surroundings',
    title: 'Policies see the same pods as before',
    why: 'without a tunnel the identity of a peer is found by its address: masquerading by mistake shows as policy drops',
    ask: networkPolicies,
  },
  {
    id: 'unmanaged-pods',
    group: 'Surroundings',
    title: 'Every pod is managed by Cilium',
    why: 'pods on a former CNI are reachable on their own node only, before and after the change',
    ask: unmanagedPods,
  },
  {
    id: 'former-cni',
    group: 'Surroundings',
    title: 'No other overlay is left on the nodes',
    why: 'Flannel uses the same UDP port as Cilium’s VXLAN and leaves routes behind',
    ask: formerCni,
  },
  {
    id: 'disruption-budgets',
    group: 'Surroundings',
    title: 'Workloads can stand a short partition',
    why: 'the change evicts nothing, but peers on switched and unswitched nodes lose each other for about 13 s per batch',
    ask: disruptionBudgets,
  },
];

/** What was seen on a real cluster: a pod keeps the API server and everything outside, and loses pods of other nodes. */
function workerPath({ self }: PreflightFacts): Answer {
  if (self === undefined || self.network === 'outside') return pass('it runs outside of the cluster');
  const store = self.storeHost ?? 'its store';
  const move =
    'run the worker on the host network (hostNetwork: true) or outside, and the store outside of the pod network';
  if (self.network === 'host')
    return self.store === 'in-cluster'
      ? warn(
          `it runs on the host network, ${store} is in the cluster: seconds without it`,
          'a step that has begun finishes without the store',
        )
      : pass(`it runs on the host network, ${store} is not in the cluster`);
  if (self.store === 'in-cluster') return fail(`it runs on the pod network, and ${store} is in the cluster`, move);
  if (self.store === 'named')
    return fail(
      `it runs on the pod network and finds ${store} by way of the cluster’s DNS, which would be cut too`,
      move,
    );
  return warn('it runs on the pod network; what it needs is outside of the cluster and stays reachable', move);
}

type Cloud = { readonly name: string; readonly verdict: 'warn' | 'unknown'; readonly fix: string };

const CLOUDS: Readonly<Record<string, Cloud>> = {
  aws: {
    name: 'AWS',
    verdict: 'warn',
    fix: 'turn the source/destination check off and open pod CIDRs in the security groups',
  },
  gce: {
    name: 'Google Cloud',
    verdict: 'unknown',
    fix: 'set canIpForward and VPC routes for every pod CIDR, then --accept cloud',
  },
  azure: { name: 'Azure', verdict: 'unknown', fix: 'set IP forwarding and user-defined routes, then --accept cloud' },
  hcloud: {
    name: 'Hetzner Cloud',
    verdict: 'unknown',
    fix: 'add network routes for every pod CIDR (reverse path filter), then --accept cloud',
  },
  openstack: {
    name: 'OpenStack',
    verdict: 'warn',
    fix: 'set allowed address pairs for the pod CIDRs, or port security off',
  },
};

function cloud({ nodes }: PreflightFacts): Answer {
  if (nodes === undefined) return notRead('nodes');
  const kinds = tally(nodes.map(({ providerId }) => /^([a-z0-9-]+):\/\//.exec(providerId)?.[1] ?? ''));
  const known = kinds.flatMap(([kind]) => CLOUDS[kind] ?? []);
  const worst = known.find((each) => each.verdict === 'unknown') ?? known[0];
  if (worst === undefined) {
    const names = kinds.map(([kind]) => kind).filter((kind) => kind !== '');
    return pass(names.length === 0 ? 'no cloud provider on the nodes' : `providers ${names.join(', ')}`);
  }
  const { verdict, fix } = worst;
  return { verdict, evidence: `nodes of ${listed(known.map(({ name }) => name))}: anti-spoofing cannot be read`, fix };
}

function nodeOverrides({ nodes, nodeConfigs }: PreflightFacts): Answer {
  const annotated = (nodes ?? []).filter((node) => node.overrides.length > 0);
  if (annotated.length > 0 || (nodeConfigs ?? []).length > 0) {
    const words = [
      ...(nodeConfigs ?? []).map((name) => `CiliumNodeConfig ${name}`),
      ...annotated.map(({ name, overrides }) => `node ${name} (${overrides.join(', ')})`),
    ];
    return fail(`routing settings overridden by ${listed(words, 4)}`, 'remove the overrides before the change');
  }
  if (nodes === undefined) return notRead('nodes');
  return nodeConfigs === undefined
    ? notRead('CiliumNodeConfigs')
    : pass('no CiliumNodeConfig or annotation touches routing');
}

function networkPolicies({ policies }: PreflightFacts): Answer {
  if (policies === undefined) return notReadButMinor('network policies');
  const { networkPolicies: plain, ciliumPolicies, clusterwide } = policies;
  const total = plain + ciliumPolicies + clusterwide;
  if (total === 0) return pass('none');
  return warn(
    `${count(total, 'policy', 'policies')} (${plain} NetworkPolicy, ${ciliumPolicies} CiliumNetworkPolicy, ${clusterwide} clusterwide)`,
    'watch drops during the change: hubble observe --verdict DROPPED',
  );
}

function unmanagedPods({ status }: PreflightFacts): Answer {
  const { unmanaged } = status;
  if (unmanaged === undefined) return notReadButMinor('pods outside of Cilium');
  if (unmanaged.total === 0) return pass(`none of ${count(unmanaged.running, 'running pod')}`);
  const names = tally(unmanaged.groups.map((group) => group.namespace)).map(([namespace]) => namespace);
  const seen = `${count(unmanaged.total, 'unmanaged pod')} in ${listed(names)}`;
  return warn(seen, 'restart them before or after; see status');
}

function formerCni({ networks }: PreflightFacts): Answer {
  if (networks.length === 0) return notReadButMinor('devices of the nodes');
  const found = networks.flatMap(({ node, devices }) => {
    const foreign = devices
      .map(({ name }) => name)
      .filter((name) => /^(flannel\.\d+|vxlan\.calico|tunl0|weave|kube-bridge)$/.test(name));
    return foreign.length === 0 ? [] : [`${node} (${foreign.join(', ')})`];
  });
  if (found.length === 0) return pass('no device of another overlay');
  return warn(
    `devices of another overlay on ${listed(found)}`,
    'remove them: ip link del, and what is left of its routes',
  );
}

function disruptionBudgets(facts: PreflightFacts): Answer {
  if (facts.tightBudgets === undefined) return notReadButMinor('PodDisruptionBudgets');
  if (facts.tightBudgets.length === 0) return pass('every PodDisruptionBudget has room');
  return warn(
    `${count(facts.tightBudgets.length, 'budget')} without room: ${listed(facts.tightBudgets, 4)}`,
    'choose a quiet hour: these workloads say that they stand no disruption now',
  );
}
