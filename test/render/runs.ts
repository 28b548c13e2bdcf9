import { Actor } from '../../src/core/actor.ts';
import { RunEvent } from '../../src/core/run/events.ts';
import { Outcome } from '../../src/core/run/outcome.ts';
import { Report } from '../../src/core/run/report.ts';
import { fold, type Run } from '../../src/core/run/run.ts';

/** Instants of one evening, in seconds after the request. */
export function at(seconds: number): string {
  return new Date(Date.UTC(2026, 10, 23, 15, 20, seconds)).toISOString();
}

export const dana = Actor.parse({ user: 'U01DANA' });
export const sam = Actor.parse({ user: 'U02SAM' });

type Request = Partial<Extract<RunEvent, { type: 'requested' }>>;

function requested(more: Request = {}): RunEvent {
  return RunEvent.parse({
    type: 'requested',
    at: at(0),
    run: 'run-7f3k2q',
    requestKey: 'slash:1',
    by: dana,
    origin: { type: 'slack', channel: 'C01OPS', via: 'slash' },
    cluster: 'prod',
    command: 'status',
    args: {},
    text: 'status prod',
    risk: 'read',
    ...more,
  });
}

export const change: Request = { command: 'enable-native-routing', risk: 'change', text: 'enable native-routing prod' };

export const started: RunEvent = { type: 'started', at: at(1), attempt: 1, worker: 'w1' };

export const reading: readonly RunEvent[] = [
  started,
  { type: 'step-started', at: at(1), attempt: 1, step: 'objects', title: 'Read the cluster' },
  { type: 'step-ended', at: at(2), attempt: 1, step: 'objects', result: 'ok' },
  { type: 'step-started', at: at(2), attempt: 1, step: 'agents', title: 'Ask the agents' },
  { type: 'counted', at: at(3), attempt: 1, step: 'agents', done: 200, total: 300, detail: 'node3 is slow' },
];

export function aRun(events: readonly RunEvent[] = [], request: Request = {}): Run {
  const run = fold([requested(request), ...events]);
  if (!run) throw new Error('a run has at least its request');
  return run;
}

export function ended(outcome: unknown, request: Request = {}, before: readonly RunEvent[] = [started]): Run {
  return aRun([...before, { type: 'ended', at: at(4), outcome: Outcome.parse(outcome) }], request);
}

export function aReport(more: Partial<Report> = {}): Report {
  return Report.parse({
    mark: 'ok',
    headline: 'Cilium on prod is healthy · 1 thing to look at',
    facts: ['Agents 3/3 · operator 2/2 · Cilium 1.19.0-pre.4 · Kubernetes v1.36.2'],
    findings: [
      {
        mark: 'warn',
        text: '5 pods are not managed by Cilium (legacy)',
        next: { label: 'Show pods', command: 'status prod --nodes all' },
      },
    ],
    table: {
      columns: ['Feature', 'State', 'Why and what it needs'],
      rows: [
        ['Routing', 'Tunnel (VXLAN)', 'native routing looks possible'],
        ['Host routing', 'Legacy', 'BPF needs bpf.masquerade=true; kernel 6.18 is enough (≥ 5.10)'],
        ['Masquerading', 'iptables (IPv4)', ''],
      ],
    },
    sections: [
      { title: 'Nodes', lines: ['node1 · tunnel · 12 endpoints', 'node2 · tunnel · 9 endpoints'] },
      {
        title: 'Unmanaged pods',
        lines: [],
        table: { columns: ['Owner', 'Pods'], rows: [['legacy/web', '5']] },
      },
    ],
    next: [{ label: 'Re-run', command: 'status prod' }],
    asOf: at(3),
    ...more,
  });
}
