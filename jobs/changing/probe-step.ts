import { count, listed } from '../../src/cilium/facts/text.ts';
import { longestFirst, lossesOf, type PairLoss, type PairProbes, stateOf } from '../../src/cilium/probe/probe-loss.ts';
import { after, deadPairs, type Marks, marksOf } from '../../src/cilium/probe/probe-marks.ts';
import type { SwitchWork } from '../../src/cilium/switch/switch-work.ts';
import type { ProbeFacts } from '../../src/cilium/verification/verification-facts.ts';
import { HOUR_MS, SECOND_MS } from '../../src/core/clock.ts';
import { toOpsError } from '../../src/core/errors.ts';
import type { ProbeContext } from '../probing/probe-pods.ts';
import { type Prober, removeProbes, startProbes } from '../probing/prober.ts';
import { readAgents } from './agent-pods.ts';
import { patiently } from './patience.ts';
import { readingOf, type Step, type Switching } from './switching.ts';

/** Two nodes that both run the target and hear nothing of each other for this long: nothing will mend itself. */
const DEAD_AFTER_MS = 30 * SECOND_MS;
/** The pods end by themselves this long after the change is over, should nobody ever come back for them. */
const PODS_OUTLIVE_MS = 4 * HOUR_MS;
/** A new pod's first questions may be lost until every node knows it. */
const SETTLE_MS = 20 * SECOND_MS;
const SETTLE_POLL_MS = 2 * SECOND_MS;
const NEWEST_MS = 60 * SECOND_MS;

/** The probes of one switch. Where none may be made, everything is unknown and nothing is dangerous. */
export type Probes = {
  /** Nobody may probe here, and the approvers took that on themselves. */
  readonly isAccepted: boolean;
  /** From here on answers count for `facts`. */
  readonly mark: () => Promise<void>;
  readonly facts: () => Promise<ProbeFacts>;
  /** Why the switch must not go on, given the nodes that are switched; undefined while there is no reason. */
  readonly danger: (switched: ReadonlySet<string>) => Promise<string | undefined>;
  /** Per pair since the probes were settled, longest first. */
  readonly losses: () => Promise<readonly PairLoss[]>;
  readonly remove: () => Promise<void>;
};

type Started = Probes | { readonly type: 'failed'; readonly why: string };

/**
 * Starts a probe between every pair of nodes (above twenty nodes: four peers each) before anything is changed, and
 * waits until every pair works. Pods that an earlier attempt of this run has left are used again.
 */
export async function* startProbing(switching: Switching): Step<Started> {
  const { context } = switching;
  const { probes, resumed } = context;
  yield { type: 'step-started', step: 'probe-start', title: 'Probe pods between the nodes' };
  if (probes === undefined) {
    yield { type: 'step-ended', step: 'probe-start', result: 'skipped', detail: NO_RIGHT };
    return without(NO_RIGHT, true);
  }
  const started = await start(switching, { ...context, probes });
  if (!('type' in started)) {
    yield { type: 'step-ended', step: 'probe-start', result: 'ok', detail: started.words };
    return started.probes;
  }
  const { why } = started;
  yield { type: 'step-ended', step: 'probe-start', result: resumed ? 'warn' : 'failed', detail: why.slice(0, 300) };
  // Half-way there is no going back for want of a probe: what it would have proven stays unknown.
  return resumed ? without(why, false) : started;
}

async function start(
  switching: Switching,
  access: ProbeContext,
): Promise<{ readonly words: string; readonly probes: Probes } | { readonly type: 'failed'; readonly why: string }> {
  const { context } = switching;
  try {
    const nodes = await readyNodes(switching);
    const prober = await patiently(context, () => startProbes(access, { nodes, ttlMs: podsLiveMs(switching.work) }));
    const settled = await settle(switching, prober);
    const broken = settled.filter((pair) => stateOf(pair) !== 'works');
    if (broken.length > 0 && !context.resumed) {
      await removeProbes(access);
      const names = listed(broken.map(({ from, to }) => `${from} → ${to}`));
      return {
        type: 'failed',
        why: `before any change ${count(broken.length, 'pair')} of nodes did not work: ${names}`,
      };
    }
    const words = `${count(settled.length, 'pair')} of ${count(nodes.length, 'node')}`;
    const marks = context.resumed ? new Map<string, number>() : marksOf(settled);
    return { words, probes: probing(switching, { access, prober, settled: marks }) };
  } catch (thrown: unknown) {
    context.signal.throwIfAborted();
    if (!context.resumed) await removeProbes(access);
    return { type: 'failed', why: toOpsError(thrown).message };
  }
}

/** Both ways at their slowest: on a big cluster pods that end before the roll does would leave nothing to prove it with. */
export function podsLiveMs({ estimateS }: Pick<SwitchWork, 'estimateS'>): number {
  return PODS_OUTLIVE_MS + 2 * estimateS.max * SECOND_MS;
}

/** What the pairs say once all work, or when they have had time enough. A worker that resumes does not wait for that. */
async function settle({ context }: Switching, prober: Prober): Promise<readonly PairProbes[]> {
  const { clock, signal, resumed } = context;
  const endMs = clock.now().getTime() + SETTLE_MS;
  for (;;) {
    const pairs = await patiently(context, () => prober.read(NEWEST_MS, signal));
    if (resumed || pairs.every((pair) => stateOf(pair) === 'works') || clock.now().getTime() > endMs) return pairs;
    await clock.sleep(SETTLE_POLL_MS, signal);
  }
}

/** Removed at the end, whichever it is; a worker that dies leaves them to its successor, and to their own deadline. */
export async function* stopProbing({ isAccepted, remove }: Probes): Step<undefined> {
  if (isAccepted) return undefined;
  yield { type: 'step-started', step: 'probe-end', title: 'Remove the probe pods' };
  await remove();
  yield { type: 'step-ended', step: 'probe-end', result: 'ok' };
  return undefined;
}

export const NO_RIGHT = 'this worker may not make probe pods';

async function readyNodes({ context, work }: Switching): Promise<readonly string[]> {
  const agents = await patiently(context, () => readAgents(readingOf(context), work));
  const names = agents.filter(({ ready, terminating }) => ready && !terminating).map(({ node }) => node);
  return [...new Set(names)].sort((left, right) => left.localeCompare(right, 'en', { numeric: true }));
}

function without(why: string, isAccepted: boolean): Probes {
  return {
    isAccepted,
    mark: async () => undefined,
    facts: async () => ({ state: 'not-probed', why }),
    danger: async () => undefined,
    losses: async () => [],
    remove: async () => undefined,
  };
}

type Running = { readonly access: ProbeContext; readonly prober: Prober; readonly settled: Marks };

function probing({ context, startedMs }: Switching, { access, prober, settled }: Running): Probes {
  let marked: Marks = settled;
  /** Of pairs whose nodes are both switched: how far their log had come when that was seen. */
  const switchedAt = new Map<string, number>();
  const read = (lastMs: number) => patiently(context, () => prober.read(lastMs, context.signal));
  return {
    isAccepted: false,
    mark: async () => {
      marked = marksOf(await read(NEWEST_MS));
    },
    facts: async () => ({
      state: 'probed',
      pairs: after(marked, await read(NEWEST_MS)),
      sinceMs: 0,
      of: prober.of,
    }),
    danger: async (switched) => {
      const pairs = await read(NEWEST_MS);
      const dead = deadPairs(pairs, switchedAt, switched, DEAD_AFTER_MS);
      const both = pairs.filter(({ from, to }) => switched.has(from) && switched.has(to));
      for (const [key, atMs] of marksOf(both)) if (!switchedAt.has(key)) switchedAt.set(key, atMs);
      if (dead.length === 0) return undefined;
      const names = listed(dead.map(({ from, to }) => `${from} → ${to}`));
      return `switched nodes cannot reach each other for ${DEAD_AFTER_MS / SECOND_MS} s: ${names}`;
    },
    losses: async () => {
      const lastMs = context.clock.now().getTime() - startedMs + NEWEST_MS;
      const ofPair = (pair: PairProbes) => lossesOf(after(settled, [pair]));
      const losses = await patiently(context, () => prober.summarise(lastMs, ofPair, context.signal));
      return longestFirst(losses.flat());
    },
    remove: () => removeProbes(access),
  };
}
