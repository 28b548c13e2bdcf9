import { datapathGroups } from './agent-groups.ts';
import type { AgentState, StatusData } from './status-data.ts';

/** Up to here every agent is published; the result of a run has to stay below 1 MiB. */
const PUBLISH_ALL_UP_TO = 1_000;

/** The data as it is kept and handed out: on a big cluster without the agents that say the same as another one. */
export function toPublished(data: StatusData): StatusData {
  const [largest] = datapathGroups(data);
  const example = largest?.find(isUneventful);
  if (data.agents.length <= PUBLISH_ALL_UP_TO || largest === undefined || example === undefined) return data;
  const same = new Set(
    largest.filter((agent) => agent !== example && isUneventful(agent) && agent.image === example.image),
  );
  return {
    ...data,
    agents: data.agents.filter((agent) => !same.has(agent)),
    leftOut: { agents: same.size, like: example.node },
  };
}

function isUneventful({ ready, restarts, answer }: AgentState): boolean {
  if (!ready || restarts > 0 || answer.state !== 'answered') return false;
  return answer.view.failing.length === 0 && answer.view.troubles.length === 0 && answer.view.state === 'Ok';
}
