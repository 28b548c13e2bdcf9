import type { Feature, Need } from '../facts/feature.ts';
import { count, tally } from '../facts/text.ts';
import {
  ciliumAtLeast,
  type FeatureQuestion,
  NOBODY_ANSWERED,
  needsKernel,
  told,
  viewsOf,
} from './feature-question.ts';

/** Hubble relay, encryption, IPAM, attach mode. */
export function serviceFeatures(question: FeatureQuestion): readonly Feature[] {
  return [hubbleRelay(question), encryption(question), ipam(question), attachMode(question)];
}

function hubbleRelay(question: FeatureQuestion): Feature {
  const base = { id: 'hubble-relay', name: 'Hubble relay' };
  const { relay } = question.installation;
  const hubble = told(question, (datapath) => datapath.hubble);
  const agents =
    hubble?.type === 'same' ? `Hubble ${hubble.value} in the agents` : `Hubble: ${hubble?.words ?? 'unknown'}`;
  if (relay === undefined) {
    const wanted: readonly Need[] = [{ text: 'hubble.relay.enabled=true', met: 'no' }];
    return { ...base, state: 'Off', on: 'off', why: `${agents}; relay needs hubble.relay.enabled=true`, needs: wanted };
  }
  return { ...base, state: `On, ${relay.ready}/${relay.desired} ready`, on: 'on', why: agents, needs: [] };
}

function encryption(question: FeatureQuestion): Feature {
  const base = { id: 'encryption', name: 'Encryption' };
  const answer = told(question, (datapath) => datapath.encryption);
  if (answer?.type === 'mixed')
    return { ...base, state: `Mixed: ${answer.words}`, on: 'mixed', why: 'agents differ', needs: [] };
  if (answer === undefined || answer.value === 'unknown')
    return { ...base, state: 'Unknown', on: 'unknown', why: 'no agent told', needs: [] };
  if (answer.configuredOnly) return { ...base, state: answer.value, on: 'unknown', why: NOBODY_ANSWERED, needs: [] };
  if (answer.value !== 'off')
    return { ...base, state: answer.value, on: 'on', why: 'pod traffic between nodes is encrypted', needs: [] };
  const kernel = needsKernel(question, '5.6');
  const wanted: readonly Need[] = [{ text: 'encryption.enabled=true', met: 'no' }, kernel];
  const how = kernel.met === 'yes' ? kernel.text : `WireGuard ${kernel.text}`;
  return {
    ...base,
    state: 'Off',
    on: 'off',
    why: `needs encryption.enabled=true and a type; WireGuard: ${how}`,
    needs: wanted,
  };
}

/** Where a pod CIDR comes from; the count is of the fullest node, because one full node is what hurts. */
function ipam(question: FeatureQuestion): Feature {
  const { settings } = question.installation;
  const mode = settings['ipam'];
  const pool = settings['cluster-pool-ipv4-cidr'];
  const usage = viewsOf(question).flatMap((view) => usageOf(view.ipam));
  const fullest = usage.toSorted((left, right) => right.used / right.size - left.used / left.size)[0];
  const state = [mode, mode?.startsWith('cluster-pool') ? pool : undefined].filter((part) => part !== undefined);
  return {
    id: 'ipam',
    name: 'IPAM',
    state: state.length === 0 ? 'Unknown' : state.join(' '),
    on: mode === undefined ? 'unknown' : 'on',
    why:
      fullest === undefined
        ? 'no agent told how many addresses are left'
        : `fullest node ${fullest.used}/${fullest.size} addresses${sizes(usage)}`,
    needs: [],
  };
}

type Usage = { readonly used: number; readonly size: number };

function usageOf(text: string | undefined): readonly Usage[] {
  const match = /IPv4: (\d+)\/(\d+)/.exec(text ?? '');
  const size = Number(match?.[2]);
  return match === null || !(size > 0) ? [] : [{ used: Number(match[1]), size }];
}

function sizes(usage: readonly Usage[]): string {
  const total = usage.reduce((sum, each) => sum + each.used, 0);
  return usage.length < 2 ? '' : `, ${count(total, 'address', 'addresses')} on ${count(usage.length, 'node')}`;
}

function attachMode(question: FeatureQuestion): Feature {
  const base = { id: 'attach-mode', name: 'Attach mode' };
  const modes = tally(
    viewsOf(question).map(({ datapath }) =>
      [datapath.attachMode, datapath.deviceMode].filter((part) => part !== 'unknown').join(' on '),
    ),
  ).filter(([mode]) => mode !== '');
  if (ciliumAtLeast(question, '1.16') === false)
    return { ...base, state: 'tc', on: 'off', why: 'tcx comes with Cilium 1.16', needs: [] };
  const [first] = modes;
  if (first === undefined) return { ...base, state: 'Unknown', on: 'unknown', why: 'no agent told', needs: [] };
  const tcx = needsKernel(question, '6.6');
  const netkit = needsKernel(question, '6.7');
  const state = modes.map(([mode, number]) => (modes.length === 1 ? mode : `${mode} on ${number}`)).join(' · ');
  const why = [
    ...(first[0].startsWith('tcx') ? [] : [`tcx: ${tcx.text}`]),
    ...(first[0].includes('netkit') ? [] : [`netkit (bpf.datapathMode=netkit, new pods only): ${netkit.text}`]),
  ].join('; ');
  return { ...base, state, on: modes.length === 1 ? 'on' : 'mixed', why, needs: [tcx, netkit] };
}
