import { lossesOf, lossOf, type PairLoss } from '../../src/cilium/probe-loss.ts';
import { listed } from '../../src/cilium/text.ts';
import { HOUR_MS, SECOND_MS } from '../../src/core/clock.ts';
import { toOpsError } from '../../src/core/errors.ts';
import type { ProbeContext } from '../probing/probe-pods.ts';
import { type Prober, removeProbes, startProbes } from '../probing/prober.ts';
import { readAgents } from './agent-pods.ts';
import { patiently } from './patience.ts';
import { readingOf, type Step, type Switching } from './switching.ts';
import type { Probing } from './verify-step.ts';

/** Two nodes that both run the target and hear nothing of each other for this long: nothing will mend itself. */
const DEAD_AFTER_MS = 30 * SECOND_MS;
/** The pods end by themselves after this, should nobody ever come back for them. */
const PODS_LIVE_MS = 4 * HOUR_MS;

/** The probes of one switch; `prober` is absent where none may be made, or where they did not start. */
export type Probes = Probing & {
  readonly danger: (switched: ReadonlySet<string>) => Promise<string | undefined>;
  readonly losses: () => Promise<readonly PairLoss[]>;
  readonly remove: () => Promise<void>;
};

/**
 * Starts a probe between every pair of nodes (above twenty nodes: four peers each) before anything is changed. Pods that
 * an earlier attempt of this run has left are used again.
 */
export async function* startProbing(
  switching: Switching,
): Step<Probes | { readonly type: 'failed'; readonly why: string }> {
  const { context } = switching;
  const { probes, resumed } = context;
  yield { type: 'step-started', step: 'probe-start', title: 'Probe pods between the nodes' };
  if (probes === undefined) {
    yield { type: 'step-ended', step: 'probe-start', result: 'skipped', detail: NO_RIGHT };
    return without(NO_RIGHT, true);
  }
  const access: ProbeContext = { ...context, probes };
  try {
    const nodes = await readyNodes(switching);
    const prober = await patiently(context, () => startProbes(access, { nodes, ttlMs: PODS_LIVE_MS }));
    yield {
      type: 'step-ended',
      step: 'probe-start',
      result: 'ok',
      detail: `${prober.of} pairs of ${nodes.length} nodes`,
    };
    return probing(switching, access, prober);
  } catch (thrown: unknown) {
    context.signal.throwIfAborted();
    const why = toOpsError(thrown).message;
    yield { type: 'step-ended', step: 'probe-start', result: resumed ? 'warn' : 'failed', detail: why.slice(0, 300) };
    // Half-way there is no going back for want of a probe: what it would have proven stays unknown.
    return resumed ? without(why, false) : { type: 'failed', why };
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
    facts: async () => ({ state: 'not-probed', why }),
    danger: async () => undefined,
    losses: async () => [],
    remove: async () => undefined,
  };
}

function probing({ context, startedMs }: Switching, access: ProbeContext, prober: Prober): Probes {
  const switchedAt = new Map<string, number>();
  const nowMs = (): number => context.clock.now().getTime();
  const read = (sinceMs: number) => patiently(context, () => prober.read(nowMs() - sinceMs, context.signal));
  return {
    isAccepted: false,
    facts: async (sinceMs) => ({ state: 'probed', pairs: await read(sinceMs), sinceMs, of: prober.of }),
    danger: async (switched) => {
      for (const node of switched) if (!switchedAt.has(node)) switchedAt.set(node, nowMs());
      const pairs = await read(nowMs() - 2 * DEAD_AFTER_MS);
      const dead = pairs.filter((pair) => {
        const [from, to] = [switchedAt.get(pair.from), switchedAt.get(pair.to)];
        if (from === undefined || to === undefined) return false;
        return lossOf(pair, Math.max(from, to)).openGapMs >= DEAD_AFTER_MS;
      });
      if (dead.length === 0) return undefined;
      const names = listed(dead.map(({ from, to }) => `${from} → ${to}`));
      return `switched nodes cannot reach each other for ${DEAD_AFTER_MS / SECOND_MS} s: ${names}`;
    },
    losses: async () => lossesOf(await read(startedMs), startedMs),
    remove: () => removeProbes(access),
  };
}
