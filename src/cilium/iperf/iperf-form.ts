import type { CommandForm } from '../../core/grammar/command-form.ts';
import { estimateSeconds, minuteWords } from './iperf-settings.ts';

type Defaults = {
  readonly runs: number;
  readonly seconds: number;
  readonly streams: readonly number[];
  readonly udpMbit: number;
};

/** What `iperf` is asked for with pickers. */
export function iperfForm({ runs, seconds, streams, udpMbit }: Defaults): CommandForm {
  const asItStands = { rounds: [[{ from: '', to: '' }]], streams, seconds, runs, baseline: true };
  return {
    title: 'Measure throughput',
    submit: 'Measure',
    intro: `Runs iperf3 in pods on the nodes you choose, pod to pod beside host to host, and removes them. TCP takes all the bandwidth it gets. As it stands: ${runs} runs of ${seconds} s each, about ${minuteWords(estimateSeconds(asItStands))} min.`,
    fields: [
      {
        type: 'choice',
        argument: 'allPairs',
        label: 'Which nodes',
        options: [
          { label: 'Two nodes', typed: [] },
          { label: 'Every pair of nodes, no node in two measurements at once', typed: ['--all-pairs'] },
        ],
      },
      { type: 'node', argument: 'from', flag: 'from', label: 'From', placeholder: 'Picked for you: a worker' },
      {
        type: 'node',
        argument: 'to',
        flag: 'to',
        label: 'To',
        placeholder: 'Picked for you: in another zone if there is one',
      },
      {
        type: 'choice',
        argument: 'udp',
        also: ['reverse'],
        label: 'Traffic',
        options: [
          { label: 'TCP', typed: [] },
          { label: 'TCP, the receiver sends', typed: ['--reverse'] },
          { label: `UDP at a fixed rate: loss and jitter`, typed: ['--udp'] },
          { label: 'UDP, the receiver sends', typed: ['--udp', '--reverse'] },
        ],
      },
      {
        type: 'number',
        argument: 'rate',
        flag: 'rate',
        label: 'UDP rate',
        hint: `Mbit/s, all streams together; ${udpMbit} when empty. Leave it empty for TCP`,
      },
      {
        type: 'choice',
        argument: 'streams',
        label: 'Parallel streams',
        options: [
          { label: `${streams.join(' and ')}: one connection, and what a node can do`, typed: [] },
          ...[1, 2, 4, 8, 16].map((count) => ({ label: String(count), typed: ['--streams', String(count)] })),
        ],
      },
      { type: 'number', argument: 'duration', flag: 'duration', label: 'Seconds per run', initial: seconds },
      {
        type: 'number',
        argument: 'runs',
        flag: 'runs',
        label: 'Runs',
        initial: runs,
        hint: 'With fewer than 4 no comparison can tell a difference from noise',
      },
      {
        type: 'choice',
        argument: 'noBaseline',
        label: 'Baseline',
        options: [
          { label: 'Host to host on the same nodes: what the wire can do', typed: [] },
          { label: 'None: pod to pod only, in half the time', typed: ['--no-baseline'] },
        ],
      },
      { type: 'text', argument: 'reason', flag: 'reason', label: 'Reason' },
    ],
  };
}
