import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CILIUM_NODES, CONFIG_MAPS, NAMESPACES, NODES, PODS, SECRETS } from '../../src/core/resources.ts';
import { type OpenRehearsal, openRehearsalCluster } from '../support/rehearsal-cluster.ts';

const SIGNAL = new AbortController().signal;
const MAP = { namespace: 'kube-system', name: 'cilium-config' };
const Pods = z.array(z.object({ metadata: z.object({ name: z.string() }), spec: z.object({ nodeName: z.string() }) }));

/** The port against a cluster whose switchboard breaks one thing at a time. */
describe('the port on a broken rehearsal cluster', () => {
  let opened: OpenRehearsal;
  beforeAll(async () => {
    opened = await openRehearsalCluster({ context: 'chatops' });
  });
  afterAll(() => opened.close());
  afterEach(() => control('reset', {}));

  async function control(path: string, body: unknown): Promise<void> {
    const answer = await fetch(`${opened.rehearsal.controlUrl}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  }
  const breaks = (id: string, value: string) => control('faults', { id, value });

  async function agents() {
    for await (const page of opened.port.list(PODS, { as: 'objects', labelSelector: 'k8s-app=cilium' }, SIGNAL))
      return Pods.parse(page);
    return [];
  }
  const ask = (pod: string, deadlineMs = 10_000) =>
    opened.port.exec(
      {
        namespace: 'kube-system',
        pod,
        container: 'cilium-agent',
        command: ['cilium', 'version'],
        deadlineMs,
        maxOutputBytes: 100_000,
      },
      SIGNAL,
    );

  it.each([
    ['errors', 'ClusterUnreachable'],
    ['overloaded', 'TooManyRequests'],
    ['unreachable', 'ClusterUnreachable'],
  ])('API %s: %s', async (value, code) => {
    await breaks('api', value);

    await expect(opened.port.get(CONFIG_MAPS, MAP, SIGNAL)).rejects.toMatchObject({ code });
  });

  it('lists to the end although every continue token has expired', async () => {
    await breaks('continue-tokens', 'expired');
    const names: string[] = [];
    for await (const page of opened.port.list(NAMESPACES, { as: 'metadata', pageSize: 2 }, SIGNAL))
      names.push(
        ...z
          .array(z.object({ metadata: z.object({ name: z.string() }) }))
          .parse(page)
          .map((each) => each.metadata.name),
      );

    expect(names).toContain('kube-system');
    expect(new Set(names).size).toBe(names.length);
  });

  it('gives up on the one agent that does not answer; the others do', async () => {
    await breaks('agent', 'frozen');
    const settled = await Promise.allSettled((await agents()).map(({ metadata }) => ask(metadata.name, 2_000)));

    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(settled.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'ClusterTimeout' } });
  });

  it('names the right that is missing', async () => {
    await breaks('access', 'none');

    await expect(
      opened.port.list(NODES, { as: 'metadata' }, SIGNAL)[Symbol.asyncIterator]().next(),
    ).rejects.toMatchObject({
      code: 'Forbidden',
      nextStep: expect.stringContaining('kubectl auth can-i list nodes -A --as='),
    });
    expect(await opened.port.mayI([{ verb: 'list', resource: NODES }], SIGNAL)).toEqual([false]);
  });

  it('keeps what is still allowed', async () => {
    await breaks('access', 'no-secrets');
    const may = await opened.port.mayI(
      [
        { verb: 'list', resource: SECRETS, namespace: 'kube-system' },
        { verb: 'list', resource: NODES },
      ],
      SIGNAL,
    );

    expect(may).toEqual([false, true]);
  });

  it('says that Cilium is not served when it is not installed', async () => {
    await breaks('cilium', 'absent');
    const listing = opened.port.list(CILIUM_NODES, { as: 'metadata' }, SIGNAL)[Symbol.asyncIterator]().next();

    await expect(listing).rejects.toMatchObject({
      code: 'NotFound',
      nextStep: expect.stringContaining('install Cilium'),
    });
  });
});
