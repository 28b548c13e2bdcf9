import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { OpsError } from '../../src/core/errors.ts';
import type { ClusterWritePort } from '../../src/core/ports/change-ports.ts';
import type { ClusterPort } from '../../src/core/ports/ports.ts';
import { DISRUPTION_BUDGETS, NAMESPACES, PODS } from '../../src/core/resources.ts';

export type Evicting = {
  readonly port: ClusterPort;
  readonly write: ClusterWritePort;
  readonly close: () => Promise<void>;
};

const Body = z.object({
  metadata: z.object({ uid: z.string() }),
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) }),
});

/** What an API server answers to evictions. Makes three pods in a namespace of its own, and removes it. */
export function evictContract(kind: string, open: () => Promise<Evicting>): void {
  describe(`evictions on ${kind}`, () => {
    const namespace = `chatops-contract-${Math.random().toString(36).slice(2, 8)}`;
    const signal = new AbortController().signal;
    let opened: Evicting;

    beforeAll(async () => {
      opened = await open();
      await opened.write.create(
        NAMESPACES,
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
        signal,
      );
      await Promise.all(['free', 'kept', 'twice'].map(makePod));
      await Promise.all([budget('one', 'kept'), budget('two', 'twice'), budget('three', 'twice')]);
      await vi.waitUntil(async () => (await Promise.all(['free', 'kept', 'twice'].map(isReady))).every(Boolean), {
        timeout: 110_000,
        interval: 200,
      });
    }, 120_000);
    afterAll(async () => {
      await opened.write.remove(NAMESPACES, { name: namespace }, {}, signal);
      await opened.close();
    });

    async function makePod(name: string): Promise<void> {
      const metadata = { namespace, name, labels: { app: name } };
      const containers = [{ name: 'pause', image: 'registry.k8s.io/pause:3.10' }];
      const spec = { containers, terminationGracePeriodSeconds: 1 };
      await opened.write.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata, spec }, signal);
    }

    async function budget(name: string, app: string): Promise<void> {
      const spec = { minAvailable: 1, selector: { matchLabels: { app } } };
      const object = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { namespace, name }, spec };
      await opened.write.create(DISRUPTION_BUDGETS, object, signal);
    }

    async function read(name: string): Promise<z.infer<typeof Body> | undefined> {
      try {
        return Body.parse(await opened.port.get(PODS, { namespace, name }, signal));
      } catch (thrown: unknown) {
        if (thrown instanceof OpsError && thrown.code === 'NotFound') return undefined;
        throw thrown;
      }
    }

    async function isReady(name: string): Promise<boolean> {
      const conditions = (await read(name))?.status.conditions ?? [];
      return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
    }

    async function evict(name: string, uid?: string) {
      const known = uid ?? (await read(name))?.metadata.uid ?? 'none';
      return opened.write.evict({ namespace, name }, known, signal);
    }

    it('says that a pod is gone which never was', async () => {
      expect(await evict('never')).toEqual({ type: 'gone' });
    });

    it('takes another pod of the name for gone, and leaves it alone', async () => {
      const before = await read('free');

      expect(await evict('free', '00000000-0000-4000-8000-000000000000')).toEqual({ type: 'gone' });
      expect((await read('free'))?.metadata.uid).toBe(before?.metadata.uid);
    });

    it('evicts a pod that no budget keeps, and may be asked again', async () => {
      const uid = (await read('free'))?.metadata.uid;

      expect(await evict('free', uid)).toEqual({ type: 'evicted' });
      expect((await evict('free', uid)).type).toMatch(/^(evicted|gone)$/);
      await vi.waitUntil(async () => (await read('free')) === undefined, { timeout: 60_000, interval: 100 });
      expect(await evict('free', uid)).toEqual({ type: 'gone' });
    }, 70_000);

    it('names the budget that says no, in the words of the server', async () => {
      expect(await evict('kept')).toMatchObject({
        type: 'blocked',
        budget: 'one',
        why: expect.stringContaining('disruption budget one'),
      });
      expect(await isReady('kept')).toBe(true);
    });

    it('tells a pod that two budgets select from one that has to wait', async () => {
      expect(await evict('twice')).toMatchObject({
        type: 'refused',
        why: expect.stringContaining('more than one PodDisruptionBudget'),
      });
    });
  });
}
