import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Exec, KubeConfig } from '@kubernetes/client-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RehearsalCluster, startRehearsalCluster } from '../../../src/rehearsal/cluster/start.ts';
import { agentOn, logOf, NATIVE_CONFIG, replaceAgent, setConfig, startPod } from './a-change.ts';
import { control, setFault, until } from './support.ts';

const NODES = ['node1', 'node2', 'node3'];

describe('traffic between pods', () => {
  let cluster: RehearsalCluster;
  let addresses: Readonly<Record<string, string>> = {};
  beforeAll(async () => {
    cluster = await startRehearsalCluster({ speed: 40 });
  });
  afterAll(() => cluster.close());
  beforeEach(async () => {
    const started = await Promise.all(NODES.map((node) => startPod(cluster, { name: `server-${node}`, node })));
    addresses = Object.fromEntries(NODES.map((node, index) => [node, started[index] ?? '']));
    const targets = NODES.map((node) => `${node}=${addresses[node] ?? ''}`).join(' ');
    await startPod(cluster, { name: 'client', node: 'node1', targets });
  });
  afterEach(() => control(cluster, '/reset', {}));

  /** The newest answers: `ok 10.0.1.9` or `fail` by node. */
  const newest = async (): Promise<Readonly<Record<string, string>>> => {
    const lines = (await logOf(cluster, 'client', '?tailLines=3')).trim().split('\n');
    return Object.fromEntries(lines.map((line) => [line.split(' ')[1], line.split(' ').slice(2).join(' ')]));
  };
  const settled = async (want: Readonly<Record<string, unknown>>): Promise<void> => {
    await until(`the probes say ${JSON.stringify(want)}`, async () => {
      const now = await newest();
      return Object.entries(want).every(([node, answer]) => (now[node] ?? '').startsWith(String(answer)));
    });
  };
  const replaceAll = async (): Promise<void> => {
    await Promise.all(NODES.map((node) => replaceAgent(cluster, node)));
  };
  const inAgent = async (node: string, ...command: string[]): Promise<string> => {
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfigPath);
    const name = (await agentOn(cluster, node))?.metadata.name ?? '';
    const out = new PassThrough();
    const all = text(out);
    const ended = new Promise<void>((resolve) => {
      void new Exec(config).exec('kube-system', name, 'cilium-agent', command, out, null, null, false, () => resolve());
    });
    await ended;
    out.end();
    return all;
  };

  it('a new ConfigMap alone changes nothing; agents in two modes drop each other; in one mode all is well', async () => {
    await setConfig(cluster, NATIVE_CONFIG);
    await settled({ node1: 'ok', node2: 'ok', node3: 'ok' });

    await replaceAgent(cluster, 'node1');
    await settled({ node1: 'ok', node2: 'fail', node3: 'fail' });

    await replaceAgent(cluster, 'node2');
    await settled({ node1: 'ok', node2: 'ok 10.0.1.', node3: 'fail' });

    await replaceAgent(cluster, 'node3');
    await settled({ node1: 'ok', node2: 'ok 10.0.1.', node3: 'ok 10.0.1.' });
  });

  it('native mode without routes is dead although every agent is Ready', async () => {
    await setConfig(cluster, { ...NATIVE_CONFIG, 'auto-direct-node-routes': 'false' });
    await replaceAll();

    await settled({ node1: 'ok', node2: 'fail', node3: 'fail' });
    await setFault(cluster, 'network', 'routed');
    await settled({ node2: 'ok', node3: 'ok' });
  });

  it('routes stay when they are turned off later', async () => {
    await setConfig(cluster, NATIVE_CONFIG);
    await replaceAll();
    await setConfig(cluster, { 'auto-direct-node-routes': 'false' });
    await replaceAll();

    await settled({ node2: 'ok', node3: 'ok' });
    expect(await inAgent('node1', 'ip', 'route')).toContain('10.0.2.0/24 via 172.30.0.12 dev eth0');
  });

  it('a wrong native routing CIDR hides the client behind its node', async () => {
    await setConfig(cluster, { ...NATIVE_CONFIG, 'ipv4-native-routing-cidr': '10.1.0.0/16' });
    await replaceAll();

    await settled({ node1: 'ok 10.0.1.', node2: 'ok 172.30.0.11', node3: 'ok 172.30.0.11' });
  });

  it('a node behind a router gets no route: only the agent log says so', async () => {
    await setFault(cluster, 'network', 'other-l2');
    await settled({ node3: 'ok' });
    await setConfig(cluster, NATIVE_CONFIG);
    await replaceAll();

    await settled({ node2: 'ok', node3: 'fail' });
    expect(await inAgent('node1', 'ip', 'route')).not.toContain('172.31.0.13');
    expect(await inAgent('node1', 'cilium-dbg', 'status')).toContain('Routing:                 Network: Native');
  });

  it('an agent that crashes leaves the datapath of before', async () => {
    await setConfig(cluster, { 'routing-mode': 'native' });
    await setFault(cluster, 'rollout', 'crash');
    const old = await agentOn(cluster, 'node3');
    await control(
      cluster,
      '/objects',
      { apiVersion: 'v1', kind: 'Pod', namespace: 'kube-system', name: old?.metadata.name },
      'DELETE',
    );

    await until('the new agent crash-loops', async () => {
      const pod = await agentOn(cluster, 'node3');
      return pod?.status.containerStatuses?.[0]?.state.waiting?.reason === 'CrashLoopBackOff';
    });
    await settled({ node3: 'ok' });
  });

  it('says nothing about health right after a restart', async () => {
    await replaceAgent(cluster, 'node1');

    expect(await inAgent('node1', 'cilium-dbg', 'status')).toContain('0/0 reachable');
  });
});
