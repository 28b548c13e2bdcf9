import { describe, expect, it } from 'vitest';
import { jobs } from '../../jobs/registry.ts';
import { status } from '../../jobs/status.ts';
import { SUGGESTIBLE_COMMANDS } from '../../jobs/suggestible.ts';
import { StatusData } from '../../src/cilium/facts/status-data.ts';
import { OpsError } from '../../src/core/errors.ts';
import { Report } from '../../src/core/run/report.ts';
import { finish, type Recording, recordedContext, type Twist } from './recorded-cluster.ts';

async function ask(state: string, twist: Twist = {}, args: object = {}) {
  const { outcome, data, progress } = await finish(status.run(args, recordedContext(state, twist)));
  const report = Report.parse('report' in outcome ? outcome.report : undefined);
  return { outcome, report, data: StatusData.parse(data), progress };
}

function cell(report: Report, feature: string): readonly string[] {
  return report.table?.rows.find(([name]) => name?.includes(feature)) ?? [];
}

function texts(report: Report): string {
  return report.findings.map((finding) => finding.text).join('\n');
}

function section(report: Report, title: string): string {
  const found = report.sections.find((each) => each.title.startsWith(title));
  return [found?.title, ...(found?.lines ?? []), ...(found?.table?.rows ?? []).map((row) => row.join(' | '))].join(
    '\n',
  );
}

function daemonSet(recorded: Recording) {
  const [found] = recorded.objects['daemonsets'] ?? [];
  if (found === undefined) throw new Error('the recording has no DaemonSet');
  return found;
}

describe('status on recordings of a real cluster', () => {
  it.each([
    {
      state: 'vxlan',
      mark: 'warn',
      headline: 'Cilium on prod is healthy · 1 thing to look at',
      routing: 'Tunnel (VXLAN)',
      host: 'Legacy',
      masquerading: 'iptables (IPv4)',
    },
    {
      state: 'native',
      mark: 'warn',
      headline: 'Cilium on prod is healthy · 1 thing to look at',
      routing: 'Native',
      host: 'Legacy',
      masquerading: 'iptables (IPv4)',
    },
    {
      state: 'after-helm-before-restart',
      mark: 'warn',
      headline: 'prod: native routing is configured but 3 of 3 agents still run VXLAN: restart pending',
      routing: 'Tunnel (VXLAN)',
      host: 'Legacy',
      masquerading: 'iptables (IPv4)',
    },
    {
      state: 'mixed',
      mark: 'fail',
      headline: 'prod: native routing is configured but 2 of 3 agents still run VXLAN: restart pending',
      routing: 'Mixed: Tunnel (VXLAN) on 2 · Native on 1',
      host: 'Legacy',
      masquerading: 'iptables (IPv4)',
    },
  ])(
    'says for $state what people know from Cilium itself',
    async ({ state, mark, headline, routing, host, masquerading }) => {
      const { outcome, report } = await ask(state);

      expect(outcome.type).toBe('succeeded');
      expect(report).toMatchObject({ mark, headline });
      expect(cell(report, 'Routing')[1]).toBe(routing);
      expect(cell(report, 'Host routing')[1]).toBe(host);
      expect(cell(report, 'Masquerading')[1]).toBe(masquerading);
      expect(report.table?.rows.map(([name]) => name)).toEqual([
        'Routing (datapath mode)',
        'Kube-proxy replacement',
        'Host routing',
        'Masquerading',
        'Bandwidth manager',
        'IPv6 / IPv4 BIG TCP',
        'Hubble relay',
        'Encryption',
        'IPAM',
        'Attach mode',
      ]);
    },
  );

  it('sees BPF masquerading and BPF host routing where they run', async () => {
    const { report } = await ask('native-bpf-masquerade');

    expect(cell(report, 'Host routing')[1]).toBe('BPF');
    expect(cell(report, 'Masquerading').slice(1)).toEqual(['BPF (IPv4)', 'except towards 10.0.0.0/16']);
    expect(cell(report, 'BIG TCP')[2]).not.toContain('needs native routing');
  });

  it('counts agents, operator, versions and the Helm revision in one line', async () => {
    const { report } = await ask('native');

    expect(report.facts).toEqual([
      'Agents 3/3 · operator 2/2 · Cilium 1.19.0-pre.4 · Kubernetes v1.36.2 · Helm release cilium rev 2 (deployed)',
    ]);
  });

  it('groups the pods that Cilium does not manage by their workload, with the reason', async () => {
    const { report, data } = await ask('vxlan');

    expect(texts(report)).toContain('5 pods are not managed by Cilium (legacy)');
    expect(data.unmanaged).toMatchObject({ total: 5, undecided: 0, running: 11 });
    expect(section(report, 'Pods not managed')).toContain(
      'legacy | Deployment legacy-web | 3 | started before Cilium; address from another CNI | a rollout restart replaces them',
    );
    expect(section(report, 'Pods not managed')).toContain('legacy | bare pod | 1');
  });

  it('says in the mixed state that traffic is dropped, and where', async () => {
    const { report } = await ask('mixed');

    expect(report.findings[0]).toMatchObject({ mark: 'fail' });
    expect(report.findings[0]?.text).toContain('VXLAN on node2, node3');
    expect(report.findings[0]?.text).toContain('native routing on node1');
  });

  it('says that Cilium is not installed where it is not', async () => {
    const { outcome, report, data } = await ask('pre-cilium');

    expect(outcome).toMatchObject({ type: 'failed', code: 'CiliumAbsent' });
    expect(report.headline).toBe('Cilium is not installed on prod');
    expect(report.facts).toEqual(['Kubernetes v1.36.2 · 3 nodes']);
    expect(data.cilium).toBe('absent');
  });

  it('names crashing agents, and that a container restart does not heal them', async () => {
    const { report } = await ask('fail-missing-native-cidr');

    expect(report.mark).toBe('fail');
    expect(report.headline).toContain('native routing is configured but 1 of 1 agent still run');
    expect(texts(report)).toContain('2 of 3 agents not ready: CrashLoopBackOff on node1, node2');
    expect(texts(report)).toContain('the pods must be replaced');
    expect(report.partial).toContain('heard 1 of 3 agents');
  });

  it('tells a node whose kubelet is silent from a broken agent, and does not wait for it', async () => {
    const asked: string[] = [];
    const { report } = await ask('node-notready', {
      exec: (request, recorded) => {
        asked.push(request.pod);
        return recorded();
      },
    });

    expect(asked).not.toContain('cilium-gddbt');
    expect(report.headline).toBe('Cilium on prod: 1 of 3 agents is down');
    expect(texts(report)).toContain('1 of 3 agents not ready: the node is not ready on node3');
    expect(section(report, 'Nodes')).toContain('node3: node does not report (kubelet silent)');
  });
});

describe('status when something is wrong', () => {
  it('says what an agent that hangs did not say, and keeps the rest', async () => {
    const { outcome, report } = await ask('vxlan', {
      exec: ({ pod }, recorded) => {
        if (pod === 'cilium-62bql') throw new OpsError('ClusterTimeout', 'pod cilium-62bql did not answer within 5 s');
        return recorded();
      },
    });

    expect(outcome.type).toBe('succeeded');
    expect(texts(report)).toContain('1 agent did not answer: node3 (pod cilium-62bql did not answer within 5 s)');
    expect(report.partial).toBe('heard 2 of 3 agents');
    expect(cell(report, 'Routing')[1]).toBe('Tunnel (VXLAN)');
    expect(report.next).toContainEqual({ label: 'Ask silent nodes again', command: 'status prod --nodes node3' });
  });

  it('names a missing right and answers with what it may read', async () => {
    const { outcome, report } = await ask('vxlan', { allowed: ({ resource }) => resource.plural !== 'secrets' });

    expect(outcome.type).toBe('succeeded');
    expect(report.facts[0]).toContain('Helm release cilium (unknown: no right to read Secrets)');
    expect(report.mark).toBe('warn');
  });

  it('falls back on the configuration when it may not ask agents, and says so', async () => {
    const { report } = await ask('vxlan', { allowed: ({ subresource }) => subresource !== 'exec' });

    expect(report.mark).toBe('unknown');
    expect(report.headline).toContain('its agents told nothing');
    expect(cell(report, 'Routing').slice(1)).toEqual(['Tunnel (VXLAN)', 'as configured: no agent answered']);
    expect(cell(report, 'Host routing')[1]).toBe('Unknown');
    expect(report.partial).toContain('heard 0 of 3 agents');
  });

  it('does not claim that Cilium is absent when it may not look', async () => {
    const { outcome, report } = await ask('vxlan', { allowed: () => false });

    expect(outcome).toMatchObject({ type: 'failed', code: 'Forbidden' });
    expect(report.mark).toBe('unknown');
    expect(report.headline).toContain('Nobody can say whether Cilium runs on prod');
  });

  it.each(['nodes', 'pods', 'configmaps', 'deployments', 'ciliumnodes', 'ciliumendpoints'])(
    'survives the loss of %s and names it',
    async (plural) => {
      const { outcome, report } = await ask('vxlan', { allowed: ({ resource }) => resource.plural !== plural });

      expect(outcome.type).toBe('succeeded');
      expect(report.partial).toBeDefined();
      expect(report.headline).not.toBe('Cilium on prod is healthy');
    },
  );

  it.each([
    { kubelet: 'v1.33.1+k3s1', want: /HelmChart objects/ },
    { kubelet: 'v1.33.1', want: undefined },
  ])('misses the right to read HelmCharts only where they may exist: kubelet $kubelet', async ({ kubelet, want }) => {
    const { report } = await ask('vxlan', {
      allowed: ({ resource }) => resource.plural !== 'helmcharts',
      change: ({ objects }) => {
        for (const node of objects['nodes'] ?? [])
          Object.assign(node.status['nodeInfo'] ?? {}, { kubeletVersion: kubelet });
      },
    });

    if (want === undefined) expect(report.partial).toBeUndefined();
    else expect(report.partial).toMatch(want);
  });

  it('ends with the reason of the run when it is cancelled midway', async () => {
    const stop = new AbortController();
    const context = {
      ...recordedContext('vxlan', {
        exec: (_request, _recorded, signal) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason), { once: true });
            stop.abort(new Error('a person cancelled'));
          }),
      }),
      signal: stop.signal,
    };

    await expect(finish(status.run({}, context))).rejects.toThrow('a person cancelled');
  });

  it('reports what it has when the time for reading is up', async () => {
    const answeredPods: string[] = [];
    let ring: () => void = () => undefined;
    const context = recordedContext('vxlan', {
      exec: ({ pod, command }, recorded, signal) => {
        if (command[0] === 'cilium-health') return recorded();
        answeredPods.push(pod);
        if (answeredPods.length === 3) ring();
        if (pod === 'cilium-ljzjx') return recorded();
        return new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
        );
      },
    });
    const sleep = (_ms: number, signal: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        ring = resolve;
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });

    const { outcome } = await finish(status.run({}, { ...context, clock: { ...context.clock, sleep } }));

    expect(outcome).toMatchObject({ type: 'succeeded' });
    const report = Report.parse('report' in outcome ? outcome.report : undefined);
    expect(report.partial).toContain('heard 1 of 3 agents');
    expect(section(report, 'Nodes')).toContain('not asked: no time left');
    expect(texts(report)).not.toContain('did not answer');
  });

  it('does not alarm over operator restarts', async () => {
    const { report } = await ask('native', {
      change: ({ objects }) => {
        for (const pod of objects['pods'] ?? []) {
          if (!pod.metadata.name.startsWith('cilium-operator')) continue;
          const [container] = pod.status['containerStatuses'] as { restartCount: number }[];
          if (container) container.restartCount = 3;
        }
      },
    });

    expect(report.facts[0]).toContain('operator 2/2 (6 restarts)');
    expect(texts(report)).not.toContain('perator');
  });

  it('names agents of different versions', async () => {
    const { report } = await ask('native', {
      change: ({ objects }) => {
        const pod = objects['pods']?.find((each) => each.metadata.name === 'cilium-7rggr');
        const [container] = (pod?.spec['containers'] ?? []) as { name: string; image: string }[];
        if (container) container.image = 'quay.io/cilium/cilium:v1.18.4@sha256:abc';
      },
    });

    expect(texts(report)).toContain('Agents run 2 versions of Cilium: v1.19.0-pre.4 on 2, v1.18.4 on 1');
  });

  it('shows a failing controller with its message', async () => {
    const { report } = await ask('native', {
      change: ({ exec }) => {
        const controllers = exec['cilium-7rggr']?.status['controllers'] as { status: object }[];
        Object.assign(controllers[0]?.status ?? {}, {
          'consecutive-failure-count': 7,
          'last-failure-msg': 'dial tcp: i/o timeout',
        });
      },
    });

    expect(texts(report)).toMatch(
      /1 controller failing on 1 node: .* on node1, 7 times in a row: dial tcp: i\/o timeout/,
    );
    expect(section(report, 'Failing controllers')).toContain('node1');
  });

  it('never makes cluster health a verdict: it is shown with its age', async () => {
    const { report } = await ask('mixed');

    expect(section(report, 'Cluster health')).toContain('no verdict on its own');
  });

  it.each([
    {
      labels: {},
      annotations: { 'argocd.argoproj.io/tracking-id': 'net:apps/DaemonSet:kube-system/cilium' },
      want: 'owned by Argo CD (net)',
    },
    {
      labels: { 'helm.toolkit.fluxcd.io/name': 'cilium', 'helm.toolkit.fluxcd.io/namespace': 'flux' },
      annotations: {},
      want: 'owned by Flux (flux/cilium)',
    },
    { labels: {}, annotations: {}, want: 'no Helm release' },
  ])('says who owns it: $want', async ({ labels, annotations, want }) => {
    const { report } = await ask('vxlan', {
      change: (recorded) => {
        const { metadata } = daemonSet(recorded);
        Object.assign(metadata, { labels: { 'k8s-app': 'cilium', ...labels }, annotations });
      },
    });

    expect(report.facts[0]).toContain(want);
  });

  it('shows unreachable nodes when the probe is younger than both agents, with its age', async () => {
    const { report } = await ask('native', {
      change: ({ exec }) => {
        const nodes = exec['cilium-7rggr']?.health['nodes'] as { name: string; 'health-endpoint': object }[];
        const peer = nodes.find((each) => each.name === 'node2');
        const probe = { status: 'Connection timed out', lastProbed: '2026-11-22T23:16:30Z' };
        Object.assign(peer?.['health-endpoint'] ?? {}, { 'primary-address': { icmp: probe } });
      },
    });

    expect(texts(report)).toMatch(
      /Cluster health: node2 not reached by node1 \(pod network \(icmp: Connection timed out\)\); probed up to \d+ (s|min) ago/,
    );
    expect(report.mark).toBe('warn');
  });

  it('finds unmanaged pods on servers that cannot select by host network', async () => {
    const { data } = await ask('vxlan', {
      port: (port) => ({
        ...port,
        list: (resource, query, signal) => {
          if (query.fieldSelector?.includes('hostNetwork') === true)
            throw new OpsError('Rejected', 'field label not supported: spec.hostNetwork');
          return port.list(resource, query, signal);
        },
      }),
    });

    expect(data.unmanaged).toMatchObject({ total: 5, running: 11 });
  });

  it('does not call pods unmanaged where Cilium publishes no endpoints', async () => {
    const { report, data } = await ask('vxlan', {
      change: ({ objects }) => {
        const [config] = objects['configmaps'] ?? [];
        Object.assign(config?.['data'] ?? {}, { 'disable-endpoint-crd': 'true' });
      },
    });

    expect(data.unmanaged).toBeUndefined();
    expect(report.partial).toContain('disable-endpoint-crd');
  });

  it('finds Cilium in another namespace under another release name', async () => {
    const { report, data } = await ask('vxlan', {
      change: (recorded) => {
        const moved = JSON.stringify(recorded.objects)
          .replaceAll('"namespace":"kube-system"', '"namespace":"network"')
          .replaceAll('"meta.helm.sh/release-name":"cilium"', '"meta.helm.sh/release-name":"rke2-cilium"')
          .replaceAll('"meta.helm.sh/release-namespace":"kube-system"', '"meta.helm.sh/release-namespace":"network"')
          .replaceAll('"name":"cilium","owner":"helm"', '"name":"rke2-cilium","owner":"helm"');
        Object.assign(recorded.objects, JSON.parse(moved));
      },
    });

    expect(data.installation).toMatchObject({ namespace: 'network', release: { name: 'rke2-cilium', revision: 1 } });
    expect(report.facts[0]).toContain('Helm release rke2-cilium rev 1 (deployed)');
    expect(report.partial).toBeUndefined();
  });

  it('warns about a release that is pending', async () => {
    const { report } = await ask('native', {
      change: ({ objects }) => {
        for (const secret of objects['secrets'] ?? [])
          Object.assign(secret.metadata['labels'] ?? {}, { status: 'pending-upgrade' });
      },
    });

    expect(texts(report)).toContain('Helm release cilium revision 2 is pending-upgrade');
  });
});

describe('status as a command', () => {
  it('refuses a node that does not exist, with names that do', async () => {
    const run = finish(status.run({ nodes: ['node9'] }, recordedContext('vxlan')));

    await expect(run).rejects.toMatchObject({ code: 'InvalidArgs', message: 'there is no node node9' });
  });

  it('asks only the chosen nodes and shows only them', async () => {
    const asked = new Set<string>();
    const { report } = await ask(
      'vxlan',
      {
        exec: ({ pod }, recorded) => {
          asked.add(pod);
          return recorded();
        },
      },
      { nodes: ['node2'] },
    );

    expect([...asked]).toEqual(['cilium-zxlfr']);
    expect(section(report, 'Nodes')).toContain('Nodes (1 of 3)\nnode2: ');
    expect(report.partial).toBeUndefined();
  });

  it.each([[['all', 'node1']], [[]], [['no de']], [['<!channel>']]])('refuses --nodes %j', (nodes) => {
    expect(() => status.parse({ nodes })).toThrow(OpsError);
  });

  it('counts the agents while it asks them', async () => {
    const { progress } = await ask('vxlan');

    expect(progress).toContainEqual({ type: 'counted', step: 'agents', done: 3, total: 3 });
    const ended = progress.flatMap((each) => (each.type === 'step-ended' ? [each.step] : []));
    expect(ended.sort()).toEqual(['agents', 'objects', 'pods']);
  });

  it('suggests only commands that exist', async () => {
    const { report } = await ask('vxlan');
    const words = jobs.flatMap((job) => job.words.map((spelling) => spelling.join(' ')));

    expect(SUGGESTIBLE_COMMANDS.filter((command) => !words.includes(command))).toEqual([]);
    const spelled = (job: (typeof jobs)[number]) => job.words.map((spelling) => spelling.join(' '));
    expect(jobs.filter((job) => !spelled(job).some((each) => SUGGESTIBLE_COMMANDS.includes(each)))).toEqual([]);
    const steps = [...report.next, ...report.findings.flatMap((finding) => finding.next ?? [])];
    for (const step of steps) expect(words.some((word) => step.command.startsWith(word))).toBe(true);
  });
});
