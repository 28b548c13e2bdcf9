import pMap from 'p-map';
import type { NodeAddresses } from '../../src/cilium/facts/node-addresses.ts';
import {
  type Hop,
  type NodeNetwork,
  oddRulesOf,
  parseDevices,
  parseRouteGet,
  parseRoutes,
  type SilentNode,
} from '../../src/cilium/facts/node-network.ts';
import type { AgentState } from '../../src/cilium/facts/status-data.ts';
import { OpsError } from '../../src/core/errors.ts';
import { exec } from './agents.ts';
import { spread } from './health.ts';
import { OUT_OF_TIME, type Reading, whyOf } from './reading.ts';

const IN_FLIGHT = 20;
/** A route takes about 150 bytes, and a node of 5,000 has one for each of the others. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Where a node has routing rules of its own, the kernel is asked for every peer: at most so many. */
const MAX_QUESTIONS = 20;

export type NetworksAsked = {
  readonly namespace: string;
  readonly agents: readonly AgentState[];
  readonly nodes: readonly NodeAddresses[];
  /** Peers for which the kernel itself is asked on every node, to confirm what follows from its tables. */
  readonly confirm: number;
  readonly onAnswer: (done: number, total: number) => void;
};

export type Networks = { readonly networks: readonly NodeNetwork[]; readonly silent: readonly SilentNode[] };

/**
 * Routes, rules and devices of the agents' nodes, asked in the agents' own containers, which share the node's network.
 * Whole tables instead of one question per peer: three commands a node, not one per pair of nodes. Never rejects for
 * one node; rejects when the run is cancelled.
 */
export async function readNodeNetworks(reading: Reading, asked: NetworksAsked): Promise<Networks> {
  let done = 0;
  const answers = await pMap(
    asked.agents,
    async (agent) => {
      const answer = await readOne(reading, asked, agent);
      done += 1;
      asked.onAnswer(done, asked.agents.length);
      return answer;
    },
    { concurrency: IN_FLIGHT },
  );
  reading.cancel.throwIfAborted();
  return {
    networks: answers.flatMap((answer) => ('why' in answer ? [] : [answer])),
    silent: answers.flatMap((answer) => ('why' in answer ? [answer] : [])),
  };
}

async function readOne(
  reading: Reading,
  asked: NetworksAsked,
  { node, pod, ready }: AgentState,
): Promise<NodeNetwork | SilentNode> {
  if (!ready) return { node, why: 'its agent is not ready' };
  if (reading.signal.aborted) return { node, why: OUT_OF_TIME };
  const run = async (...command: readonly [string, ...string[]]) => {
    const { exitCode, stdout, stderr } = await exec(reading, { namespace: asked.namespace, pod }, command, MAX_BYTES);
    if (exitCode === 0) return stdout;
    const said = stderr.trim().slice(0, 120);
    throw new OpsError('ExecFailed', `${command.join(' ')} ended with ${exitCode}: ${said}`);
  };
  try {
    const [routes, rules, devices] = [
      parseRoutes(await run('ip', '-4', '-j', 'route', 'show', 'table', 'all')),
      oddRulesOf(await run('ip', '-4', 'rule')),
      parseDevices(await run('ip', '-j', 'link')),
    ];
    if (routes === undefined || devices === undefined) return { node, why: 'ip -j printed no JSON' };
    const questions = questionsFor(asked, node, rules.length > 0);
    return { node, routes, devices, oddRules: rules, asked: await askKernel(questions, run) };
  } catch (thrown: unknown) {
    return { node, why: whyOf(reading, thrown).why };
  }
}

/** The same peers would be asked from every node if all began at the first: each begins after itself. */
function questionsFor({ nodes, confirm }: NetworksAsked, node: string, hasRules: boolean): readonly string[] {
  const self = nodes.findIndex((each) => each.name === node);
  const others = [...nodes.slice(self + 1), ...nodes.slice(0, Math.max(0, self))];
  const addresses = others.flatMap(({ ipv4 }) => ipv4 ?? []);
  return spread(addresses, hasRules ? MAX_QUESTIONS : confirm);
}

type Run = (...command: readonly [string, ...string[]]) => Promise<string>;

async function askKernel(addresses: readonly string[], run: Run): Promise<ReadonlyMap<string, Hop>> {
  const answers = new Map<string, Hop>();
  for (const address of addresses) {
    // Addresses come from Node objects: nothing but an address may become an argument.
    if (!/^[\d.]+$/.test(address)) continue;
    const hop = parseRouteGet(await run('ip', '-4', '-j', 'route', 'get', address));
    if (hop !== undefined) answers.set(address, hop);
  }
  return answers;
}
