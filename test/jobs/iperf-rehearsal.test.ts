import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { iperf } from '../../jobs/iperf.ts';
import { MANAGED_BY, MANAGER } from '../../src/cilium/probe/probe-pod.ts';
import { Benchmark } from '../../src/core/benchmark/benchmark.ts';
import type { Artifact, JobContext, ProbeAccess } from '../../src/core/job.ts';
import { LEASES, NAMESPACES, NODES, PODS } from '../../src/core/resources.ts';
import { Outcome } from '../../src/core/run/outcome.ts';
import { type OpenRehearsal, openRehearsalCluster, silentLog, systemClock } from '../support/rehearsal-cluster.ts';
import { fastClock } from './fast-clock.ts';
import { finish } from './recorded-cluster.ts';

const OWNER = 'run-7f3k2q';
const QUICK = { duration: 1, runs: 4 } as const;
let open: OpenRehearsal;

beforeAll(async () => {
  open = await openRehearsalCluster({ context: 'chatops', start: { speed: 10 } });
});
afterAll(async () => open.close());
afterEach(async () => {
  for (const id of ['benchmark', 'images', 'node', 'cilium']) await turn(id, 'off');
  expect(await benchPods()).toEqual([]);
});

function probes(more: Partial<ProbeAccess> = {}): ProbeAccess {
  return { write: open.write, owner: OWNER, namespace: 'cilium-chatops', image: 'probes', ...more };
}

async function ask(args: object, more: Partial<JobContext> = {}) {
  // Of its own: it runs ahead of the cluster's.
  const clock = fastClock(8);
  const context = { cluster: open.port, clock, log: silentLog, signal: AbortSignal.timeout(60_000) };
  const ended = await finish(iperf.run({ ...QUICK, ...args }, { ...context, probes: probes(), ...more }));
  const files = ended.progress.flatMap((each): Artifact[] => (each.type === 'made' ? [each.artifact] : []));
  const steps = ended.progress.flatMap((each) => (each.type === 'step-started' ? [each.title] : []));
  return { ...ended, outcome: Outcome.parse(ended.outcome), files, steps };
}

async function measured(args: object) {
  const { data, outcome } = await ask(args);
  if (outcome.type !== 'succeeded') throw new Error(JSON.stringify(outcome));
  return { benchmark: Benchmark.parse(data), report: outcome.report };
}

async function turn(id: string, value: string): Promise<void> {
  const answer = await fetch(`${open.rehearsal.controlUrl}/faults`, {
    method: 'POST',
    body: JSON.stringify({ id, value }),
  });
  expect(answer.status).toBe(200);
}

async function benchPods(): Promise<readonly unknown[]> {
  const query = { namespace: 'cilium-chatops', labelSelector: `${MANAGED_BY}=${MANAGER}`, as: 'objects' } as const;
  const found: unknown[] = [];
  for await (const page of open.port.list(PODS, query, AbortSignal.timeout(10_000))) found.push(...page);
  return found.filter((pod) => !JSON.stringify(pod).includes('deletionTimestamp'));
}

describe('iperf on the rehearsal cluster', () => {
  it('measures pods beside hosts on the same pair, says what it will use, and leaves picture and raw answers', async () => {
    const { outcome, data, files, steps } = await ask({});

    expect(steps[0]).toBe('Benchmark: 4 pods on node1 and node2, about 0:48 min, all the bandwidth they get');
    const { series, conditions } = Benchmark.parse(data);
    expect(series.map(({ path, streams, samples }) => [path, streams, samples.length])).toEqual([
      ['pod', 1, 4],
      ['host', 1, 4],
      ['pod', 4, 4],
      ['host', 4, 4],
    ]);
    expect(series[0]).toMatchObject({ from: 'node1', to: 'node2', pathMtu: 1450, protocol: 'tcp', failures: [] });
    expect(conditions).toMatchObject({ routing: 'VXLAN', encryption: 'off', kernel: '6.18.44', iperf3: '3.18' });
    expect(outcome).toMatchObject({ type: 'succeeded', report: { mark: 'ok', findings: [] } });
    expect(files.map(({ name, mimetype }) => [name, mimetype])).toEqual([
      ['iperf.png', 'image/png'],
      ['iperf3.json', 'application/json'],
    ]);
    expect(files[0]?.altText).toContain('Pod to pod, 1 stream: median 9.31 Gbit/s of 4 runs');
    expect(files.every(({ bytes }) => bytes.byteLength > 1_000 && bytes.byteLength < 1_048_576)).toBe(true);
  });

  it('names the nodes it picked in the command that measures the same again', async () => {
    const { report } = await measured({ noBaseline: true, streams: 1 });

    expect(report.next[0]?.command).toBe(
      'iperf prod --from node1 --to node2 --streams 1 --duration 1 --runs 4 --no-baseline',
    );
    expect(report.headline).toMatch(/^prod on VXLAN: 1 stream (9|10)\.\d\d Gbit\/s \(node1 → node2\)$/);
  });

  it('all pairs of three nodes take three rounds', async () => {
    const { benchmark } = await measured({ allPairs: true, streams: 1, noBaseline: true });

    expect(benchmark.series.map(({ from, to }) => `${from} ${to}`).sort()).toEqual([
      'node1 node2',
      'node1 node3',
      'node2 node3',
    ]);
  });

  it('UDP tells loss and jitter; reverse is told apart', async () => {
    const { benchmark, report } = await measured({ udp: true, rate: 100, reverse: true, noBaseline: true });

    expect(benchmark.series[0]).toMatchObject({ protocol: 'udp', reverse: true });
    expect(benchmark.series[0]?.samples[0]).toMatchObject({ lostPercent: 2.987, jitterMs: 0.045 });
    expect(report.table?.rows[0]?.[0]).toBe('pod to pod, 1 stream, UDP, reverse');
  });
});

describe('what keeps iperf from measuring, each in its own words', () => {
  it.each([
    { when: 'a node that does not exist', args: { from: 'node1', to: 'node9' }, want: /there is no node node9/ },
    { when: 'too long a run', args: { duration: 31 }, want: /31 seconds per run are more than the 30 that the policy/ },
    { when: 'too many streams', args: { streams: 17 }, want: /17 streams are more than the 16/ },
    { when: 'too long in all', args: { allPairs: true, duration: 30, runs: 20 }, want: /the policy allows 60/ },
  ])('$when is refused', async ({ args, want }) => {
    const { outcome } = await ask(args);

    expect(outcome).toMatchObject({ type: 'refused', reason: expect.stringMatching(want) });
  });

  it('a node that is marked critical is refused, and not picked', async () => {
    await mark('node2', { labels: { 'cilium-chatops/critical': 'true' } });
    try {
      const { outcome } = await ask({ from: 'node1', to: 'node2' });
      const { benchmark } = await measured({ streams: 1, noBaseline: true });

      expect(outcome).toMatchObject({ type: 'refused', reason: 'node2 is marked cilium-chatops/critical' });
      expect(benchmark.series.map(({ from, to }) => `${from} ${to}`)).toEqual(['node1 node3']);
    } finally {
      await mark('node2', { labels: { 'cilium-chatops/critical': null } });
    }
  });

  it('a node that is not ready is refused', async () => {
    await turn('node', 'not-ready');

    const { outcome } = await ask({ from: 'node1', to: 'node3' });

    expect(outcome).toMatchObject({ type: 'refused', reason: 'node3 is not ready' });
  });

  it('while a change holds the cluster', async () => {
    const renewTime = new Date().toISOString().replace('Z', '000Z');
    await admin.write.create(
      LEASES,
      {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'cilium-chatops', namespace: 'kube-system' },
        spec: { holderIdentity: 'run-8w2x9d/1', leaseDurationSeconds: 60, renewTime },
      },
      AbortSignal.timeout(5_000),
    );
    try {
      await expect(ask({})).rejects.toMatchObject({
        code: 'Locked',
        message: 'run-8w2x9d is changing prod: nothing is measured meanwhile',
      });
      await expect(ask({ streams: 1 }, { probes: probes({ owner: 'run-8w2x9d' }) })).resolves.toMatchObject({
        outcome: { type: 'succeeded' },
      });
    } finally {
      const lease = { namespace: 'kube-system', name: 'cilium-chatops' };
      await open.write.remove(LEASES, lease, {}, AbortSignal.timeout(5_000));
    }
  });

  it('while somebody else measures on one of the nodes', async () => {
    let second: Promise<unknown> | undefined;
    const cluster = {
      ...open.port,
      exec: async (...args: Parameters<typeof open.port.exec>) => {
        second ??= ask({ from: 'node2', to: 'node3' }, { probes: probes({ owner: 'run-9zzzzz' }) }).catch(
          (thrown: unknown) => thrown,
        );
        await second;
        return open.port.exec(...args);
      },
    };

    await ask({ from: 'node1', to: 'node2', streams: 1, runs: 1, noBaseline: true }, { cluster });

    expect(await second).toMatchObject({ code: 'Locked', message: 'run-7f3k2q measures on node2 already' });
  });

  it.each([
    { id: 'images', value: 'missing', want: /node1: its image cannot be pulled.*ErrImagePull|ImagePull/ },
    { id: 'benchmark', value: 'full', want: /node3: the node is full \(0\/\d nodes are available: 1 Insufficient cpu/ },
  ])(
    '$id $value',
    async ({ id, value, want }) => {
      await turn(id, value);

      await expect(ask({ from: 'node1', to: 'node3' })).rejects.toMatchObject({
        code: 'ProbeFailed',
        message: expect.stringMatching(want),
      });
    },
    30_000,
  );

  it('a namespace that is not there', async () => {
    const { port: cluster, write } = admin;

    await expect(ask({}, { cluster, probes: probes({ write, namespace: 'nowhere' }) })).rejects.toMatchObject({
      code: 'NotFound',
      message: expect.stringMatching(/nowhere/),
    });
  });

  it('a namespace in which it may make no pods', async () => {
    await expect(ask({}, { probes: probes({ namespace: 'default' }) })).rejects.toMatchObject({
      code: 'Forbidden',
      message: expect.stringMatching(/may not \w+ pods in default/),
      nextStep: expect.stringContaining('kubectl auth can-i'),
    });
  });

  it('a server that does not get ready in time', async () => {
    let passedMs = 0;
    const clock = {
      now: () => new Date(Date.now() + passedMs),
      sleep: async () => {
        passedMs += 60_000;
      },
    };
    const cluster = { ...open.port, list: withoutReady(open.port.list) };

    await expect(ask({ noBaseline: true }, { cluster, clock })).rejects.toMatchObject({
      code: 'ProbeFailed',
      message: expect.stringMatching(/node1: its server did not get ready in time/),
    });
  });

  it.each([
    {
      level: 'baseline',
      want: /no baseline between the hosts: .*violates PodSecurity "baseline:latest": host namespaces/,
    },
    { level: 'restricted', want: /violates PodSecurity "restricted:latest": host namespaces.*enforce=privileged/ },
  ])('pod security "$level" costs the baseline, and the pods are measured all the same', async ({ level, want }) => {
    const enforce = (value: string | null) =>
      admin.write.mergePatch(
        NAMESPACES,
        { name: 'cilium-chatops' },
        { metadata: { labels: { 'pod-security.kubernetes.io/enforce': value } } },
        AbortSignal.timeout(5_000),
      );
    await enforce(level);
    try {
      const { report, benchmark } = await measured({ streams: 1 });

      expect(report.mark).toBe('warn');
      expect(report.findings[0]?.text).toMatch(want);
      expect(benchmark.series.map(({ path, samples }) => [path, samples.length])).toEqual([['pod', 4]]);
    } finally {
      await enforce(null);
    }
  });

  it('a port that is taken on the host costs the baseline, not the rest', async () => {
    await turn('benchmark', 'port-taken');

    const { report, benchmark } = await measured({ from: 'node1', to: 'node3', streams: 1 });

    expect(report.findings[0]?.text).toMatch(/no baseline between the hosts: .*node3: its port is taken on this node/);
    expect(benchmark.series.map(({ path }) => path)).toEqual(['pod']);
  });

  it('a client that is killed every time: nothing measured, said so', async () => {
    await turn('benchmark', 'killed');

    const { outcome } = await ask({ streams: 1, noBaseline: true });

    expect(outcome).toMatchObject({
      type: 'failed',
      code: 'ProbeFailed',
      message: 'nothing could be measured on prod: iperf3 was killed (exit code 137)',
    });
  });

  it('nodes in different modes: connections time out, and every series says so', async () => {
    await turn('cilium', 'mixed');

    const { outcome } = await ask({ streams: 1, noBaseline: true });

    expect(outcome).toMatchObject({ type: 'failed', message: expect.stringMatching(/Connection timed out/) });
  });
});

it.each([
  { when: 'one node twice', args: { from: 'node1', to: 'node1' }, want: 'to: cannot be the node that sends' },
  { when: 'all pairs of two', args: { from: 'node1', allPairs: true }, want: 'allPairs: leaves no choice of nodes' },
  { when: 'a rate of TCP', args: { rate: 500 }, want: 'rate: belongs to --udp' },
])('$when is not understood, and says which argument is wrong', ({ args, want }) => {
  expect(() => iperf.parse(args)).toThrow(want);
});

it('all pairs of six nodes are measured in five rounds, three at a time and no node twice at once', async () => {
  const six = await openRehearsalCluster({ context: 'chatops', start: { speed: 40, nodes: 6 } });
  try {
    let nodes: Promise<ReadonlyMap<string, string>> | undefined;
    const events: Seen[] = [];
    const cluster = {
      ...six.port,
      exec: async (...args: Parameters<typeof six.port.exec>) => {
        const [{ pod, command }] = args;
        const at = [pod, command[2] ?? ''];
        if (command[0] === 'iperf3') {
          nodes ??= nodeNames(six.port);
          events.push({ type: 'begins', at });
        }
        const answer = await six.port.exec(...args);
        if (command[0] === 'iperf3') events.push({ type: 'ends', at });
        return answer;
      },
    };
    const probing = probes({ write: six.write });

    const { data, steps } = await ask(
      { allPairs: true, streams: 1, runs: 1, noBaseline: true },
      { cluster, probes: probing },
    );

    expect(steps[1]).toBe('Measure: 5 turns of 1 s');
    expect(roundsIn(events, await nodes)).toEqual([3, 3, 3, 3, 3]);
    expect(Benchmark.parse(data).series).toHaveLength(15);
  } finally {
    await six.close();
  }
});

type Seen = { readonly type: 'begins' | 'ends'; readonly at: readonly string[] };

/** Measurements of each round: one is over when no node is busy. Fails where a node would be in two at once. */
function roundsIn(events: readonly Seen[], nodes: ReadonlyMap<string, string> = new Map()): readonly number[] {
  const busy = new Set<string>();
  const rounds: number[] = [];
  for (const { type, at } of events) {
    const ends = at.map((each) => nodes.get(each) ?? '');
    if (type === 'ends') {
      for (const node of ends) busy.delete(node);
      continue;
    }
    expect(ends.filter((node) => node === '' || busy.has(node))).toEqual([]);
    const underWay = busy.size === 0 ? 0 : (rounds.pop() ?? 0);
    rounds.push(underWay + 1);
    for (const node of ends) busy.add(node);
  }
  return rounds;
}

/** Of benchmark pods, by their names and addresses. */
async function nodeNames(port: OpenRehearsal['port']): Promise<ReadonlyMap<string, string>> {
  const named = new Map<string, string>();
  const query = { namespace: 'cilium-chatops', as: 'objects' } as const;
  for await (const page of port.list(PODS, query, AbortSignal.timeout(10_000)))
    for (const { metadata, spec, status } of Placed.array().parse(page))
      for (const key of [metadata.name, status.podIP]) named.set(key, spec.nodeName);
  return named;
}

const Placed = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ nodeName: z.string().default('') }),
  status: z.object({ podIP: z.string().default('') }),
});

describe('cleaning up', () => {
  it('a cancelled benchmark leaves no pods', async () => {
    const cancel = new AbortController();
    const cluster = {
      ...open.port,
      exec: (...args: Parameters<typeof open.port.exec>) => {
        cancel.abort(new Error('enough'));
        return open.port.exec(...args);
      },
    };

    await expect(ask({}, { cluster, signal: cancel.signal })).rejects.toThrow();
  });
});

async function mark(name: string, metadata: object): Promise<void> {
  await admin.write.mergePatch(NODES, { name }, { metadata }, AbortSignal.timeout(5_000));
}

/** Pods as they are before their container is ready. */
function withoutReady(list: typeof open.port.list): typeof open.port.list {
  return async function* (resource, query, signal) {
    for await (const page of list(resource, query, signal))
      yield resource === PODS
        ? page.map((pod) => JSON.parse(JSON.stringify(pod).replaceAll('"True"', '"False"')))
        : page;
  };
}

let admin: Awaited<ReturnType<typeof openAdmin>>;
beforeAll(async () => {
  admin = await openAdmin();
});
afterAll(async () => admin.close());

async function openAdmin() {
  const { openCluster } = await import('../../src/cluster/connect.ts');
  const { ClusterName } = await import('../../src/core/ids.ts');
  return openCluster({
    name: ClusterName.parse('prod'),
    context: 'admin',
    kubeconfigPath: open.rehearsal.kubeconfigPath,
    clock: systemClock,
    log: silentLog,
  });
}
