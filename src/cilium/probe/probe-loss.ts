import { PROBE_INTERVAL_MS, type Probed } from './probe-script.ts';

/** What one node's probe pod said about one other node, oldest first. */
export type PairProbes = {
  readonly from: string;
  readonly to: string;
  /** The address of the asking pod: what the other side must see. */
  readonly clientAddress: string;
  readonly probes: readonly Probed[];
};

export type PairLoss = {
  readonly from: string;
  readonly to: string;
  readonly asked: number;
  readonly lost: number;
  /**
   * From the first lost question of a stretch to the first answer after it; questions are a second apart, so this is
   * exact to about a second. 0 when nothing was lost.
   */
  readonly longestGapMs: number;
  /** When the longest gap began, unix ms. */
  readonly longestFromMs: number | undefined;
  /** How long there has been no answer, when the newest question was lost; 0 otherwise. */
  readonly openGapMs: number;
  /** Times that the other side saw another address than the asking pod's: masqueraded on the way. */
  readonly masqueraded: number;
  readonly seenAs: readonly string[];
};

const MAX_ADDRESSES = 3;

/** Questions before `sinceMs` are left out: a roll is measured from its own start. */
export function lossOf(pair: PairProbes, sinceMs = 0): PairLoss {
  const probes = pair.probes.filter((each) => each.atMs >= sinceMs).toSorted((a, b) => a.atMs - b.atMs);
  const foreign = probes.flatMap(({ client }) =>
    client === undefined || client === pair.clientAddress ? [] : [client],
  );
  return {
    from: pair.from,
    to: pair.to,
    asked: probes.length,
    lost: probes.filter(({ client }) => client === undefined).length,
    ...gapsOf(probes),
    masqueraded: foreign.length,
    seenAs: [...new Set(foreign)].slice(0, MAX_ADDRESSES),
  };
}

function gapsOf(probes: readonly Probed[]): Pick<PairLoss, 'longestGapMs' | 'longestFromMs' | 'openGapMs'> {
  let longestGapMs = 0;
  let longestFromMs: number | undefined;
  let startMs: number | undefined;
  const close = (endMs: number): number => {
    const gap = startMs === undefined ? 0 : endMs - startMs;
    if (gap > longestGapMs) {
      longestGapMs = gap;
      longestFromMs = startMs;
    }
    return gap;
  };
  for (const { atMs, client } of probes) {
    if (client === undefined) startMs ??= atMs;
    else {
      close(atMs);
      startMs = undefined;
    }
  }
  // Lost until the end: the newest question was lost for at least its own second.
  const openGapMs = close((probes.at(-1)?.atMs ?? 0) + PROBE_INTERVAL_MS);
  return { longestGapMs, longestFromMs, openGapMs };
}

/** Longest gap first. */
export function lossesOf(pairs: readonly PairProbes[], sinceMs = 0): readonly PairLoss[] {
  return longestFirst(pairs.map((pair) => lossOf(pair, sinceMs)));
}

export function longestFirst(losses: readonly PairLoss[]): readonly PairLoss[] {
  return losses.toSorted((left, right) => right.longestGapMs - left.longestGapMs);
}

/** Whether a pair works now: its newest answers, all of them with the client's own address. */
export type PairState = 'works' | 'fails' | 'masqueraded' | 'too-few';

const NEWEST = 3;

export function stateOf(pair: PairProbes, sinceMs = 0): PairState {
  const newest = pair.probes
    .filter((each) => each.atMs >= sinceMs)
    .toSorted((left, right) => left.atMs - right.atMs)
    .slice(-NEWEST);
  if (newest.length < NEWEST) return 'too-few';
  if (newest.some(({ client }) => client === undefined)) return 'fails';
  return newest.every(({ client }) => client === pair.clientAddress) ? 'works' : 'masqueraded';
}
