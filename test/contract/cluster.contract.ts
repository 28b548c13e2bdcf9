import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ClusterPort } from '../../src/core/ports/ports.ts';
import { CILIUM_NODES, CONFIG_MAPS, NAMESPACES, NODES, PODS, type Resource } from '../../src/core/resources.ts';

export type Opened = {
  readonly port: ClusterPort;
  readonly close: () => Promise<void>;
};

const Meta = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).default({}),
    managedFields: z.unknown().optional(),
  }),
});
const Pod = Meta.extend({
  spec: z.object({ nodeName: z.string().optional(), containers: z.array(z.object({ name: z.string() })) }),
  status: z.object({ phase: z.string() }),
});

const AGENTS = { namespace: 'kube-system', labelSelector: 'k8s-app=cilium' } as const;
const NOT_SERVED: Resource = { group: 'not-there.example.com', version: 'v1', plural: 'widgets' };

/**
 * What every ClusterPort does, on any cluster with Cilium's agents in kube-system. Only reads; the one command it runs
 * is `cilium version`.
 */
export function clusterContract(kind: string, open: () => Promise<Opened>): void {
  describe(`ClusterPort on ${kind}`, () => {
    let opened: Opened | undefined;
    const signal = new AbortController().signal;
    const port = (): ClusterPort => {
      if (opened === undefined) throw new Error('the cluster did not open');
      return opened.port;
    };
    const all = async (resource: Resource, query: Parameters<ClusterPort['list']>[1]): Promise<unknown[]> => {
      const items: unknown[] = [];
      for await (const page of port().list(resource, query, signal)) items.push(...page);
      return items;
    };
    const anAgent = async () => {
      const pods = z.array(Pod).parse(await all(PODS, { ...AGENTS, as: 'objects' }));
      const running = pods.find((each) => each.status.phase === 'Running');
      if (running === undefined) throw new Error('no agent runs in kube-system');
      return running;
    };
    const inAgent = async (command: readonly [string, ...string[]], maxOutputBytes = 100_000) => {
      const agent = await anAgent();
      const { name, namespace = '' } = agent.metadata;
      const request = { namespace, pod: name, container: 'cilium-agent', command, maxOutputBytes };
      return port().exec({ ...request, deadlineMs: 15_000 }, signal);
    };

    beforeAll(async () => {
      opened = await open();
    });
    afterAll(async () => opened?.close());

    it('says the version of the server', async () => {
      expect(await port().version(signal)).toMatch(/^v1\.\d+\.\d+/);
    });

    it('gets one object, without the bookkeeping of field managers', async () => {
      const map = await port().get(CONFIG_MAPS, { namespace: 'kube-system', name: 'cilium-config' }, signal);

      expect(Meta.parse(map).metadata).toMatchObject({ name: 'cilium-config', namespace: 'kube-system' });
      expect(Meta.parse(map).metadata.managedFields).toBeUndefined();
    });

    it('says NotFound for an object that is not there', async () => {
      const getting = port().get(CONFIG_MAPS, { namespace: 'kube-system', name: 'no-such-map' }, signal);

      await expect(getting).rejects.toMatchObject({
        code: 'NotFound',
        message: expect.stringContaining('no-such-map'),
      });
    });

    it('says NotFound for a resource that is not served', async () => {
      const listing = all(NOT_SERVED, { as: 'objects' });

      await expect(listing).rejects.toMatchObject({
        code: 'NotFound',
        message: expect.stringContaining('does not serve'),
      });
    });

    it('refuses names that would lead to another path', async () => {
      const getting = port().get(CONFIG_MAPS, { namespace: 'kube-system', name: '../../nodes' }, signal);

      await expect(getting).rejects.toMatchObject({ code: expect.stringMatching(/^(InvalidArgs|NotFound)$/) });
    });

    it('lists across namespaces and cluster-scoped resources', async () => {
      const [pods, nodes, namespaces] = [
        await all(PODS, { as: 'objects' }),
        await all(NODES, { as: 'objects' }),
        await all(NAMESPACES, { as: 'metadata' }),
      ];

      expect(
        new Set(
          z
            .array(Meta)
            .parse(pods)
            .map((each) => each.metadata.namespace),
        ).size,
      ).toBeGreaterThan(1);
      expect(nodes.length).toBeGreaterThan(0);
      expect(
        z
          .array(Meta)
          .parse(namespaces)
          .map((each) => each.metadata.name),
      ).toContain('kube-system');
    });

    it('lists custom resources', async () => {
      expect((await all(CILIUM_NODES, { as: 'metadata' })).length).toBeGreaterThan(0);
    });

    it('gives the same list in pages of one as in one page', async () => {
      const names = (items: unknown[]) =>
        z
          .array(Meta)
          .parse(items)
          .map((each) => each.metadata.name);
      const inOne = await all(NAMESPACES, { as: 'metadata' });
      const paged = await all(NAMESPACES, { as: 'metadata', pageSize: 1 });

      expect(names(paged)).toEqual(names(inOne));
    });

    it('yields pages no larger than asked for', async () => {
      const sizes: number[] = [];
      for await (const page of port().list(PODS, { as: 'metadata', pageSize: 2 }, signal)) sizes.push(page.length);

      expect(Math.max(...sizes)).toBe(2);
    });

    it('leaves out everything but metadata when asked to', async () => {
      const [pod] = await all(PODS, { ...AGENTS, as: 'metadata' });

      expect(pod).toHaveProperty('metadata.labels');
      expect(pod).not.toHaveProperty('spec');
      expect(pod).not.toHaveProperty('status');
      expect(pod).not.toHaveProperty('metadata.managedFields');
    });

    it('selects by label, also by sets', async () => {
      const byEquality = await all(PODS, { ...AGENTS, as: 'metadata' });
      const bySet = await all(PODS, { ...AGENTS, labelSelector: 'k8s-app in (cilium, nothing)', as: 'metadata' });

      expect(byEquality.length).toBeGreaterThan(0);
      expect(
        z
          .array(Meta)
          .parse(byEquality)
          .every((each) => each.metadata.labels['k8s-app'] === 'cilium'),
      ).toBe(true);
      expect(bySet).toEqual(byEquality);
    });

    it('selects by field', async () => {
      const node = (await anAgent()).spec.nodeName;
      const pods = z.array(Pod).parse(await all(PODS, { fieldSelector: `spec.nodeName=${node}`, as: 'objects' }));

      expect(pods.length).toBeGreaterThan(0);
      expect(pods.every((each) => each.spec.nodeName === node)).toBe(true);
    });

    it('gives an empty list where nothing is selected', async () => {
      expect(await all(PODS, { labelSelector: 'no-such-label=x', as: 'objects' })).toEqual([]);
    });

    it('runs a command in a container', async () => {
      const { exitCode, stdout } = await inAgent(['cilium', 'version']);

      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/Client: 1\.\d+/);
    });

    it('says ExecFailed for a command that is not in the image', async () => {
      await expect(inAgent(['no-such-command'])).rejects.toMatchObject({
        code: 'ExecFailed',
        message: expect.stringContaining('no-such-command'),
      });
    });

    it('stops at the output limit', async () => {
      await expect(inAgent(['cilium', 'version'], 3)).rejects.toMatchObject({ code: 'OutputTooLarge' });
    });

    it('says NotFound for a pod that is not there', async () => {
      const request = { namespace: 'kube-system', pod: 'no-such-pod', container: 'c', maxOutputBytes: 100 };
      const running = port().exec({ ...request, command: ['true'], deadlineMs: 5_000 }, signal);

      await expect(running).rejects.toMatchObject({ code: 'NotFound' });
    });

    it('reads the last lines of a log', async () => {
      const agent = await anAgent();
      const { name: pod, namespace = '' } = agent.metadata;
      const text = await port().podLog({ namespace, pod, container: 'cilium-agent', tailLines: 2 }, signal);

      expect(text.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(2);
    });

    it('says what it may do, in the order of the questions', async () => {
      const answers = await port().mayI(
        [
          { verb: 'list', resource: NODES },
          { verb: 'get', resource: CONFIG_MAPS, namespace: 'kube-system' },
        ],
        signal,
      );

      expect(answers).toEqual([true, true]);
    });

    it('rejects with the reason of a signal that aborted', async () => {
      const stopped = AbortSignal.abort(new Error('stopped by a test'));

      await expect(port().version(stopped)).rejects.toThrow('stopped by a test');
      await expect(port().list(PODS, { as: 'metadata' }, stopped)[Symbol.asyncIterator]().next()).rejects.toThrow(
        'stopped by a test',
      );
    });
  });
}
