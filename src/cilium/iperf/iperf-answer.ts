import { z } from 'zod';
import type { Sample } from '../../core/benchmark/benchmark.ts';
import { clip } from '../facts/text.ts';

/** The fields of `iperf3 -J` that are used; written for 3.9 to 3.18, seen on 3.18. */
const Sum = z.object({
  bits_per_second: z.number(),
  seconds: z.number().default(0),
  retransmits: z.number().optional(),
  jitter_ms: z.number().optional(),
  lost_percent: z.number().optional(),
});

const Interval = z.object({
  streams: z
    .array(z.object({ pmtu: z.number().optional() }))
    .catch([])
    .default([]),
});

const Output = z.object({
  start: z
    .object({
      version: z.string().default(''),
      system_info: z.string().default(''),
      test_start: z
        .object({ protocol: z.string(), num_streams: z.number(), reverse: z.number().default(0) })
        .optional(),
    })
    .prefault({}),
  intervals: z.array(Interval).catch([]).default([]),
  end: z
    .object({
      sum: Sum.optional(),
      sum_sent: Sum.optional(),
      sum_received: Sum.optional(),
      cpu_utilization_percent: z.object({ host_total: z.number(), remote_total: z.number() }).optional(),
    })
    .prefault({}),
  error: z.string().optional(),
});
type Output = z.infer<typeof Output>;

export type IperfTrouble =
  | 'refused'
  | 'timeout'
  | 'unresolvable'
  | 'busy'
  | 'unreachable'
  | 'killed'
  | 'truncated'
  | 'not-json'
  | 'error';

export type IperfAnswer =
  | {
      readonly state: 'measured';
      readonly sample: Sample;
      /** What the sender's socket knew: 1450 with a VXLAN tunnel, 1500 without, where `tcp_mss_default` says 1024 in both. */
      readonly pathMtu: number | undefined;
      readonly version: string;
      readonly kernel: string;
    }
  | { readonly state: 'failed'; readonly trouble: IperfTrouble; readonly why: string };

/** Output and exit code of one `iperf3 -c … -J`. It exits with 1 and valid JSON when it cannot connect. Never throws. */
export function parseIperf(stdout: string, stderr: string, exitCode: number): IperfAnswer {
  const text = stdout.trim();
  // A process that was killed leaves nothing, or the half of what it meant to say.
  if (exitCode > 128) return failed('killed', `iperf3 was killed (exit code ${exitCode})`);
  if (text === '') return plainError(stderr, exitCode);
  const parsed = asJson(text);
  if (parsed === undefined) {
    const isCut = text.startsWith('{');
    return isCut ? failed('truncated', 'iperf3’s answer is cut off') : plainError(`${text} ${stderr}`, exitCode);
  }
  const output = Output.safeParse(parsed);
  if (!output.success) return failed('not-json', 'iperf3’s answer has another shape than expected');
  if (output.data.error !== undefined) return errorOf(output.data.error);
  return measured(output.data);
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function plainError(text: string, exitCode: number): IperfAnswer {
  const said = /iperf3: error - (.+)/.exec(text)?.[1];
  if (said !== undefined) return errorOf(said);
  return failed('not-json', `iperf3 said nothing that can be read (exit code ${exitCode}): ${clip(text, 120)}`);
}

const TROUBLES: readonly (readonly [RegExp, IperfTrouble])[] = [
  [/server is busy|test is already running/i, 'busy'],
  [/connection refused/i, 'refused'],
  [/timed? ?out/i, 'timeout'],
  [/temporarily unavailable|not known|resolve/i, 'unresolvable'],
  [/no route|unreachable/i, 'unreachable'],
  [/interrupt|terminated/i, 'killed'],
];

function errorOf(error: string): IperfAnswer {
  const trouble = TROUBLES.find(([pattern]) => pattern.test(error))?.[1] ?? 'error';
  // Its hint at firewalls stands before the reason and is the same for all.
  return failed(trouble, clip(error.replace(/^unable to connect to server - .*: /, 'cannot connect: '), 160));
}

function failed(trouble: IperfTrouble, why: string): IperfAnswer {
  return { state: 'failed', trouble, why };
}

/** What arrived, not what was sent: with UDP the two differ by what was lost. */
function measured({ start, intervals, end }: Output): IperfAnswer {
  const arrived = end.sum_received ?? end.sum;
  if (arrived === undefined) return failed('truncated', 'iperf3 ended before it had a result');
  const isUdp = start.test_start?.protocol === 'UDP';
  const isReverse = start.test_start?.reverse === 1;
  const { host_total: here, remote_total: there } = end.cpu_utilization_percent ?? {};
  const sample: Sample = {
    bitsPerSecond: arrived.bits_per_second,
    ...given('retransmits', isUdp ? undefined : end.sum_sent?.retransmits),
    ...given('lostPercent', isUdp ? arrived.lost_percent : undefined),
    ...given('jitterMs', isUdp ? arrived.jitter_ms : undefined),
    ...given('cpuSender', isReverse ? there : here),
    ...given('cpuReceiver', isReverse ? here : there),
  };
  const pathMtu = intervals.flatMap(({ streams }) => streams.map(({ pmtu }) => pmtu ?? 0)).findLast((pmtu) => pmtu > 0);
  return {
    state: 'measured',
    sample,
    pathMtu,
    version: start.version.replace(/^iperf /, ''),
    kernel: kernelOf(start.system_info),
  };
}

function given<Key extends keyof Sample>(key: Key, value: number | undefined): Partial<Record<Key, number>> {
  return value === undefined ? {} : ({ [key]: value } as Partial<Record<Key, number>>);
}

/** `6.18.44` of `Linux node1 6.18.44 #1 SMP …`. */
function kernelOf(systemInfo: string): string {
  return systemInfo.split(' ')[2] ?? '';
}
