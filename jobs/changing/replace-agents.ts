import { count, listed } from '../../src/cilium/facts/text.ts';
import { type SwitchWork, targetWords } from '../../src/cilium/switch/switch-work.ts';
import type { Progress } from '../../src/core/job.ts';
import { type Agent, ask, readAgents, runs } from './agent-pods.ts';
import { patiently } from './patience.ts';
import { replaceBatch } from './replace-batch.ts';
import { type Heading, readingOf, type Step, type StepEnd, type Switching, stopWords } from './switching.ts';

/** A node that joins while the others switch starts in the new mode: a second look finds hardly ever anything. */
const ROUNDS = 3;

export type Watch = {
  /** Why the switch must not go on, from what the probes say; undefined while all is as it should be. */
  readonly danger: (switched: ReadonlySet<string>) => Promise<string | undefined>;
};

/**
 * Replaces every agent that does not run `heading.target` yet: one first, against crash loops, then `atOnce` at a time.
 * Agents that run it already are left alone, so it may be repeated at any point. Stops between batches only.
 */
export async function* replaceAgents(switching: Switching, heading: Heading, watch: Watch): Step {
  const { prefix, target } = heading;
  const roll = await lookAround(switching, heading);
  if (roll.pending.length === 0) {
    const detail = `${roll.total} of ${count(roll.total, 'agent')} run ${targetWords(target)} already`;
    yield { type: 'step-started', step: `${prefix}agents`, title: titleOf(heading, roll) };
    yield { type: 'step-ended', step: `${prefix}agents`, result: 'ok', detail };
    return { type: 'ok' };
  }
  const canary = yield* firstOne(switching, heading, roll);
  if (canary.type !== 'ok') return canary;
  yield { type: 'step-started', step: `${prefix}agents`, title: titleOf(heading, roll) };
  const end = yield* theOthers(switching, heading, watch);
  yield { type: 'step-ended', step: `${prefix}agents`, ...resultOf(switching, end, roll.total) };
  return end;
}

function titleOf({ target, way }: Heading, { total }: Roll): string {
  const all = total === 1 ? 'The agent' : `All ${total} agents`;
  return way === 'forward' ? `${all} to ${targetWords(target)}` : `${all} back to ${targetWords(target)}`;
}

function resultOf(
  switching: Switching,
  end: StepEnd,
  total: number,
): Pick<Extract<Progress, { type: 'step-ended' }>, 'result' | 'detail'> {
  switch (end.type) {
    case 'ok':
      return { result: 'ok', detail: `${total} of ${total}` };
    case 'stopped':
      return { result: 'warn', detail: stopWords(switching) };
    case 'failed':
      return { result: 'failed', detail: end.why.slice(0, 300) };
    default:
      throw new Error(`unhandled end ${JSON.stringify(end satisfies never)}`);
  }
}

type Roll = { readonly total: number; readonly pending: readonly Agent[]; readonly switched: ReadonlySet<string> };

async function lookAround({ context, work }: Switching, { target }: Heading): Promise<Roll> {
  const reading = readingOf(context);
  const agents = await patiently(context, async () => ask(reading, work, await readAgents(reading, work)));
  const switched = agents.filter((agent) => runs(agent, target));
  const nodes = new Set(switched.map(({ node }) => node));
  const pending = agents.filter(({ node }) => !nodes.has(node));
  return { total: new Set(agents.map(({ node }) => node)).size, pending: pending.toSorted(byNode), switched: nodes };
}

/** Those that are down already go first: nobody loses anything by it. */
function byNode(left: Agent, right: Agent): number {
  return Number(left.ready) - Number(right.ready) || left.node.localeCompare(right.node, 'en', { numeric: true });
}

/** Only where nobody runs the target yet, and only forward: on the way back the settings are known to work. */
async function* firstOne(switching: Switching, heading: Heading, { pending, switched, total }: Roll): Step {
  const [first] = pending;
  if (heading.way === 'back' || switched.size > 0 || first === undefined || switching.work.rollsByItself)
    return { type: 'ok' };
  if (mayStop(switching, heading) && (await switching.context.stopWanted())) return { type: 'stopped' };
  yield { type: 'step-started', step: 'canary', title: `One agent first: ${first.node}` };
  const end = yield* replaceBatch(switching, { heading, step: 'canary', nodes: [first.node], done: 0, total });
  const detail = end.type === 'failed' ? end.why.slice(0, 300) : `${first.node} runs ${targetWords(heading.target)}`;
  yield { type: 'step-ended', step: 'canary', result: end.type === 'ok' ? 'ok' : 'failed', detail };
  return end;
}

async function* theOthers(switching: Switching, heading: Heading, watch: Watch): Step {
  for (let round = 1; round <= ROUNDS; round += 1) {
    const roll = await lookAround(switching, heading);
    yield { type: 'counted', step: `${heading.prefix}agents`, done: roll.switched.size, total: roll.total };
    if (roll.pending.length === 0) return { type: 'ok' };
    const end = yield* oneRound(switching, { heading, watch, roll });
    if (end.type !== 'ok') return end;
  }
  const { pending } = await lookAround(switching, heading);
  if (pending.length === 0) return { type: 'ok' };
  return { type: 'failed', why: `agents that do not stay switched: ${listed(namesOf(pending), 6)}` };
}

function namesOf(agents: readonly Agent[]): readonly string[] {
  return [...new Set(agents.map(({ node }) => node))];
}

/** Stopping leads back to what was before; a way back that stops leads nowhere. */
function mayStop({ work }: Switching, { way }: Heading): boolean {
  return way === 'forward' && work.to.mode === 'native';
}

type Round = { readonly heading: Heading; readonly watch: Watch; readonly roll: Roll };

async function* oneRound(switching: Switching, { heading, watch, roll }: Round): Step {
  const { work, context, seen } = switching;
  const nodes = namesOf(roll.pending);
  const switched = new Set(roll.switched);
  const step = `${heading.prefix}agents`;
  for (const batch of batchesOf(nodes, atOnceOf(work, heading, nodes.length))) {
    if (mayStop(switching, heading) && (await context.stopWanted())) return { type: 'stopped' };
    const danger = await watch.danger(switched);
    if (danger !== undefined) return { type: 'failed', why: danger };
    const end = yield* replaceBatch(switching, { heading, step, nodes: batch, done: switched.size, total: roll.total });
    if (end.type !== 'ok') return end;
    for (const node of batch) switched.add(node);
    seen.proven.push(`${switched.size} of ${roll.total} agents run ${targetWords(heading.target)}`);
  }
  return { type: 'ok' };
}

/** Those that roll by themselves are only watched, all together; on the way back nobody waits for the DaemonSet. */
function atOnceOf({ rollsByItself, atOnce }: SwitchWork, { way }: Heading, all: number): number {
  return rollsByItself && way === 'forward' ? all : atOnce;
}

function batchesOf(nodes: readonly string[], size: number): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(nodes.length / size) }, (_, index) =>
    nodes.slice(index * size, (index + 1) * size),
  );
}
