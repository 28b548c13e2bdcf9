import { afterEach, describe, expect, it } from 'vitest';
import { OpsError } from '../../src/core/errors.ts';
import { guardHelm, guardWrites } from '../../src/core/guarded.ts';
import type { ClusterWritePort } from '../../src/core/ports/change-ports.ts';
import { CONFIG_MAPS, NODES, PODS } from '../../src/core/resources.ts';
import { type OpenRehearsal, openRehearsalCluster } from '../support/rehearsal-cluster.ts';
import { openStub, type Stub } from '../support/stub-api-server.ts';

const SIGNAL = new AbortController().signal;
const REF = { namespace: 'kube-system', name: 'chatops-test' };
const MAP = { apiVersion: 'v1', kind: 'ConfigMap', metadata: REF, data: { a: '1', b: '2' } };

const opened: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function rehearsal(context = 'admin'): Promise<OpenRehearsal> {
  const cluster = await openRehearsalCluster({ context });
  opened.push(cluster);
  return cluster;
}

type Answer = { readonly status: number; readonly body?: unknown };

/** Answers the n-th request with the n-th answer; the last one again and again. */
async function stubbed(...answers: readonly Answer[]): Promise<Stub> {
  let turn = 0;
  const stub = await openStub({
    request: (_, response) => {
      const { status = 500, body = {} } = answers[Math.min(turn, answers.length - 1)] ?? {};
      turn += 1;
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    },
  });
  opened.push(stub);
  return stub;
}

describe('writes, on the rehearsal cluster', () => {
  it('create, replace, patch and remove', async () => {
    const { port, write } = await rehearsal();

    const created = (await write.create(CONFIG_MAPS, MAP, SIGNAL)) as typeof MAP;
    await write.replace(CONFIG_MAPS, { ...created, data: { a: '2', b: '2' } }, SIGNAL);
    await write.mergePatch(CONFIG_MAPS, REF, { data: { b: null, c: '3' } }, SIGNAL);
    const patched = await port.get(CONFIG_MAPS, REF, SIGNAL);
    await write.remove(CONFIG_MAPS, REF, {}, SIGNAL);

    expect(created.metadata).not.toHaveProperty('managedFields');
    expect(patched).toMatchObject({ data: { a: '2', c: '3' } });
    expect(patched).not.toHaveProperty('data.b');
    await expect(port.get(CONFIG_MAPS, REF, SIGNAL)).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('are refused for what was changed meanwhile, or is there already', async () => {
    const { write } = await rehearsal();
    const created = (await write.create(CONFIG_MAPS, MAP, SIGNAL)) as object;
    await write.mergePatch(CONFIG_MAPS, REF, { data: { c: '3' } }, SIGNAL);

    await expect(write.replace(CONFIG_MAPS, created, SIGNAL)).rejects.toMatchObject({ code: 'Conflict' });
    await expect(write.create(CONFIG_MAPS, MAP, SIGNAL)).rejects.toMatchObject({ code: 'Conflict' });
  });

  it('take removing what is gone for done, and leave a namesake alone', async () => {
    const { port, write } = await rehearsal();
    await write.create(CONFIG_MAPS, MAP, SIGNAL);

    await write.remove(CONFIG_MAPS, { ...REF, name: 'never-there' }, {}, SIGNAL);
    await write.remove(CONFIG_MAPS, REF, { uid: '00000000-0000-0000-0000-000000000000' }, SIGNAL);

    expect(await port.get(CONFIG_MAPS, REF, SIGNAL)).toMatchObject({ data: MAP.data });
  });

  it('do not take objects the server does not know for gone', async () => {
    const { write } = await rehearsal();
    const unknown = { group: 'cilium.io', version: 'v2', plural: 'ciliumthings' };

    await expect(write.remove(unknown, { name: 'x' }, {}, SIGNAL)).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('say which right is missing', async () => {
    const { write } = await rehearsal('viewer');

    await expect(write.create(CONFIG_MAPS, MAP, SIGNAL)).rejects.toMatchObject({
      code: 'Forbidden',
      message: expect.stringContaining('viewer may not create configmaps in kube-system'),
    });
  });
});

describe('writes, on the wire', () => {
  it('name the object, the kind of patch and the conditions of a removal', async () => {
    const stub = await stubbed({ status: 200 });

    await stub.write.mergePatch(NODES, { name: 'node1' }, { spec: {} }, SIGNAL);
    await stub.write.remove(PODS, REF, { uid: 'u', graceSeconds: 0 }, SIGNAL);

    expect(stub.seen.map(({ method, url, headers }) => [method, url.pathname, headers['content-type']])).toEqual([
      ['PATCH', '/api/v1/nodes/node1', 'application/merge-patch+json'],
      ['DELETE', '/api/v1/namespaces/kube-system/pods/chatops-test', 'application/json'],
    ]);
    await expect.poll(() => stub.bodies[1]).toBeDefined();
    expect(JSON.parse(stub.bodies[1] ?? '')).toMatchObject({ preconditions: { uid: 'u' }, gracePeriodSeconds: 0 });
  });

  it.each([
    ['too many requests', { status: 429 }, 2],
    ['stale credentials', { status: 401 }, 2],
    ['a server error', { status: 500 }, 1],
    ['a gateway that gave up', { status: 504 }, 1],
    ['a conflict', { status: 409 }, 1],
    [
      'a disruption budget',
      { status: 429, body: { kind: 'Status', details: { causes: [{ reason: 'DisruptionBudget', message: 'x' }] } } },
      1,
    ],
  ])('are sent again only when nothing was done with them: %s', async (_situation, first, wantSent) => {
    const stub = await stubbed(first, { status: 201 });

    await Promise.allSettled([stub.write.create(CONFIG_MAPS, MAP, SIGNAL)]);

    expect(stub.seen).toHaveLength(wantSent);
  });

  it('do not take a path that is not served for an object that is gone', async () => {
    const message = 'the server could not find the requested resource';
    const stub = await stubbed({ status: 404, body: { kind: 'Status', reason: 'NotFound', message, details: {} } });

    await expect(stub.write.remove(PODS, REF, {}, SIGNAL)).rejects.toMatchObject({ code: 'NotFound' });
  });

  it.each(['a/b', '..', 'a%2fb', ''])('do not leave their path for a name like "%s"', async (name) => {
    const stub = await stubbed({ status: 200 });

    const written = stub.write.remove(PODS, { namespace: 'a', name }, {}, SIGNAL);

    await expect(written).rejects.toMatchObject({ code: 'InvalidArgs' });
    expect(stub.seen).toEqual([]);
  });
});

describe('guarded writes', () => {
  const lost = { prove: () => Promise.reject(new OpsError('Superseded', 'run-bbbbbb/1 has it now')) };

  it('write nothing once the lease is lost', async () => {
    const stub = await stubbed({ status: 200 });
    const write: ClusterWritePort = guardWrites(stub.write, lost);

    for (const attempt of [
      write.create(CONFIG_MAPS, MAP, SIGNAL),
      write.replace(CONFIG_MAPS, MAP, SIGNAL),
      write.mergePatch(CONFIG_MAPS, REF, {}, SIGNAL),
      write.remove(CONFIG_MAPS, REF, {}, SIGNAL),
    ])
      await expect(attempt).rejects.toMatchObject({ code: 'Superseded' });

    expect(stub.seen).toEqual([]);
  });

  it('do not upgrade either, but read', async () => {
    const called: string[] = [];
    const answer = (name: string) => () => {
      called.push(name);
      return Promise.resolve({ revision: 1, manifest: '' });
    };
    const never = () => Promise.reject(new Error('not asked'));
    const helm = guardHelm(
      {
        release: never,
        history: never,
        manifest: never,
        dryRun: answer('dryRun'),
        upgrade: answer('upgrade'),
        settlePending: answer('settlePending'),
      },
      lost,
    );

    await helm.dryRun({ ...REF, set: {} }, SIGNAL);
    await expect(helm.upgrade({ ...REF, set: {}, description: '' }, SIGNAL)).rejects.toMatchObject({
      code: 'Superseded',
    });
    await expect(helm.settlePending({ ...REF, description: '' }, SIGNAL)).rejects.toMatchObject({ code: 'Superseded' });

    expect(called).toEqual(['dryRun']);
  });
});
