import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { JobContext } from '../../src/core/job.ts';
import type { ExecRequest, ExecResult } from '../../src/core/ports/ports.ts';
import { type KubeObject, type Recording, recordedContext, type Twist } from './recorded-cluster.ts';

type PodNetwork = {
  readonly node: string;
  readonly routes: readonly unknown[];
  readonly rules: string;
  readonly links: readonly unknown[];
};

/** Routes, rules and links of the agents’ nodes, recorded with the state of that name. */
function networks(state: string): Readonly<Record<string, PodNetwork>> {
  const url = new URL(`../cilium/fixtures/networks/${state}.json`, import.meta.url);
  // The file is ours, and its shape is what the type says.
  return (JSON.parse(readFileSync(url, 'utf8')) as { pods: Record<string, PodNetwork> }).pods;
}

/** A recorded state whose agents also answer `ip`; nodes carry the addresses that their CiliumNodes tell. */
export function recordedWithNetworks(state: string, networkState = state, twist: Twist = {}): JobContext {
  const pods = networks(networkState);
  return recordedContext(state, {
    ...twist,
    change: (recording) => {
      addAddresses(recording);
      addCharts(recording);
      twist.change?.(recording);
    },
    exec: (request, recorded, signal) => {
      if (request.command[0] !== 'ip') return twist.exec?.(request, recorded, signal) ?? recorded();
      return runIp(request, pods[request.pod] ?? Object.values(pods)[0]);
    },
  });
}

function addAddresses({ objects }: Recording): void {
  for (const node of objects['nodes'] ?? []) {
    const named = objects['ciliumnodes']?.find(({ metadata }) => metadata.name === node.metadata.name);
    const addresses = (named?.spec['addresses'] ?? []) as readonly { type: string; ip: string }[];
    (node as KubeObject).status['addresses'] = addresses
      .filter(({ type }) => type === 'InternalIP')
      .map(({ type, ip }) => ({ type, address: ip }));
  }
}

/** The recorded release Secrets are trimmed to their labels: a chart goes back in, packed as Helm packs it. */
function addCharts({ objects }: Recording): void {
  for (const secret of objects['secrets'] ?? []) {
    const chart = { metadata: { name: 'cilium', version: '1.19.0-pre.4' } };
    const packed = gzipSync(JSON.stringify({ name: 'cilium', version: 1, chart })).toString('base64');
    Object.assign(secret, { data: { release: Buffer.from(packed).toString('base64') } });
  }
}

function runIp({ command }: ExecRequest, network: PodNetwork | undefined): ExecResult {
  if (network === undefined) return { exitCode: 1, stdout: '', stderr: 'not recorded' };
  const line = command.filter((word) => !word.startsWith('-')).join(' ');
  const printed: Readonly<Record<string, string>> = {
    'ip route show table all': JSON.stringify(network.routes),
    'ip rule': network.rules,
    'ip link': JSON.stringify(network.links),
  };
  const known = printed[line];
  if (known !== undefined) return { exitCode: 0, stdout: known, stderr: '' };
  const [, , , address = ''] = line.split(' ');
  // What the recorded nodes of one link would say: no gateway.
  return { exitCode: 0, stdout: JSON.stringify([{ dst: address, dev: 'eth0' }]), stderr: '' };
}
