import { configuredRouting } from '../facts/config-view.ts';
import { routingPhrase } from '../facts/datapath.ts';
import { covers, parseNetwork } from '../facts/ipv4-network.ts';
import type { AgentState } from '../facts/status-data.ts';
import { count, listed, tally } from '../facts/text.ts';
import { type Expectation, expectationOf, type Found, type VerificationFacts } from './verification-facts.ts';

/** `native routing`, `VXLAN`. */
export function expectedWords(expected: Expectation): string {
  return routingPhrase(expected.mode === 'native' ? { mode: 'native' } : expected);
}

export function configured({ config }: VerificationFacts, expected: Expectation): Found {
  if (config === undefined) return { verdict: 'unknown', evidence: 'cilium-config could not be read' };
  const found = expectationOf(config);
  if (found === undefined) return { verdict: 'fail', evidence: `it names no mode that is known` };
  const words = settingsWords(found);
  const isSame =
    found.mode === 'native' && expected.mode === 'native'
      ? found.cidr === expected.cidr && found.routes === expected.routes
      : found.mode === expected.mode && routingPhrase(configuredRouting(config)) === expectedWords(expected);
  if (isSame) return { verdict: 'pass', evidence: words };
  return {
    verdict: 'fail',
    evidence: `it asks for ${words}; expected ${settingsWords(expected)}`,
    fix: 'see who changed it: helm history, and the managers of the ConfigMap',
  };
}

function settingsWords(settings: Expectation): string {
  if (settings.mode === 'tunnel') return expectedWords(settings);
  return `native routing, CIDR ${settings.cidr === '' ? '(none)' : settings.cidr}, routes ${settings.routes}`;
}

export function agentsReady({ agents, nodes }: VerificationFacts): Found {
  if (nodes === undefined || agents.length === 0) return { verdict: 'unknown', evidence: 'agents could not be read' };
  const ready = new Set(agents.filter((agent) => agent.ready).map((agent) => agent.node));
  const without = nodes.filter((node) => !ready.has(node.name)).map((node) => node.name);
  if (without.length === 0) return { verdict: 'pass', evidence: `${nodes.length} of ${count(nodes.length, 'node')}` };
  const why = new Map(agents.map((agent) => [agent.node, agent.trouble ?? (agent.ready ? '' : 'not ready')]));
  const names = without.map((node) => `${node} (${why.get(node) ?? 'none'})`);
  return {
    verdict: 'fail',
    evidence: `no ready agent on ${listed(names, 6)}`,
    fix: 'read the log of the previous container; a repair of the ConfigMap needs the pods replaced',
  };
}

export function routingMode({ agents }: VerificationFacts, expected: Expectation): Found {
  const said = agents.flatMap(({ node, answer }) =>
    answer.state === 'answered' ? [{ node, phrase: routingPhrase(answer.view.datapath.routing) }] : [],
  );
  const wanted = expectedWords(expected);
  const others = said.filter(({ phrase }) => phrase !== wanted);
  if (others.length > 0) {
    const kinds = tally(others.map(({ phrase }) => phrase)).map(([phrase, number]) => `${phrase} (${number})`);
    return {
      verdict: 'fail',
      evidence: `${others.length} of ${count(said.length, 'agent')} run ${kinds.join(', ')}: ${listed(
        others.map(({ node }) => node),
        6,
      )}`,
      fix: 'these agents started before the change: replace their pods',
    };
  }
  return withSilent(agents, said.length, `${said.length} of ${count(agents.length, 'agent')} run ${wanted}`);
}

function withSilent(agents: readonly AgentState[], heard: number, words: string): Found {
  const silent = agents.filter((agent) => agent.answer.state !== 'answered').map((agent) => agent.node);
  if (heard > 0 && silent.length === 0) return { verdict: 'pass', evidence: words };
  return {
    verdict: 'unknown',
    evidence: `${words}; nothing heard from ${silent.length === 0 ? 'any' : listed(silent, 6)}`,
    fix: 'ask again, or see why these agents do not answer',
  };
}

/**
 * In tunnel mode an agent names its own pod CIDR there, which proves nothing. Agents that all have the CIDR that was
 * wanted prove nothing either, when the pods of a node are not in it.
 */
export function exclusionCidr({ agents, config, nodes }: VerificationFacts, expected: Expectation): Found {
  if (expected.mode === 'tunnel') return { verdict: 'pass', evidence: 'not used in tunnel mode' };
  const answered = agents.flatMap(({ node, answer }) =>
    answer.state === 'answered' ? [{ node, datapath: answer.view.datapath }] : [],
  );
  const masquerading = answered.filter(({ datapath }) => datapath.masquerading !== 'off');
  const wrong = masquerading.filter(({ datapath }) => datapath.nativeCidr !== expected.cidr);
  // With the ip-masq-agent its own list decides, and agents name no CIDR.
  if (wrong.length > 0 && config?.['enable-ip-masq-agent'] === 'true')
    return { verdict: 'warn', evidence: 'the ip-masq-agent decides what is masqueraded' };
  if (wrong.length > 0) {
    const names = wrong.map(({ node, datapath }) => `${node} (${datapath.nativeCidr ?? 'none'})`);
    return {
      verdict: 'fail',
      evidence: `expected ${expected.cidr}, found another on ${listed(names, 4)}`,
      fix: 'correct ipv4NativeRoutingCIDR, then replace the agents’ pods',
    };
  }
  const outside = masquerading.length === 0 ? [] : podsOutside(nodes ?? [], expected.cidr);
  if (outside.length > 0 && config?.['enable-ip-masq-agent'] !== 'true')
    return {
      verdict: 'fail',
      evidence: `${expected.cidr} does not hold the pods of ${listed(outside, 4)}`,
      fix: 'choose a CIDR that holds every pod CIDR: others are masqueraded',
    };
  const words =
    masquerading.length === 0 ? 'nothing is masqueraded' : `${expected.cidr} on ${count(masquerading.length, 'agent')}`;
  return withSilent(agents, answered.length, words);
}

function podsOutside(nodes: NonNullable<VerificationFacts['nodes']>, cidr: string): readonly string[] {
  const wanted = parseNetwork(cidr);
  if (wanted === undefined) return [];
  return nodes.flatMap(({ name, podCidrs }) => {
    const networks = podCidrs.flatMap((each) => parseNetwork(each) ?? []);
    return networks.some((network) => !covers(wanted, network)) ? [name] : [];
  });
}
