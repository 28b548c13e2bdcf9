import pMap from 'p-map';
import { type NodeHealth, parseNodeHealth } from '../../src/cilium/facts/node-health.ts';
import type { AgentState } from '../../src/cilium/facts/status-data.ts';
import { exec } from './agents.ts';
import type { Reading } from './reading.ts';

/** What each node saw of the others grows with the cluster: on a big one a few nodes have to speak for all. */
const ASK_ALL_UP_TO = 50;
const SAMPLE = 5;
const IN_FLIGHT = 5;
/** Answers of a big cluster are megabytes each, and so is what they are parsed into. */
const IN_FLIGHT_OF_BIG = 1;
/** About 700 bytes per node of the cluster. */
const MAX_HEALTH_BYTES = 6 * 1024 * 1024;

export async function readHealth(
  reading: Reading,
  namespace: string,
  agents: readonly AgentState[],
): Promise<readonly NodeHealth[]> {
  const ready = agents.filter((agent) => agent.ready);
  const big = ready.length > ASK_ALL_UP_TO;
  const answers = await pMap(big ? spread(ready, SAMPLE) : ready, async (agent) => readOne(reading, namespace, agent), {
    concurrency: big ? IN_FLIGHT_OF_BIG : IN_FLIGHT,
  });
  reading.cancel.throwIfAborted();
  return answers.filter((answer) => answer !== undefined);
}

/** `size` of them, evenly over the list. */
export function spread<Item>(items: readonly Item[], size: number): readonly Item[] {
  if (items.length <= size) return items;
  return Array.from({ length: size }, (_, index) => items[Math.floor((index * items.length) / size)]).filter(
    (item) => item !== undefined,
  );
}

/** An agent that does not tell its health is no finding: the agents' own answers are told apart. */
async function readOne(
  reading: Reading,
  namespace: string,
  { node, pod }: AgentState,
): Promise<NodeHealth | undefined> {
  if (reading.signal.aborted) return undefined;
  try {
    const result = await exec(reading, { namespace, pod }, ['cilium-health', 'status', '-o', 'json'], MAX_HEALTH_BYTES);
    return parseNodeHealth(node, result.stdout);
  } catch (thrown: unknown) {
    reading.log.debug({ err: thrown, pod }, 'agent did not tell its health');
    return undefined;
  }
}
