import { datapathKey } from '../facts/datapath.ts';
import type { AgentState, StatusData } from '../facts/status-data.ts';

/** Up to here every agent is published; the result of a run has to stay below 1 MiB. */
const PUBLISH_ALL_UP_TO = 1_000;
/** Of agents that say the same, so many are published each. */
const FEW = 20;

/** The data as it is kept and handed out: of a big cluster's agents that say the same, one stands for all. */
export function toPublished(data: StatusData): StatusData {
  if (data.agents.length <= PUBLISH_ALL_UP_TO) return data;
  const kinds = new Map<string, [AgentState, ...AgentState[]]>();
  for (const agent of data.agents) {
    const key = kindOf(agent);
    const kind = kinds.get(key);
    if (kind) kind.push(agent);
    else kinds.set(key, [agent]);
  }
  const many = [...kinds.values()].filter((kind) => kind.length > FEW);
  const left = new Set(many.flatMap((kind) => kind.slice(1)));
  return {
    ...data,
    agents: data.agents.filter((agent) => !left.has(agent)),
    leftOut: many.map((kind) => ({ agents: kind.length - 1, like: kind[0].node })),
  };
}

/** What an agent says, without what tells it from every other one: names, times, addresses. */
function kindOf({ ready, restarts, trouble, image, answer }: AgentState): string {
  if (answer.state !== 'answered') return JSON.stringify([ready, restarts, trouble, image, answer]);
  const { view } = answer;
  return JSON.stringify([ready, restarts, image, view.state, view.failing, view.troubles, datapathKey(view.datapath)]);
}
