import { z } from 'zod';
import type { NodePair } from './iperf-rounds.ts';

/** What is measured, and for how long. Pairs of one round run at the same time; no node is in two of them. */
export type BenchSettings = {
  readonly rounds: readonly (readonly NodePair[])[];
  readonly streams: readonly number[];
  readonly seconds: number;
  readonly runs: number;
  readonly protocol: 'tcp' | 'udp';
  /** UDP sends at this rate, all streams together; TCP takes what it gets. */
  readonly udpMbit: number;
  readonly reverse: boolean;
  /** Between the hosts themselves too, on the same pairs. */
  readonly baseline: boolean;
};

/** What a change measures before and after itself: six runs a side, because five hardly ever tell a tenth from noise. */
export function changeSettings(pair: NodePair): BenchSettings {
  return {
    rounds: [[pair]],
    streams: [1, 4],
    seconds: 5,
    runs: 6,
    protocol: 'tcp',
    udpMbit: 0,
    reverse: false,
    baseline: true,
  };
}

/** iperf3 leaves the first second out of its result: TCP is still finding its rate. */
export const OMITTED_SECONDS = 1;
/** Connecting, exchanging results, and the exec around it. */
const OVERHEAD_SECONDS = 1;

export function nodesOf({ rounds }: Pick<BenchSettings, 'rounds'>): readonly string[] {
  return [...new Set(rounds.flat().flatMap(({ from, to }) => [from, to]))];
}

/** Measurements that run after each other: pairs of a round run together. */
type Turns = Pick<BenchSettings, 'rounds' | 'streams' | 'runs' | 'baseline'>;

export function turnsOf({ rounds, streams, runs, baseline }: Turns): number {
  return rounds.length * streams.length * runs * (baseline ? 2 : 1);
}

export function estimateSeconds(settings: Turns & Pick<BenchSettings, 'seconds'>): number {
  return turnsOf(settings) * (settings.seconds + OMITTED_SECONDS + OVERHEAD_SECONDS);
}

/** `3:40`. */
export function minuteWords(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, '0')}`;
}

/** What people agree to when they press enter: how long, on which nodes, how much of the network. */
export function costWords(settings: BenchSettings): string {
  const nodes = nodesOf(settings);
  const pods = nodes.length * (settings.baseline ? 2 : 1);
  const where = nodes.length <= 3 ? nodes.join(' and ') : `${nodes.length} nodes`;
  const rate = settings.protocol === 'udp' ? `${settings.udpMbit} Mbit/s of UDP` : 'all the bandwidth they get';
  return `${pods} pods on ${where}, about ${minuteWords(estimateSeconds(settings))} min, ${rate}`;
}

const seconds = z
  .string()
  .regex(/^[1-9]\d{0,3}s?$/, 'is a number of seconds, like 10s')
  .transform((text) => Number.parseInt(text, 10));

const number = z
  .string()
  .regex(/^[1-9]\d{0,5}$/, 'is a whole number')
  .transform(Number);

/** What may be typed. Already parsed values pass too: a run's arguments are parsed again from its record. */
export const BenchWords = {
  streams: z.union([number, z.number()]).optional(),
  runs: z.union([number, z.number()]).optional(),
  duration: z.union([seconds, z.number()]).optional(),
  rate: z.union([number, z.number()]).optional(),
} as const;
