import { z } from 'zod';
import { ObjectMeta, Pod, parseAll } from '../../src/cilium/facts/kube-objects.ts';
import type { AgentState } from '../../src/cilium/facts/status-data.ts';
import type { RoutingTarget, SwitchWork } from '../../src/cilium/switch/switch-work.ts';
import { runsAs } from '../../src/cilium/switch/way-back.ts';
import { PODS } from '../../src/core/resources.ts';
import { askAgents, toAgentState } from '../reading/agents.ts';
import { BODIES_PER_PAGE, collect, type Reading } from '../reading/reading.ts';

/** A pod with its uid: deleting must never hit a namesake. */
const AgentPod = Pod.extend({ metadata: ObjectMeta.extend({ uid: z.string() }) });

/** An agent as far as replacing it goes: its pod by uid, and what it says about itself when it is ready. */
export type Agent = AgentState & { readonly uid: string; readonly terminating: boolean; readonly createdMs: number };

/** Up to so many nodes one question each is cheaper than all pods of the DaemonSet. */
const ONE_BY_ONE = 5;

/** The agents' pods on `nodes` (all without it); none of them asked yet. */
export async function readAgents(
  reading: Reading,
  { agents }: SwitchWork,
  nodes?: readonly string[],
): Promise<readonly Agent[]> {
  const query = {
    namespace: agents.namespace,
    labelSelector: 'k8s-app=cilium',
    as: 'objects',
    pageSize: BODIES_PER_PAGE,
  } as const;
  const project = (page: readonly unknown[]): readonly Agent[] => parseAll(AgentPod, page).map(toAgent);
  if (nodes === undefined || nodes.length > ONE_BY_ONE) {
    const wanted = nodes === undefined ? undefined : new Set(nodes);
    const all = await collect(reading, PODS, query, project);
    return all.filter(({ node }) => wanted?.has(node) ?? true);
  }
  const found = await Promise.all(
    nodes.map((node) => collect(reading, PODS, { ...query, fieldSelector: `spec.nodeName=${node}` }, project)),
  );
  return found.flat();
}

function toAgent(pod: z.infer<typeof AgentPod>): Agent {
  const { uid, deletionTimestamp, creationTimestamp } = pod.metadata;
  const createdMs = Date.parse(creationTimestamp ?? '') || 0;
  return { ...toAgentState(pod), uid, terminating: deletionTimestamp !== undefined, createdMs };
}

/** Asks those that are ready which mode they run; an agent that does not answer keeps saying nothing. */
export async function ask(
  reading: Reading,
  { agents: { namespace } }: SwitchWork,
  agents: readonly Agent[],
): Promise<readonly Agent[]> {
  const asked = await askAgents(reading, { namespace, agents, chosen: undefined, onAnswer: () => undefined });
  return agents.map((agent, index) => ({ ...agent, answer: asked[index]?.answer ?? agent.answer }));
}

export function runs(agent: Agent, target: RoutingTarget): boolean {
  return (
    agent.ready && !agent.terminating && agent.answer.state === 'answered' && runsAs(target, agent.answer.view.datapath)
  );
}
