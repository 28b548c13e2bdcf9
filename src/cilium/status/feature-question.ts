import type { Datapath } from '../facts/datapath.ts';
import type { Need } from '../facts/feature.ts';
import { kernelNeed, kernelsOf } from '../facts/kernels.ts';
import type { AgentState, Installation, NodeState } from '../facts/status-data.ts';
import { count, listed, tally } from '../facts/text.ts';
import { atLeast, parseVersion } from '../facts/versions.ts';

/** What the table of features is computed from. */
export type FeatureQuestion = {
  readonly agents: readonly AgentState[];
  readonly nodes: readonly NodeState[];
  readonly installation: Installation;
};

export type Told<Value> =
  | { readonly type: 'same'; readonly value: Value; readonly configuredOnly: boolean }
  | { readonly type: 'mixed'; readonly words: string };

/** One field of the datapath over all agents that answered; the ConfigMap speaks where none did. */
export function told<Value>(
  question: FeatureQuestion,
  read: (datapath: Datapath) => Value,
  word: (value: Value) => string = String,
): Told<Value> | undefined {
  const answers = viewsOf(question).map((view) => read(view.datapath));
  const [first] = answers;
  if (first !== undefined) {
    const counts = tally(answers.map(word));
    if (counts.length === 1) return { type: 'same', value: first, configuredOnly: false };
    return { type: 'mixed', words: counts.map(([value, number]) => `${value} on ${number}`).join(' · ') };
  }
  const configured = question.installation.configured;
  return configured && { type: 'same', value: read(configured), configuredOnly: true };
}

export function viewsOf(question: FeatureQuestion) {
  return question.agents.flatMap((agent) => (agent.answer.state === 'answered' ? [agent.answer.view] : []));
}

export const NOBODY_ANSWERED = 'as configured: no agent answered';

export function needsKernel(question: FeatureQuestion, minimum: string): Need {
  return kernelNeed(kernelsOf(question.nodes), minimum);
}

/** `setting` is how Helm names it; met when every agent has what it stands for, unknown when none told. */
export function needs(
  question: FeatureQuestion,
  setting: string,
  holds: (datapath: Datapath) => boolean | undefined,
): Need {
  const answers = told(question, holds);
  if (answers === undefined || answers.type === 'mixed' || answers.value === undefined)
    return { text: setting, met: 'unknown' };
  return { text: setting, met: answers.value ? 'yes' : 'no' };
}

/** Whether the version of Cilium is at least `minimum`; undefined when it is unknown. */
export function ciliumAtLeast(question: FeatureQuestion, minimum: string): boolean | undefined {
  const version = parseVersion(question.installation.version ?? '');
  return version && atLeast(version, minimum);
}

/** `on eth0`, or how many different answers there are. */
export function devicesText(question: FeatureQuestion): string {
  const devices = tally(
    viewsOf(question).flatMap((view) => (view.directRoutingDevice === undefined ? [] : [view.directRoutingDevice])),
  );
  if (devices.length === 0) return '';
  if (devices.length === 1) return devices[0]?.[0] ?? '';
  return `${listed(devices.map(([device]) => device))} (${count(devices.length, 'device name')})`;
}
