import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createChangeLease } from '../../src/cluster/lease.ts';
import { microTime } from '../../src/cluster/lease-rules.ts';
import type { OpsError } from '../../src/core/errors.ts';
import { RunId } from '../../src/core/ids.ts';
import type { ChangeLease, ClusterWritePort } from '../../src/core/ports/change-ports.ts';
import type { ClusterPort } from '../../src/core/ports/ports.ts';
import { LEASES } from '../../src/core/resources.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { silentLog } from '../support/rehearsal-cluster.ts';

const SIGNAL = new AbortController().signal;
const NAMESPACE = 'kube-system';
const REF = { namespace: NAMESPACE, name: 'cilium-chatops' };
const MINE = RunId.parse('run-aaaaaa');
const OTHER = RunId.parse('run-bbbbbb');

export type LeaseCluster = {
  readonly port: ClusterPort;
  readonly write: ClusterWritePort;
  readonly close: () => Promise<void>;
};

/** The Lease of a change on a cluster that has none yet. Time is the test's own: the Lease trusts the worker's clock. */
export function changeLeaseContract(name: string, open: () => Promise<LeaseCluster>): void {
  describe(`the lease of a change, on ${name}`, () => {
    let cluster: LeaseCluster;
    let clock: FakeClock;
    let made: ChangeLease[];

    beforeEach(async () => {
      cluster = await open();
      clock = createFakeClock();
      made = [];
    });

    afterEach(async () => {
      for (const lease of made) await lease.release(SIGNAL);
      await cluster.write.remove(LEASES, REF, {}, SIGNAL);
      await cluster.close();
    });

    function leaseOf(run: RunId, attempt: number, its = clock): ChangeLease {
      const { port, write } = cluster;
      const lease = createChangeLease({
        cluster: port,
        write,
        clock: its,
        log: silentLog,
        namespace: NAMESPACE,
        run,
        attempt,
      });
      made.push(lease);
      return lease;
    }

    const spec = async () => {
      const { spec: found } = (await cluster.port.get(LEASES, REF, SIGNAL)) as { spec: Record<string, unknown> };
      return found;
    };

    /** A Lease as a worker leaves it that was killed. */
    const left = (holder: string, renewed: string) =>
      cluster.write.create(
        LEASES,
        {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: REF,
          spec: {
            holderIdentity: holder,
            leaseDurationSeconds: 60,
            acquireTime: microTime(new Date('2026-11-23T15:10:00Z')),
            renewTime: microTime(new Date(renewed)),
          },
        },
        SIGNAL,
      );

    it('names its holder, and can be proven until it is released', async () => {
      const lease = leaseOf(MINE, 1);

      await lease.acquire(SIGNAL);
      await lease.prove(SIGNAL);
      const held = await spec();
      await lease.release(SIGNAL);

      expect(held).toMatchObject({ holderIdentity: 'run-aaaaaa/1', leaseDurationSeconds: 60 });
      expect(held['renewTime']).toMatch(/^2026-11-23T15:20:00\.000000Z$/);
      expect((await spec())['holderIdentity'] ?? '').toBe('');
      await expect(lease.prove(SIGNAL)).rejects.toMatchObject({ code: 'Superseded' });
    });

    it('may be acquired twice', async () => {
      const lease = leaseOf(MINE, 1);

      await lease.acquire(SIGNAL);
      await lease.acquire(SIGNAL);

      await lease.prove(SIGNAL);
    });

    it('keeps another change out, and says who has it and since when', async () => {
      await leaseOf(OTHER, 2).acquire(SIGNAL);

      const refused = leaseOf(MINE, 1).acquire(SIGNAL);

      await expect(refused).rejects.toMatchObject({
        code: 'Locked',
        message: 'run-bbbbbb (attempt 2) is changing prod, since 2026-11-23 15:20 UTC',
        nextStep: expect.stringContaining('show run-bbbbbb'),
      });
    });

    it('goes to exactly one of many that ask at the same time', async () => {
      const asked = ['run-aaaaaa', 'run-bbbbbb', 'run-cccccc', 'run-dddddd', 'run-eeeeee'].map((run) =>
        leaseOf(RunId.parse(run), 1).acquire(SIGNAL),
      );

      const answers = await Promise.allSettled(asked);

      const reasons = answers.flatMap((each) => (each.status === 'rejected' ? [each.reason as OpsError] : []));
      expect(reasons.map((each) => each.code)).toEqual(['Locked', 'Locked', 'Locked', 'Locked']);
    });

    it('goes at once to a later attempt of the same run, and the earlier one finds out', async () => {
      const first = leaseOf(MINE, 1);
      await first.acquire(SIGNAL);
      const second = leaseOf(MINE, 2);

      await second.acquire(SIGNAL);

      await second.prove(SIGNAL);
      await expect(first.prove(SIGNAL)).rejects.toMatchObject({ code: 'Superseded' });
      await expect(first.acquire(SIGNAL)).rejects.toMatchObject({ code: 'Superseded' });
    });

    it('is renewed every 15 s for as long as it is held', async () => {
      const lease = leaseOf(MINE, 1);
      await lease.acquire(SIGNAL);

      for (const at of ['15:20:15', '15:20:30', '15:20:45']) {
        await clock.slept(1);
        clock.advance(15_000);
        await until(async () => (await spec())['renewTime'] === `2026-11-23T${at}.000000Z`);
      }

      await expect(leaseOf(OTHER, 1).acquire(SIGNAL)).rejects.toMatchObject({ code: 'Locked' });
    });

    it.each([
      ['just in time', '2026-11-23T15:19:00Z'],
      ['by a clock that is ahead', '2026-11-23T15:29:00Z'],
    ])('is not taken from a holder who renewed it %s', async (_situation, renewed) => {
      await left('run-bbbbbb/1', renewed);

      await expect(leaseOf(MINE, 1).acquire(SIGNAL)).rejects.toMatchObject({ code: 'Locked' });
    });

    it('is taken when it has expired and nobody renews it while it is watched', async () => {
      await left('run-bbbbbb/1', '2026-11-23T15:18:59Z');
      const lease = leaseOf(MINE, 1);

      const taking = lease.acquire(SIGNAL);
      await clock.slept(1);
      expect((await spec())['holderIdentity']).toBe('run-bbbbbb/1');
      clock.advance(20_000);
      await taking;

      expect(await spec()).toMatchObject({ holderIdentity: 'run-aaaaaa/1', leaseTransitions: 1 });
    });

    it('is not taken from a holder whose clock is behind but who renews', async () => {
      const behind = createFakeClock('2026-11-23T15:10:00.000Z');
      await leaseOf(OTHER, 1, behind).acquire(SIGNAL);
      const taking = leaseOf(MINE, 1).acquire(SIGNAL);
      await clock.slept(1);
      await behind.slept(1);

      behind.advance(15_000);
      await until(async () => (await spec())['renewTime'] === '2026-11-23T15:10:15.000000Z');
      clock.advance(20_000);

      await expect(taking).rejects.toMatchObject({ code: 'Locked' });
      expect((await spec())['holderIdentity']).toBe('run-bbbbbb/1');
    });
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 5_000;
  while (!(await holds())) {
    if (Date.now() > giveUpAt) throw new Error('it never came about');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
