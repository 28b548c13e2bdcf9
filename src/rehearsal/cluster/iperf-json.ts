/** The JSON of `iperf3 -J`, version 3.18, in the shape that was recorded. */

export type IperfRun = {
  readonly local: string;
  readonly remote: string;
  readonly port: number;
  /** Name of the client's pod: iperf3 takes it for its host. */
  readonly host: string;
  readonly seconds: number;
  readonly omit: number;
  readonly streams: number;
  readonly reverse: boolean;
  readonly protocol: 'TCP' | 'UDP';
  /** All streams together. */
  readonly bitsPerSecond: number;
  readonly pathMtu: number;
  readonly at: Date;
};

const VERSION = 'iperf 3.18';
const KERNEL = '6.18.44-fc-v657 #1 SMP PREEMPT_DYNAMIC @0 x86_64';
/** As recorded at one stream and at four: per second, for all streams. */
const RETRANSMITS_ONE = 95;
const RETRANSMITS_MANY = 240;
const UDP_LOST_PERCENT = 2.987;
const PACKET_BYTES = 1_024;
const FIRST_SOCKET = 5;

function print(value: unknown): string {
  return `${JSON.stringify(value, null, '\t')}\n`;
}

/** Exit code 1, and still JSON: `end` is empty. */
export function refusalJson(error: string): string {
  const start = { connected: [], version: VERSION, system_info: `Linux cli ${KERNEL}` };
  return print({ start, intervals: [], end: {}, error });
}

function startOf(run: IperfRun): object {
  const { streams, protocol, seconds, omit, reverse } = run;
  const test = { protocol, num_streams: streams, blksize: 131_072, omit, duration: seconds, reverse: reverse ? 1 : 0 };
  return {
    connected: [{ socket: FIRST_SOCKET, local_host: run.local, remote_host: run.remote, remote_port: run.port }],
    version: VERSION,
    system_info: `Linux ${run.host} ${KERNEL}`,
    timestamp: { time: run.at.toUTCString(), timesecs: Math.round(run.at.getTime() / 1_000) },
    connecting_to: { host: run.remote, port: run.port },
    tcp_mss_default: 1_024,
    test_start: test,
  };
}

function retransmits({ streams, protocol, reverse }: IperfRun, seconds: number): object {
  if (protocol === 'UDP' || reverse) return {};
  return { retransmits: Math.round((streams > 1 ? RETRANSMITS_MANY : RETRANSMITS_ONE) * seconds) };
}

function share(run: IperfRun, from: number, to: number): object {
  const seconds = to - from;
  const bits = run.bitsPerSecond;
  return { start: from, end: to, seconds, bytes: Math.round((bits * seconds) / 8), bits_per_second: bits };
}

function intervalsOf(run: IperfRun): readonly object[] {
  const knowsMtu = run.protocol === 'TCP' && !run.reverse;
  return Array.from({ length: Math.ceil(run.seconds + run.omit) }, (_, second) => {
    const omitted = second < run.omit;
    const one = { ...run, bitsPerSecond: run.bitsPerSecond / run.streams };
    const streams = Array.from({ length: run.streams }, (_each, index) => ({
      socket: FIRST_SOCKET + index * 2,
      ...share(one, second, second + 1),
      ...(knowsMtu ? { pmtu: run.pathMtu } : {}),
      omitted,
      sender: !run.reverse,
    }));
    return {
      streams,
      sum: { ...share(run, second, second + 1), ...retransmits(run, 1), omitted, sender: !run.reverse },
    };
  });
}

function udpEnd(run: IperfRun): object {
  const sent = share(run, 0, run.seconds);
  const packets = Math.round((run.bitsPerSecond * run.seconds) / 8 / PACKET_BYTES);
  const lost = {
    jitter_ms: 0.045,
    lost_packets: Math.round(packets * 0.02987),
    packets,
    lost_percent: UDP_LOST_PERCENT,
  };
  const arrived = share({ ...run, bitsPerSecond: run.bitsPerSecond * (1 - UDP_LOST_PERCENT / 100) }, 0, run.seconds);
  return {
    sum: { ...sent, ...lost, sender: true },
    sum_sent: { ...sent, jitter_ms: 0, lost_packets: 0, packets, lost_percent: 0, sender: true },
    sum_received: { ...arrived, ...lost, sender: false },
    cpu_utilization_percent: { host_total: 93.6, remote_total: 22.3 },
  };
}

function tcpEnd(run: IperfRun): object {
  const whole = share(run, 0, run.seconds);
  return {
    sum_sent: { ...whole, ...retransmits({ ...run, reverse: false }, run.seconds), sender: !run.reverse },
    sum_received: { ...whole, sender: !run.reverse },
    cpu_utilization_percent: { host_total: 75.1, remote_total: 37.8 },
    sender_tcp_congestion: 'bbr',
    receiver_tcp_congestion: 'bbr',
  };
}

export function iperfJson(run: IperfRun): string {
  const end = run.protocol === 'UDP' ? udpEnd(run) : tcpEnd(run);
  return print({ start: startOf(run), intervals: intervalsOf(run), end });
}
