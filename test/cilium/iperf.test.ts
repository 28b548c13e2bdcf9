import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseIperf } from '../../src/cilium/iperf/iperf-answer.ts';
import { beyondLimits, beyondNodes } from '../../src/cilium/iperf/iperf-limits.ts';
import { podTrouble } from '../../src/cilium/iperf/iperf-pod.ts';
import { roundsOf } from '../../src/cilium/iperf/iperf-rounds.ts';
import type { BenchSettings } from '../../src/cilium/iperf/iperf-settings.ts';
import { rateWords } from '../../src/core/benchmark/benchmark.ts';
import { compareRates } from '../../src/core/benchmark/benchmark-comparison.ts';
import { BenchLimits } from '../../src/core/policy/bench-limits.ts';

/** Recorded on a real cluster (Kubernetes 1.36, Cilium 1.19, iperf 3.18); of the intervals only the last is kept. */
const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`fixtures/iperf/${name}.json`, import.meta.url), 'utf8'));
const Shape = z.object({ exitCode: z.number(), stdout: z.string(), stderr: z.string() });
const shapes = z.record(z.string(), Shape).parse(read('shapes'));
const clean = z.record(z.string(), z.record(z.string(), z.array(z.unknown()))).parse(read('bench-clean'));

function recorded(name: string) {
  const { stdout, stderr, exitCode } = Shape.parse(shapes[name]);
  return parseIperf(stdout, stderr, exitCode);
}

function measured(name: string) {
  const answer = recorded(name);
  if (answer.state !== 'measured') throw new Error(`${name}: ${answer.why}`);
  return answer;
}

function rates(mode: string, kind: string): readonly number[] {
  return (clean[mode]?.[kind] ?? []).map((output) => {
    const answer = parseIperf(JSON.stringify(output), '', 0);
    if (answer.state !== 'measured') throw new Error(answer.why);
    return answer.sample.bitsPerSecond;
  });
}

describe('answers of iperf3, as recorded', () => {
  it('TCP: rate that arrived, retransmits, CPU of both ends, path MTU, versions', () => {
    const { sample, pathMtu, version, kernel } = measured('vxlan/pod-pod-p1');

    expect(sample.bitsPerSecond).toBeGreaterThan(1e9);
    expect(sample.retransmits).toBeGreaterThan(0);
    expect(sample.cpuSender).toBeGreaterThan(sample.cpuReceiver ?? 0);
    expect(pathMtu).toBe(1450);
    expect(version).toBe('3.18');
    expect(kernel).toMatch(/^6\.18\./);
  });

  it('the path MTU tells the mode, where the MSS says 1024 in both', () => {
    expect(measured('native/pod-pod-p4').pathMtu).toBe(1500);
    expect(measured('vxlan/host-host-p1').pathMtu).toBe(1500);
  });

  it('reverse: the server sends, so the CPU of sender and receiver change places', () => {
    const { sample } = measured('vxlan/pod-pod-p4-R');

    expect(rateWords(sample.bitsPerSecond)).toBe('16.82 Gbit/s');
    expect(sample).toMatchObject({ retransmits: 1407, cpuSender: 50.77103993477654, cpuReceiver: 77.50042689764743 });
  });

  it('UDP: what arrived, what was lost, jitter, and no retransmits', () => {
    const { sample } = measured('vxlan/pod-pod-udp-1G');

    expect(rateWords(sample.bitsPerSecond)).toBe('409 Mbit/s');
    expect(sample.lostPercent).toBeCloseTo(2.987, 3);
    expect(sample.jitterMs).toBeCloseTo(0.045, 3);
    expect(sample).not.toHaveProperty('retransmits');
  });

  it('every recorded measurement is understood', () => {
    const names = Object.keys(shapes).filter((name) => !name.includes('/error-'));

    expect(names.length).toBeGreaterThan(25);
    for (const name of names) expect(recorded(name).state, name).toBe('measured');
  });

  it.each([
    { name: 'error-refused', trouble: 'refused', why: 'cannot connect: Connection refused' },
    { name: 'error-timeout', trouble: 'timeout', why: 'cannot connect: Connection timed out' },
    { name: 'error-unresolvable', trouble: 'unresolvable', why: 'cannot connect: Resource temporarily unavailable' },
    { name: 'error-text-not-json', trouble: 'refused', why: 'cannot connect: Connection refused' },
  ])('$name: rc 1, and "end" is empty where there is JSON', ({ name, trouble, why }) => {
    expect(recorded(`vxlan/${name}`)).toEqual({ state: 'failed', trouble, why });
  });

  it('cut off anywhere it is a failure, never a number', () => {
    const { stdout } = Shape.parse(shapes['vxlan/pod-pod-p1']);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: stdout.trimEnd().length - 1 }), (length) => {
        expect(parseIperf(stdout.slice(0, length), '', 0).state).toBe('failed');
      }),
    );
  });

  it.each([
    { when: 'killed', answer: parseIperf('{"start":', '', 137), trouble: 'killed' },
    { when: 'cut off', answer: parseIperf('{"start":', '', 0), trouble: 'truncated' },
    {
      when: 'ended before a result',
      answer: parseIperf('{"start":{},"intervals":[],"end":{}}', '', 0),
      trouble: 'truncated',
    },
    {
      when: 'somebody else measures',
      answer: parseIperf('{"error":"error - the server is busy running a test. try again later"}', '', 1),
      trouble: 'busy',
    },
    { when: 'no iperf3 at all', answer: parseIperf('', 'sh: iperf3: not found', 127), trouble: 'not-json' },
    { when: 'an array', answer: parseIperf('[1]', '', 0), trouble: 'not-json' },
  ])('$when', ({ answer, trouble }) => expect(answer).toMatchObject({ state: 'failed', trouble }));
});

describe('the recorded VXLAN and native results, six runs each', () => {
  it('one stream: 9.70 and 10.06 Gbit/s are within noise', () => {
    const compared = compareRates(rates('vxlan', 'p1'), rates('native', 'p1'));

    expect([rateWords(compared.before), rateWords(compared.after)]).toEqual(['9.70 Gbit/s', '10.06 Gbit/s']);
    expect(compared.p).toBeCloseTo(0.18, 2);
    expect(compared.verdict).toBe('within noise');
  });

  it('four streams: 16.68 and 18.33 Gbit/s are really apart', () => {
    const compared = compareRates(rates('vxlan', 'p4'), rates('native', 'p4'));

    expect([rateWords(compared.before), rateWords(compared.after)]).toEqual(['16.68 Gbit/s', '18.33 Gbit/s']);
    expect(compared.p).toBeCloseTo(0.041, 3);
    expect(compared.verdict).toBe('real');
  });

  it('the control between the hosts did not move', () => {
    expect(compareRates(rates('vxlan', 'host'), rates('native', 'host')).verdict).toBe('within noise');
  });
});

describe('rounds of all pairs', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `node${index + 1}`);

  it('six nodes take five rounds of three pairs', () => {
    const rounds = roundsOf(names(6));

    expect(rounds).toHaveLength(5);
    expect(rounds.every((round) => round.length === 3)).toBe(true);
  });

  it.each([
    { nodes: 0, rounds: 0 },
    { nodes: 1, rounds: 0 },
    { nodes: 2, rounds: 1 },
    { nodes: 3, rounds: 3 },
    { nodes: 7, rounds: 7 },
    { nodes: 8, rounds: 7 },
  ])('$nodes nodes take $rounds rounds', ({ nodes, rounds }) => {
    expect(roundsOf(names(nodes)).filter((round) => round.length > 0)).toHaveLength(rounds);
  });

  it('every two nodes meet once, and no node is in a round twice', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 25 }), (count) => {
        const rounds = roundsOf(names(count));
        const met = rounds.flat().map(({ from, to }) => [from, to].sort().join(' '));
        expect(new Set(met).size).toBe((count * (count - 1)) / 2);
        expect(met).toHaveLength((count * (count - 1)) / 2);
        for (const round of rounds) {
          const busy = round.flatMap(({ from, to }) => [from, to]);
          expect(new Set(busy).size).toBe(busy.length);
        }
      }),
    );
  });
});

describe('why a pod is not ready, and what to do', () => {
  it.each([
    { trouble: 'ErrImagePull: not found', why: 'its image cannot be pulled', fix: 'BENCH_IMAGE names a mirror' },
    {
      trouble: 'Error: iperf3: error - unable to start listener for connections: Address already in use',
      why: 'its port is taken on this node',
      fix: 'see who listens there',
    },
    { trouble: '0/3 nodes: 1 didn’t have free ports', why: 'its port is taken by another pod', fix: '--no-baseline' },
    { trouble: '0/3 nodes are available: 1 Insufficient cpu', why: 'the node is full', fix: '--from and --to' },
    { trouble: '0/3 nodes are available: 1 Too many pods', why: 'the node is full', fix: '--from and --to' },
    { trouble: '1 node(s) had untolerated taint', why: 'the scheduler puts nothing on this node', fix: 'other nodes' },
    { trouble: 'CreateContainerConfigError: non-root', why: 'the image cannot run as non-root', fix: 'mine:1' },
    { trouble: 'StartError: "iperf3": executable file not found', why: 'the image has no iperf3', fix: 'mine:1' },
    { trouble: undefined, why: 'its server did not get ready in time', fix: 'events and log' },
    { trouble: 'Evicted', why: 'Evicted', fix: 'events and log' },
  ])('$trouble', ({ trouble, why, fix }) => {
    const told = podTrouble(trouble, 'mine:1');

    expect(told.why).toContain(why);
    expect(told.fix).toContain(fix);
  });
});

describe('what the policy allows', () => {
  const limits = BenchLimits.parse({});
  const pair: BenchSettings = {
    rounds: [[{ from: 'a', to: 'b' }]],
    streams: [1, 4],
    seconds: 10,
    runs: 5,
    protocol: 'tcp',
    udpMbit: 500,
    reverse: false,
    baseline: true,
  };

  it('the defaults, of two nodes', () => expect(beyondLimits(pair, limits)).toBeUndefined());

  it.each([
    { when: 'seconds', settings: { seconds: 31 }, want: 'duration: 31 seconds per run are more than the 30' },
    { when: 'runs', settings: { runs: 21 }, want: 'runs: 21 runs are more than the 20' },
    { when: 'streams', settings: { streams: [32] }, want: 'streams: 32 streams are more than the 16' },
    { when: 'UDP', settings: { protocol: 'udp', udpMbit: 2_000 }, want: 'rate: 2000 Mbit/s of UDP are more than' },
    {
      when: 'time',
      settings: { rounds: roundsOf(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']), seconds: 30 },
      want: 'runs: it would take about 1.6 h; the policy allows 60 min',
    },
  ] as const)('not more $when', ({ settings, want }) => {
    const wrong = beyondLimits({ ...pair, ...settings }, limits);

    expect(`${wrong?.argument}: ${wrong?.problem}`).toContain(want);
  });

  it.each([
    { nodes: 20, want: undefined },
    { nodes: 21, want: 'all pairs of 21 nodes would be 210 pairs in 21 rounds, about 1.4 h; the policy allows 20' },
    { nodes: 300, want: 'all pairs of 300 nodes would be 44850 pairs in 299 rounds, about 20 h' },
    { nodes: 5_000, want: 'all pairs of 5000 nodes would be 12497500 pairs in 4999 rounds, about 333 h' },
  ])('all pairs of $nodes nodes', ({ nodes, want }) => {
    const problem = beyondNodes(nodes, pair, limits)?.problem;

    if (want === undefined) expect(problem).toBeUndefined();
    else expect(problem).toContain(want);
  });
});
