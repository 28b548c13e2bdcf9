import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RehearsalCluster, startRehearsalCluster } from '../../../src/rehearsal/cluster/start.ts';
import { ask, until } from './support.ts';

const found = spawnSync('kubectl', ['version', '--client'], { encoding: 'utf8' });
const missing = found.status === 0 ? '' : ' (skipped: no kubectl on PATH)';

type Run = { readonly code: number; readonly out: string; readonly err: string };

describe.skipIf(missing !== '')(`real kubectl${missing}`, () => {
  let cluster: RehearsalCluster;
  let home = '';

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'kubectl-home-'));
    cluster = await startRehearsalCluster();
  });
  afterAll(async () => {
    await cluster.close();
    rmSync(home, { recursive: true, force: true });
  });

  const env = () => ({ PATH: process.env['PATH'] ?? '', HOME: home, KUBECONFIG: cluster.kubeconfigPath });
  const kubectl = (...args: readonly string[]): Promise<Run> =>
    new Promise((resolve) => {
      execFile('kubectl', [...args], { env: env(), maxBuffer: 1 << 26 }, (thrown, out, err) => {
        resolve({ code: thrown === null ? 0 : Number(thrown.code), out, err });
      });
    });
  const header = (out: string): string[] => (out.split('\n')[0] ?? '').split(/\s{2,}/).filter((cell) => cell !== '');

  it.each([
    {
      what: 'pods',
      want: [
        'NAMESPACE',
        'NAME',
        'READY',
        'STATUS',
        'RESTARTS',
        'AGE',
        'IP',
        'NODE',
        'NOMINATED NODE',
        'READINESS GATES',
      ],
      row: /legacy +legacy-bare +1\/1 +Running/,
    },
    {
      what: 'daemonsets',
      want: [
        'NAMESPACE',
        'NAME',
        'DESIRED',
        'CURRENT',
        'READY',
        'UP-TO-DATE',
        'AVAILABLE',
        'NODE SELECTOR',
        'AGE',
        'CONTAINERS',
        'IMAGES',
        'SELECTOR',
      ],
      row: /cilium +3 +3 +3 +3 +3 +kubernetes.io\/os=linux/,
    },
    {
      what: 'deployments',
      want: ['NAMESPACE', 'NAME', 'READY', 'UP-TO-DATE', 'AVAILABLE', 'AGE', 'CONTAINERS', 'IMAGES', 'SELECTOR'],
      row: /cilium-operator +2\/2/,
    },
    {
      what: 'ciliumendpoints',
      want: ['NAMESPACE', 'NAME', 'SECURITY IDENTITY', 'ENDPOINT STATE', 'IPV4', 'IPV6'],
      row: /bench +cli +17407 +ready +10\.0\.1\.131/,
    },
    {
      what: 'services',
      want: ['NAMESPACE', 'NAME', 'TYPE', 'CLUSTER-IP', 'EXTERNAL-IP', 'PORT(S)', 'AGE', 'SELECTOR'],
      row: /hubble-peer +ClusterIP/,
    },
  ])('get $what -A -o wide shows the columns of a real server', async ({ what, want, row }) => {
    const { code, out } = await kubectl('get', what, '-A', '-o', 'wide');

    expect(code).toBe(0);
    expect(header(out)).toEqual(want);
    expect(out).toMatch(row);
  });

  it('get nodes shows versions and addresses', async () => {
    const { out } = await kubectl('get', 'nodes', '-o', 'wide');

    expect(out).toMatch(/node1 +Ready +<none> +\d+\w+ +v1\.36\.2 +172\.30\.0\.11/);
  });

  it('get -o json returns the object', async () => {
    const { out } = await kubectl('get', 'configmap', '-n', 'kube-system', 'cilium-config', '-o', 'json');

    expect(JSON.parse(out)).toMatchObject({ kind: 'ConfigMap', data: { 'routing-mode': 'tunnel' } });
  });

  it.each([
    { args: ['--selector', 'k8s-app=cilium'], want: 3 },
    { args: ['--selector', 'app in (web,legacy-web),pod-template-hash'], want: 6 },
    { args: ['--selector', 'k8s-app notin (cilium)', '-n', 'kube-system'], want: 2, all: false },
    { args: ['--field-selector', 'spec.nodeName=node3'], want: 4 },
    { args: ['--field-selector', 'status.phase!=Running'], want: 0 },
  ])('get pods $args', async ({ args, want, all = true }) => {
    const { out } = await kubectl('get', 'pods', ...(all ? ['-A'] : []), '-o', 'name', ...args);

    expect(out.split('\n').filter((line) => line !== '')).toHaveLength(want);
  });

  it('get -w prints changes as they happen', async () => {
    const child = spawn('kubectl', ['get', 'configmaps', '-n', 'default', '-w', '--no-headers'], { env: env() });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    const path = '/api/v1/namespaces/default/configmaps';
    const headers = { 'Content-Type': 'application/json' };
    let number = 0;
    try {
      await until('the watch shows a new object', async () => {
        number += 1;
        await ask(cluster, {
          method: 'POST',
          path,
          headers,
          body: { metadata: { name: `new-${number}` }, data: { a: 'b' } },
        });
        return /new-\d+ +1 +\d+s/.test(out);
      });
    } finally {
      child.kill('SIGKILL');
    }

    expect(out).toMatch(/new-\d+/);
  });

  it('get --sort-by a field outside the metadata', async () => {
    const { out } = await kubectl('get', 'events', '-n', 'legacy', '--sort-by', '.lastTimestamp', '--no-headers');

    expect(out).toMatch(/Scheduled +pod\/legacy-bare/);
  });

  it('describe pod shows its events', async () => {
    const { code, out } = await kubectl('describe', 'pod', '-n', 'kube-system', 'cilium-62bql');

    expect(code).toBe(0);
    expect(out).toMatch(/Node: +node3\/172\.30\.0\.13/);
    expect(out).toMatch(/Scheduled.*Successfully assigned kube-system\/cilium-62bql to node3/);
  });

  it('describe node lists the pods on it', async () => {
    const { code, out } = await kubectl('describe', 'node', 'node1');

    expect(code).toBe(0);
    expect(out).toMatch(/Non-terminated Pods: +\(7 in total\)/);
  });

  it.each([
    {
      command: ['sh', '-c', 'echo partial; echo why >&2; exit 3'],
      code: 3,
      out: 'partial\n',
      err: /why\ncommand terminated with exit code 3/,
    },
    { command: ['true'], code: 0, out: '', err: /^$/ },
    { command: ['no-such-binary'], code: 1, out: '', err: /executable file not found in \$PATH/ },
  ])('exec $command ends with $code', async ({ command, code, out, err }) => {
    const run = await kubectl('exec', '-n', 'legacy', 'legacy-bare', '--', ...command);

    expect(run).toMatchObject({ code, out });
    expect(run.err).toMatch(err);
  });

  it('exec passes stdin through', async () => {
    const out = await new Promise<string>((resolve) => {
      const child = execFile(
        'kubectl',
        ['exec', '-i', '-n', 'legacy', 'legacy-bare', '--', 'cat'],
        { env: env() },
        (_thrown, text) => resolve(text),
      );
      child.stdin?.end('over the wire\n');
    });

    expect(out).toBe('over the wire\n');
  });

  it('exec asks an agent for its status', async () => {
    const { out } = await kubectl(
      'exec',
      '-n',
      'kube-system',
      'ds/cilium',
      '-c',
      'cilium-agent',
      '--',
      'cilium',
      'status',
    );

    expect(out).toMatch(/^Routing: +Network: Tunnel \[vxlan\] +Host: Legacy$/m);
  });

  it.each([
    { args: ['auth', 'can-i', 'list', 'pods', '-A', '--as', 'eve', '--as-group', 'viewers'], code: 0, out: /^yes/ },
    { args: ['auth', 'can-i', 'get', 'secrets', '--as', 'eve', '--as-group', 'viewers'], code: 1, out: /^no/ },
    {
      args: ['auth', 'can-i', 'create', 'pods', '--subresource=exec', '-n', 'kube-system', '--context', 'chatops'],
      code: 0,
      out: /^yes/,
    },
    {
      args: ['auth', 'can-i', 'create', 'pods', '--subresource=exec', '-n', 'bench', '--context', 'chatops'],
      code: 1,
      out: /^no/,
    },
    {
      args: ['auth', 'can-i', '--list', '-n', 'kube-system', '--context', 'chatops'],
      code: 0,
      out: /pods\/exec .*\[get create\]/,
    },
    { args: ['auth', 'whoami', '--context', 'viewer'], code: 0, out: /Username +viewer/ },
  ])('$args', async ({ args, code, out }) => {
    const run = await kubectl(...args);

    expect(run.code).toBe(code);
    expect(run.out).toMatch(out);
  });

  it('is refused what the user may not do, in the real words', async () => {
    const run = await kubectl('get', 'nodes', '--context', 'nobody');

    expect(run.code).toBe(1);
    expect(run.err).toBe(
      'Error from server (Forbidden): nodes is forbidden: User "nobody" cannot list resource "nodes" in API group "" at the cluster scope\n',
    );
  });

  it('creates, labels, patches and deletes', async () => {
    const file = join(home, 'by-hand.json');
    writeFileSync(
      file,
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'by-hand' }, data: { a: '1' } }),
    );
    const created = await kubectl('create', '-f', file);
    const labelled = await kubectl('label', 'configmap', 'by-hand', 'team=net');
    const patched = await kubectl(
      'patch',
      'configmap',
      'by-hand',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/data/a","value":"2"}]',
    );
    const read = await kubectl('get', 'configmap', 'by-hand', '-o', 'jsonpath={.data.a} {.metadata.labels.team}');
    const deleted = await kubectl('delete', 'configmap', 'by-hand');

    expect([created.code, labelled.code, patched.code, deleted.code]).toEqual([0, 0, 0, 0]);
    expect(read.out).toBe('2 net');
  });
});
