import { type Datapath, routingWord } from '../facts/datapath.ts';
import { byMet, type Feature, type Need, needsText } from '../facts/feature.ts';
import { tally } from '../facts/text.ts';
import {
  ciliumAtLeast,
  devicesText,
  type FeatureQuestion,
  NOBODY_ANSWERED,
  needs,
  needsKernel,
  told,
  viewsOf,
} from './feature-question.ts';

/** Routing, kube-proxy replacement, host routing, masquerading, bandwidth manager, BIG TCP. */
export function datapathFeatures(question: FeatureQuestion): readonly Feature[] {
  return [
    routing(question),
    kubeProxyReplacement(question),
    hostRouting(question),
    masquerading(question),
    bandwidthManager(question),
    bigTcp(question, 'IPv6'),
    bigTcp(question, 'IPv4'),
  ];
}

function routing(question: FeatureQuestion): Feature {
  const answer = told(question, (datapath) => datapath.routing, routingWord);
  const base = { id: 'routing', name: 'Routing (datapath mode)' };
  if (answer === undefined || (answer.type === 'same' && answer.value.mode === 'unknown'))
    return { ...base, state: 'Unknown', on: 'unknown', why: 'no agent told its mode', needs: [] };
  if (answer.type === 'mixed')
    return { ...base, state: `Mixed: ${answer.words}`, on: 'mixed', why: MIXED_ROUTING, needs: [] };
  const native = answer.value.mode === 'native';
  const mechanics = native ? nativeText(question) : TUNNEL_TEXT;
  const why = answer.configuredOnly ? NOBODY_ANSWERED : mechanics;
  return { ...base, state: routingWord(answer.value), on: native ? 'on' : 'off', why, needs: [] };
}

const MIXED_ROUTING = 'pod traffic between nodes of different modes is dropped, in both directions';
const TUNNEL_TEXT =
  'pod packets between nodes are encapsulated, 50 bytes each; native needs routingMode=native and nodes that have routes to each other (no kernel minimum of its own)';

function nativeText({ installation }: FeatureQuestion): string {
  const { settings } = installation;
  const cidr = installation.configured?.nativeCidr;
  const routes =
    settings['auto-direct-node-routes'] === 'true'
      ? 'agents install the routes (autoDirectNodeRoutes)'
      : 'routes come from the network (autoDirectNodeRoutes off)';
  return cidr === undefined ? routes : `${routes}; not masqueraded towards ${cidr}`;
}

function kubeProxyReplacement(question: FeatureQuestion): Feature {
  const answer = told(question, (datapath) => datapath.kubeProxyReplacement);
  const legacyValue = ciliumAtLeast(question, '1.14') === false ? 'strict' : 'true';
  const wanted: readonly Need[] = [
    { text: `kubeProxyReplacement=${legacyValue} with k8sServiceHost and k8sServicePort`, met: 'no' },
  ];
  const base = { id: 'kube-proxy-replacement', name: 'Kube-proxy replacement' };
  if (answer?.type === 'mixed') return mixed(base, answer.words);
  if (answer === undefined || answer.value === 'unknown') return unknown(base);
  if (answer.configuredOnly) return configured(base, answer.value === 'off' ? 'Off' : capital(answer.value));
  if (answer.value === 'off') return { ...base, state: 'Off', on: 'off', why: needsText(wanted), needs: wanted };
  const device = devicesText(question);
  const on = device === '' ? 'eBPF serves Services' : `eBPF serves Services; direct-routing device ${device}`;
  if (answer.value === 'on') return { ...base, state: 'On', on: 'on', why: on, needs: [] };
  return { ...base, state: 'Partial', on: 'on', why: `some Service types stay with kube-proxy; ${on}`, needs: wanted };
}

function hostRouting(question: FeatureQuestion): Feature {
  const base = { id: 'host-routing', name: 'Host routing' };
  const answer = told(question, (datapath) => datapath.hostRouting);
  if (answer?.type === 'mixed') return mixed(base, answer.words);
  if (answer === undefined || answer.configuredOnly || answer.value === 'unknown') return unknown(base);
  if (answer.value === 'BPF')
    return { ...base, state: 'BPF', on: 'on', why: "packets bypass the host's iptables and upper stack", needs: [] };
  const legacy = question.installation.settings['enable-host-legacy-routing'] === 'true';
  const wanted = [
    ...(legacy ? [{ text: 'bpf.hostLegacyRouting=false', met: 'no' as const }] : []),
    bpfMasquerade(question),
    replacement(question),
    ...noIpsec(question, '1.19'),
    needsKernel(question, '5.10'),
  ].sort(byMet);
  return { ...base, state: 'Legacy', on: 'off', why: `BPF ${needsText(wanted)}`, needs: wanted };
}

function masquerading(question: FeatureQuestion): Feature {
  const base = { id: 'masquerading', name: 'Masquerading' };
  const answer = told(question, (datapath) => datapath.masquerading);
  if (answer?.type === 'mixed') return mixed(base, answer.words);
  if (answer === undefined || answer.value === 'unknown') return unknown(base);
  const protocols = tally(viewsOf(question).map((view) => view.masqueradedProtocols.join(' and ')))[0]?.[0] ?? '';
  const suffix = protocols === '' ? '' : ` (${protocols})`;
  if (answer.configuredOnly) return configured(base, answer.value === 'off' ? 'Off' : answer.value);
  if (answer.value === 'off')
    return { ...base, state: 'Off', on: 'off', why: 'enable-ipv4-masquerade is off', needs: [] };
  if (answer.value === 'BPF') return { ...base, state: `BPF${suffix}`, on: 'on', why: exclusion(question), needs: [] };
  const wanted = [{ text: 'bpf.masquerade=true', met: 'no' as const }, replacement(question)].sort(byMet);
  return { ...base, state: `iptables${suffix}`, on: 'off', why: `BPF ${needsText(wanted)}`, needs: wanted };
}

function exclusion({ installation }: FeatureQuestion): string {
  const cidr = installation.configured?.nativeCidr;
  return cidr === undefined ? 'pod addresses leave the cluster as node addresses' : `except towards ${cidr}`;
}

function bandwidthManager(question: FeatureQuestion): Feature {
  const base = { id: 'bandwidth-manager', name: 'Bandwidth manager' };
  const answer = told(question, (datapath) => datapath.bandwidthManager);
  if (answer?.type === 'mixed') return mixed(base, answer.words);
  if (answer === undefined || answer.value === 'unknown') return unknown(base);
  if (answer.configuredOnly) return configured(base, capital(answer.value));
  if (answer.value === 'on') {
    const control = viewsOf(question).find((view) => view.congestionControl !== undefined)?.congestionControl;
    const name = control === undefined ? '' : ` (${control.toUpperCase()})`;
    return { ...base, state: `On${name}`, on: 'on', why: 'EDT with BPF paces pods', needs: [] };
  }
  const key = ciliumAtLeast(question, '1.12') === false ? 'bandwidthManager=true' : 'bandwidthManager.enabled=true';
  const wanted = [
    { text: key, met: 'no' as const },
    replacement(question),
    ...noIpsec(question, undefined),
    needsKernel(question, '5.1'),
  ].sort(byMet);
  return { ...base, state: 'Off', on: 'off', why: needsText(wanted), needs: wanted };
}

const BIG_TCP = {
  IPv6: { since: '1.13', kernel: '5.19', key: 'enableIPv6BIGTCP', field: 'ipv6BigTcp' },
  IPv4: { since: '1.14', kernel: '6.3', key: 'enableIPv4BIGTCP', field: 'ipv4BigTcp' },
} as const;

function bigTcp(question: FeatureQuestion, family: 'IPv4' | 'IPv6'): Feature {
  const { since, kernel, key, field } = BIG_TCP[family];
  const base = { id: `${family.toLowerCase()}-big-tcp`, name: `${family} BIG TCP` };
  const answer = told(question, (datapath) => datapath[field]);
  if (answer?.type === 'mixed') return mixed(base, answer.words);
  const tooOld = ciliumAtLeast(question, since) === false;
  if (answer?.value === 'absent' || (tooOld && answer?.value !== 'on'))
    return { ...base, state: 'Not available', on: 'absent', why: `comes with Cilium ${since}`, needs: [] };
  if (answer === undefined || answer.value === 'unknown') return unknown(base);
  if (answer.configuredOnly) return configured(base, capital(answer.value));
  if (answer.value === 'on')
    return {
      ...base,
      state: 'On',
      on: 'on',
      why: 'packets up to 192 KiB between stack and NIC; new pods only',
      needs: [],
    };
  const wanted = [
    { text: `${key}=true`, met: 'no' as const },
    ...(family === 'IPv6' ? ipv6(question) : []),
    needs(question, 'native routing', ({ routing: mode }) => isNative(mode)),
    needs(question, 'BPF host routing', ({ hostRouting: mode }) => isKnown(mode, 'BPF')),
    ...noEncryption(question),
    needsKernel(question, kernel),
  ].sort(byMet);
  return { ...base, state: 'Off', on: 'off', why: needsText(wanted), needs: wanted };
}

function ipv6({ installation }: FeatureQuestion): readonly Need[] {
  const enabled = installation.settings['enable-ipv6'];
  return enabled === 'true' ? [] : [{ text: 'ipv6.enabled=true', met: enabled === undefined ? 'unknown' : 'no' }];
}

function bpfMasquerade(question: FeatureQuestion): Need {
  // Where nothing is masqueraded, nothing forces packets through iptables.
  return needs(question, 'bpf.masquerade=true', ({ masquerading: mode }) => mode === 'off' || isKnown(mode, 'BPF'));
}

function replacement(question: FeatureQuestion): Need {
  return needs(question, 'kube-proxy replacement', ({ kubeProxyReplacement: mode }) =>
    mode === 'unknown' ? undefined : mode !== 'off',
  );
}

/** IPsec rules a feature out before `until`; said only where IPsec is on. */
function noIpsec(question: FeatureQuestion, until: string | undefined): readonly Need[] {
  if (until !== undefined && ciliumAtLeast(question, until) === true) return [];
  const need = needs(question, 'no IPsec', ({ encryption }) => encryption !== 'IPsec');
  return need.met === 'yes' ? [] : [need];
}

function noEncryption(question: FeatureQuestion): readonly Need[] {
  const need = needs(question, 'no encryption', ({ encryption }) =>
    encryption === 'unknown' ? undefined : encryption === 'off',
  );
  return need.met === 'yes' ? [] : [need];
}

function isNative(mode: Datapath['routing']): boolean | undefined {
  return mode.mode === 'unknown' ? undefined : mode.mode === 'native';
}

function isKnown(mode: string, wanted: string): boolean | undefined {
  return mode === 'unknown' ? undefined : mode === wanted;
}

type Base = { readonly id: string; readonly name: string };

function mixed(base: Base, words: string): Feature {
  return { ...base, state: `Mixed: ${words}`, on: 'mixed', why: 'agents differ', needs: [] };
}

function unknown(base: Base): Feature {
  return { ...base, state: 'Unknown', on: 'unknown', why: 'no agent told', needs: [] };
}

function configured(base: Base, state: string): Feature {
  return { ...base, state, on: 'unknown', why: NOBODY_ANSWERED, needs: [] };
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
