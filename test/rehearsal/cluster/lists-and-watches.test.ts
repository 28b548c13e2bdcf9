import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RehearsalCluster, startRehearsalCluster } from '../../../src/rehearsal/cluster/start.ts';
import { ask, control, setFault, tokenOf, until } from './support.ts';

type WatchEvent = {
  readonly type: string;
  readonly object: {
    readonly kind: string;
    readonly code?: number;
    readonly message?: string;
    readonly metadata: { readonly name?: string; readonly resourceVersion?: string };
  };
};

/** Reads a watch until it ends or `stop` is called. */
function watch(cluster: RehearsalCluster, path: string, headers: Readonly<Record<string, string>> = {}) {
  const events: WatchEvent[] = [];
  const state = { ended: false, events, stop: () => sent.destroy() };
  const options = {
    ca: cluster.certificateAuthority,
    headers: { Authorization: `Bearer ${tokenOf(cluster, 'admin')}`, ...headers },
  };
  const sent = request(`${cluster.url}${path}`, options, (response) => {
    let rest = '';
    response.on('data', (chunk: Buffer) => {
      const lines = `${rest}${chunk.toString()}`.split('\n');
      rest = lines.pop() ?? '';
      events.push(...lines.map((line) => JSON.parse(line) as WatchEvent));
    });
    response.on('close', () => {
      state.ended = true;
    });
    response.on('error', () => undefined);
  });
  sent.on('error', () => {
    state.ended = true;
  });
  sent.end();
  return state;
}

function configMap(name: string, labels: Readonly<Record<string, string>> = {}) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels }, data: {} };
}

const MAPS = '/api/v1/namespaces/default/configmaps';

describe('lists and watches', () => {
  let cluster: RehearsalCluster;
  beforeAll(async () => {
    cluster = await startRehearsalCluster();
  });
  afterAll(() => cluster.close());

  const revision = async () =>
    ((await ask(cluster, { path: '/api/v1/pods?limit=1' })).body as { metadata: { resourceVersion: string } }).metadata
      .resourceVersion;
  const put = (object: unknown) => control(cluster, '/objects', { object });

  it('resumes from a resourceVersion and sees an object leave its selector as deleted', async () => {
    const from = await revision();
    await put(configMap('a', { team: 'net' }));
    await put(configMap('b'));
    await put(configMap('a', { team: 'web' }));

    const stream = watch(cluster, `${MAPS}?watch=1&resourceVersion=${from}&labelSelector=team%3Dnet&timeoutSeconds=1`);
    await until('the watch has ended', () => stream.ended);

    expect(stream.events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual([
      'ADDED a',
      'DELETED a',
    ]);
  });

  it('tells a watch from a forgotten revision so, in an ERROR event', async () => {
    const stream = watch(cluster, '/api/v1/pods?watch=1&resourceVersion=1&timeoutSeconds=3');
    await until('the watch has ended', () => stream.ended);

    expect(stream.events).toHaveLength(1);
    expect(stream.events[0]).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410 } });
    expect(stream.events[0]?.object.message).toMatch(/^too old resource version: 1 \(\d+\)$/);
  });

  it('streams a list with a bookmark at its end when asked for initial events', async () => {
    const query =
      'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1';
    const stream = watch(cluster, `/api/v1/nodes?${query}`);
    await until('the watch has ended', () => stream.ended);

    expect(stream.events.map((event) => event.type)).toEqual(['ADDED', 'ADDED', 'ADDED', 'BOOKMARK']);
    expect(stream.events[3]?.object.metadata).toMatchObject({ annotations: { 'k8s.io/initial-events-end': 'true' } });
  });

  it('watches metadata only, and tables, by Accept header', async () => {
    const partial = { Accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' };
    const metadata = watch(cluster, '/api/v1/nodes?watch=1&timeoutSeconds=1', partial);
    const table = watch(cluster, '/api/v1/nodes?watch=1&timeoutSeconds=1', {
      Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    });
    await until('both have ended', () => metadata.ended && table.ended);

    expect(metadata.events.map(({ object }) => object.kind)).toEqual(
      Array.from({ length: 3 }, () => 'PartialObjectMetadata'),
    );
    expect(table.events.map(({ object }) => object.kind)).toEqual(['Table', 'Table', 'Table']);
  });

  it('cuts watches that are open when they are made to drop', async () => {
    const stream = watch(cluster, '/api/v1/nodes?watch=1');
    await until('the watch is open', () => stream.events.length === 3);
    await setFault(cluster, 'watches', 'dropped');
    await until('the watch is cut', () => stream.ended);
    await setFault(cluster, 'watches', 'off');

    expect(stream.ended).toBe(true);
  });

  it('says how many objects remain, but not with a selector', async () => {
    const plain = (await ask(cluster, { path: '/api/v1/pods?limit=5' })).body;
    const selected = (await ask(cluster, { path: '/api/v1/pods?limit=2&labelSelector=k8s-app%3Dcilium' })).body;

    expect(plain).toMatchObject({ metadata: { remainingItemCount: 13 } });
    expect(selected).toMatchObject({ metadata: { continue: expect.any(String) } });
    expect((selected as { metadata: object }).metadata).not.toHaveProperty('remainingItemCount');
  });

  it('ignores a limit with resourceVersion=0, as the watch cache does', async () => {
    const { items } = (await ask(cluster, { path: '/api/v1/pods?resourceVersion=0&limit=5' })).body as {
      items: unknown[];
    };

    expect(items).toHaveLength(18);
  });

  it('makes old tokens and revisions expire after a compaction', async () => {
    const { metadata } = (await ask(cluster, { path: '/api/v1/pods?limit=5' })).body as {
      metadata: { continue: string };
    };
    await control(cluster, '/compact', {});

    expect((await ask(cluster, { path: `/api/v1/pods?limit=5&continue=${metadata.continue}` })).status).toBe(410);
  });

  it('lists metadata without spec', async () => {
    const headers = { Accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' };
    const { body } = await ask(cluster, { path: '/api/v1/namespaces/kube-system/pods', headers });

    expect(body).toMatchObject({
      kind: 'PartialObjectMetadataList',
      items: expect.arrayContaining([expect.objectContaining({ kind: 'PartialObjectMetadata' })]),
    });
    expect(JSON.stringify(body)).not.toContain('"spec"');
  });

  it('names kinds in items of custom resources, not of built-in ones: as recorded', async () => {
    const { items: pods } = (await ask(cluster, { path: '/api/v1/pods?limit=1' })).body as { items: object[] };
    const { items: nodes } = (await ask(cluster, { path: '/apis/cilium.io/v2/ciliumnodes' })).body as {
      items: object[];
    };

    expect(pods[0]).not.toHaveProperty('kind');
    expect(nodes[0]).toMatchObject({ kind: 'CiliumNode', apiVersion: 'cilium.io/v2' });
  });
});

describe('a large cluster', () => {
  it('has 300 nodes with one agent each, made on demand and always the same', async () => {
    const cluster = await startRehearsalCluster({ nodes: 300, pods: 9_000 });
    try {
      const count = async (path: string) => ((await ask(cluster, { path })).body as { items: unknown[] }).items.length;

      expect(await count('/api/v1/nodes')).toBe(300);
      expect(await count('/apis/cilium.io/v2/ciliumnodes')).toBe(300);
      expect(await count('/api/v1/pods?labelSelector=k8s-app%3Dcilium')).toBe(300);
      expect(await count('/api/v1/pods?fieldSelector=spec.nodeName%3Dworker-0042')).toBeGreaterThan(20);
      expect((await ask(cluster, { path: '/api/v1/pods?limit=1' })).body).toMatchObject({
        metadata: { remainingItemCount: 8_999 },
      });
      expect(
        (await ask(cluster, { path: '/apis/apps/v1/namespaces/kube-system/daemonsets/cilium' })).body,
      ).toMatchObject({
        status: { desiredNumberScheduled: 300, numberReady: 300 },
      });
    } finally {
      await cluster.close();
    }
  });
});
