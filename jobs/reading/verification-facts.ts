import type { DaemonSet } from '../../src/cilium/facts/kube-objects.ts';
import type { NodeAddresses } from '../../src/cilium/facts/node-addresses.ts';
import type { AgentState } from '../../src/cilium/facts/status-data.ts';
import { versionOfImage } from '../../src/cilium/facts/versions.ts';
import type { VerificationFacts } from '../../src/cilium/verification/verification-facts.ts';
import { askAgents, readAgentPods } from './agents.ts';
import { spread } from './health.ts';
import { readDaemonSet } from './installation.ts';
import { readNodeAddresses } from './node-addresses.ts';
import { readNodeNetworks } from './node-networks.ts';
import { readSettings } from './preflight-surroundings.ts';
import { part, type Reading } from './reading.ts';
import type { Tell } from './with-progress.ts';

/** Up to here every node tells its routes; beyond it an even sample does, and the checks say so. */
const ASK_ALL_UP_TO = 300;
const SAMPLE = 100;

/** What the API server tells about the agents, before any of them was asked. */
export type AgentSurvey = {
  readonly daemonSet: DaemonSet;
  readonly namespace: string;
  readonly agents: readonly AgentState[];
  readonly nodes: readonly NodeAddresses[] | undefined;
  readonly config: Readonly<Record<string, string>> | undefined;
};

/** @returns undefined where there is no Cilium. @throws OpsError when even that cannot be read */
export async function surveyAgents(reading: Reading): Promise<AgentSurvey | undefined> {
  const daemonSet = await readDaemonSet(reading);
  if (daemonSet === undefined) return undefined;
  const { namespace } = daemonSet.metadata;
  const [agents, nodes, config] = await Promise.all([
    part(reading, 'agents', async () => {
      const found: AgentState[] = [];
      await readAgentPods(reading, daemonSet, (page) => void found.push(...page));
      return found.sort(byNode);
    }),
    part(reading, 'node addresses', () => readNodeAddresses(reading)),
    part(reading, 'settings of cilium-config', () => readSettings(reading, namespace)),
  ]);
  return { daemonSet, namespace, agents: agents ?? [], nodes, config };
}

/**
 * Asks every agent for its mode and every node (a sample above 300) for its routes and devices: what `verify` judges,
 * but for the probes. Rejects only when the run is cancelled.
 */
export async function readVerificationFacts(
  reading: Reading,
  survey: AgentSurvey,
  tell: Tell,
): Promise<Omit<VerificationFacts, 'probes'>> {
  const { namespace, config, nodes } = survey;
  const ready = survey.agents.filter((agent) => agent.ready);
  const chosen = ready.length <= ASK_ALL_UP_TO ? ready : spread(ready, SAMPLE);
  tell({ type: 'step-started', step: 'agents', title: 'Ask the agents for their mode' });
  tell({ type: 'step-started', step: 'routes', title: 'Read the nodes’ routes' });
  const counting = (step: string) => (done: number, total: number) => tell({ type: 'counted', step, done, total });
  const [agents, found] = await Promise.all([
    askAgents(reading, {
      namespace,
      agents: survey.agents,
      chosen: undefined,
      onAnswer: counting('agents'),
    }),
    readNodeNetworks(reading, {
      namespace,
      agents: chosen,
      nodes: nodes ?? [],
      confirm: 0,
      onAnswer: counting('routes'),
    }),
  ]);
  const isHeard = agents.every((agent) => agent.answer.state === 'answered');
  tell({ type: 'step-ended', step: 'agents', result: isHeard ? 'ok' : 'warn' });
  tell({ type: 'step-ended', step: 'routes', result: found.silent.length === 0 ? 'ok' : 'warn' });
  return {
    cluster: reading.cluster.name,
    asOf: reading.now().toISOString(),
    nodes,
    agents,
    version: versionOf(agents),
    config,
    ...found,
    notAsked: ready.length - chosen.length,
  };
}

/** node2 before node10. */
function byNode(left: AgentState, right: AgentState): number {
  return left.node.localeCompare(right.node, 'en', { numeric: true });
}

function versionOf(agents: readonly AgentState[]): string | undefined {
  const byImage = agents.map(({ image }) => versionOfImage(image)?.text).find((text) => text !== undefined);
  if (byImage !== undefined) return byImage;
  return agents.flatMap(({ answer }) => (answer.state === 'answered' ? (answer.view.version ?? []) : []))[0];
}
