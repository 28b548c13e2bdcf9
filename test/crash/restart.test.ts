import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { CILIUM_ENDPOINTS, PODS, type Resource } from '../../src/core/resources.ts';
import { openSwitchWorld, type SwitchWorld } from '../jobs/switch-world.ts';
import { EVERY } from '../support/every.ts';
import { anEvent, aRunId } from '../support/run-events.ts';
import { isPossible, openStage, type Stage } from './crash-stage.ts';

/*
 * Planned, approved and applied by workers that are processes of their own, on a real Redis and the rehearsal cluster.
 * They are killed (SIGKILL) while they evict. What happened is asked of the API server alone: which evictions it
 * accepted, whether a budget was passed over, and what runs in the end.
 */
const UNMANAGED = 60;
/** Of the recorded cluster: three of a Deployment and one of a StatefulSet; its bare pod stays. */
const RECORDED = 4;
const ALL = UNMANAGED + RECORDED;
/** After so many evictions; a worker takes seconds to start, so a run at the desk loses only one. */
const KILLED_AFTER = EVERY ? [8, 30] : [20];

const Named = z.object({ metadata: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }) });
const Logged = z.object({ requests: z.array(z.object({ verb: z.string(), path: z.string(), status: z.number() })) });

describe.skipIf(!isPossible)('restart unmanaged, whose worker dies', () => {
  let stage: Stage;
  let world: SwitchWorld;

  beforeAll(async () => {
    [stage, world] = await Promise.all([
      openStage(),
      openSwitchWorld({ speed: 10, unmanaged: UNMANAGED, stopMs: 2_000 }),
    ]);
  });
  afterAll(async () => {
    await stage.close();
    await world.close();
  });

  async function list(resource: Resource): Promise<readonly z.infer<typeof Named>['metadata'][]> {
    const found: z.infer<typeof Named>['metadata'][] = [];
    for await (const page of world.port.list(resource, { as: 'metadata' }, AbortSignal.timeout(20_000)))
      found.push(
        ...z
          .array(Named)
          .parse(page)
          .map(({ metadata }) => metadata),
      );
    return found.filter(({ namespace }) => namespace === 'legacy' || namespace.startsWith('before-'));
  }

  async function control(path: string): Promise<unknown> {
    return (await fetch(`${world.controlUrl}${path}`)).json();
  }

  /** As the API server answered them: the names of the pods that it let go. */
  async function evicted(): Promise<readonly string[]> {
    const { requests } = Logged.parse(await control('/log'));
    return requests.flatMap(({ path, status }) => {
      const [, namespace, name] = /namespaces\/([^/]+)\/pods\/([^/]+)\/eviction/.exec(path) ?? [];
      return name !== undefined && status === 201 ? [`${namespace}/${name}`] : [];
    });
  }

  async function killWhen(worker: ChildProcess, gone: number): Promise<void> {
    await vi.waitUntil(async () => (await evicted()).length >= gone, { timeout: 90_000, interval: 20 });
    const exited = once(worker, 'exit');
    worker.kill('SIGKILL');
    await exited;
  }

  it('is finished by the next one: no pod is evicted twice, and none of those that came in their place', async () => {
    const before = await list(PODS);
    const id = aRunId();
    const asked = { run: id, requestKey: id, command: 'restart-unmanaged', risk: 'change' } as const;
    await stage.store.state.runs.append(id, 0, anEvent('requested', { ...asked, args: { cluster: 'prod' } }));
    for (const gone of KILLED_AFTER) await killWhen(stage.startWorker(world, id), gone);
    const between = await evicted();
    stage.startWorker(world, id);

    const run = await stage.until(id, ({ now }) => now.state === 'ended');

    expect(between.length).toBeLessThan(ALL);
    expect(run.now).toMatchObject({ outcome: { type: 'succeeded' } });
    // Planning is the first.
    expect(run.attempt).toBe(2 + KILLED_AFTER.length);
    const names = await evicted();
    expect(names).toHaveLength(ALL);
    expect(new Set(names).size).toBe(ALL);
    const known = new Set(before.map(({ namespace, name }) => `${namespace}/${name}`));
    expect(names.filter((name) => !known.has(name))).toEqual([]);
    expect(await control('/violations')).toMatchObject({ violations: [] });
    const after = await list(PODS);
    const old = new Set(before.map(({ uid }) => uid));
    expect(after.filter(({ uid }) => old.has(uid)).map(({ name }) => name)).toEqual(['legacy-bare']);
    const managed = new Set((await list(CILIUM_ENDPOINTS)).map(({ namespace, name }) => `${namespace}/${name}`));
    expect(after.filter(({ namespace, name }) => !managed.has(`${namespace}/${name}`))).toHaveLength(1);
  }, 180_000);
});
