import { type IperfAnswer, parseIperf } from '../../src/cilium/iperf/iperf-answer.ts';
import { BENCH_CONTAINER, type BenchPath, clientCommand } from '../../src/cilium/iperf/iperf-pod.ts';
import type { NodePair } from '../../src/cilium/iperf/iperf-rounds.ts';
import { type BenchSettings, OMITTED_SECONDS } from '../../src/cilium/iperf/iperf-settings.ts';
import { SECOND_MS } from '../../src/core/clock.ts';
import { toOpsError } from '../../src/core/errors.ts';
import type { ProbeContext } from '../probing/probe-pods.ts';
import type { Servers } from './bench-pods.ts';

const EXEC_SLACK_MS = 20 * SECOND_MS;
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
/** A server that just started, or that still ends a client whose worker was killed. */
const TRIES = 4;
const TRY_AGAIN_MS = 2 * SECOND_MS;
const PASSING: ReadonlySet<string> = new Set(['refused', 'busy']);

export type Turn = NodePair & {
  readonly path: BenchPath;
  readonly streams: number;
  readonly servers: Servers;
};

export type Taken = { readonly answer: IperfAnswer; readonly stdout: string };

/** One measurement, from a client in the sender's pod. What fails is an answer; rejects for a cancelled run only. */
export async function takeSample(context: ProbeContext, settings: BenchSettings, turn: Turn): Promise<Taken> {
  for (let tried = 1; ; tried += 1) {
    const taken = await tryOnce(context, settings, turn);
    const { answer } = taken;
    const isPassing = answer.state === 'failed' && PASSING.has(answer.trouble);
    if (!isPassing || tried >= TRIES) return taken;
    await context.clock.sleep(TRY_AGAIN_MS, context.signal);
  }
}

async function tryOnce(context: ProbeContext, settings: BenchSettings, turn: Turn): Promise<Taken> {
  const { cluster, probes, signal, log } = context;
  const { path, from, to, streams, servers } = turn;
  const address = servers.get(to)?.address ?? '';
  const request = {
    namespace: probes.namespace,
    pod: servers.get(from)?.pod ?? '',
    container: BENCH_CONTAINER,
    command: clientCommand({ ...settings, path, streams, address }),
    deadlineMs: (settings.seconds + OMITTED_SECONDS) * SECOND_MS + EXEC_SLACK_MS,
    maxOutputBytes: MAX_OUTPUT_BYTES,
  };
  try {
    const { stdout, stderr, exitCode } = await cluster.exec(request, signal);
    return { answer: parseIperf(stdout, stderr, exitCode), stdout };
  } catch (thrown: unknown) {
    signal.throwIfAborted();
    const error = toOpsError(thrown);
    log.warn({ err: error, pod: request.pod }, 'a measurement failed');
    const why = error.code === 'NotFound' ? 'the client’s pod is gone' : error.message;
    return { answer: { state: 'failed', trouble: 'error', why }, stdout: '' };
  }
}
