import { PassThrough } from 'node:stream';
import {
  CoreV1Api,
  CustomObjectsApi,
  Exec,
  KubeConfig,
  makeInformer,
  type V1Pod,
  type V1Status,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RehearsalCluster, startRehearsalCluster } from '../../../src/rehearsal/cluster/start.ts';
import { ask, control, until } from './support.ts';

describe('unmodified @kubernetes/client-node', () => {
  let cluster: RehearsalCluster;
  let config: KubeConfig;

  beforeAll(async () => {
    cluster = await startRehearsalCluster();
    config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfigPath);
  });
  afterAll(() => cluster.close());

  it('lists pods page by page', async () => {
    const core = config.makeApiClient(CoreV1Api);
    const names: string[] = [];
    let _continue: string | undefined;

    do {
      const page = await core.listPodForAllNamespaces({ limit: 5, ...(_continue === undefined ? {} : { _continue }) });
      names.push(...page.items.map((pod) => pod.metadata?.name ?? ''));
      _continue = page.metadata?._continue;
    } while (_continue !== undefined);

    expect(names).toHaveLength(18);
    expect(new Set(names).size).toBe(18);
  });

  it('reads custom objects', async () => {
    const custom = config.makeApiClient(CustomObjectsApi);

    const list: unknown = await custom.listClusterCustomObject({
      group: 'cilium.io',
      version: 'v2',
      plural: 'ciliumnodes',
    });

    expect(list).toMatchObject({ kind: 'CiliumNodeList', items: [{ kind: 'CiliumNode' }, {}, {}] });
  });

  it('runs an informer through adds, updates and deletes', async () => {
    const core = config.makeApiClient(CoreV1Api);
    const path = '/api/v1/namespaces/legacy/pods';
    const informer = makeInformer<V1Pod>(config, path, () => core.listNamespacedPod({ namespace: 'legacy' }));
    const seen: string[] = [];
    for (const verb of ['add', 'update', 'delete'] as const) {
      informer.on(verb, (pod: V1Pod) => void seen.push(`${verb} ${pod.metadata?.name ?? ''}`));
    }
    informer.on('error', () => undefined);
    await informer.start();
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'fresh', namespace: 'legacy' },
      spec: { containers: [] },
      status: {},
    };

    try {
      // Until the watch is open a write is only seen by a later list: repeat until the informer has it.
      await until('the informer saw the new pod', async () => {
        await control(cluster, '/objects', { object: pod });
        return seen.includes('add fresh');
      });
      await until('it saw an update', async () => {
        await control(cluster, '/objects', {
          object: { ...pod, metadata: { ...pod.metadata, labels: { at: String(Date.now()) } } },
        });
        return seen.includes('update fresh');
      });
      await control(
        cluster,
        '/objects',
        { apiVersion: 'v1', kind: 'Pod', namespace: 'legacy', name: 'fresh' },
        'DELETE',
      );
      await until('it saw the delete', () => seen.includes('delete fresh'));
    } finally {
      await informer.stop();
    }

    expect(seen.filter((entry) => entry.startsWith('add'))).toHaveLength(6);
  });

  it('execs and gets the exit code in the status', async () => {
    const out = new PassThrough();
    const exec = new Exec(config);

    const status = await new Promise<V1Status>((resolve, reject) => {
      exec.exec('legacy', 'legacy-bare', 'bare', ['sh', '-c', 'exit 7'], out, out, null, false, resolve).catch(reject);
    });

    expect(status).toMatchObject({
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '7' }] },
    });
  });

  it('is told by status code and body what went wrong', async () => {
    const core = config.makeApiClient(CoreV1Api);

    await expect(core.readNamespacedPod({ name: 'nope', namespace: 'default' })).rejects.toMatchObject({ code: 404 });
  });

  it('leaves its requests in the log, with the user who made them', async () => {
    await control(cluster, '/log', undefined, 'DELETE');
    await ask(cluster, { path: '/api/v1/nodes', as: 'viewer' });

    await until('the request is logged', async () => {
      const { requests } = (await control(cluster, '/log')) as { requests: unknown[] };
      return requests.length > 0;
    });

    expect(await control(cluster, '/log')).toMatchObject({
      requests: [{ verb: 'list', path: '/api/v1/nodes', user: 'viewer', status: 200 }],
    });
  });
});
