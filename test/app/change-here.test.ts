import { describe, expect, it } from 'vitest';
import { OpsError } from '../../src/core/errors.ts';
import { runIdFor, UserId } from '../../src/core/ids.ts';
import { digestOf } from '../../src/core/run/plan.ts';
import { changeHere, type HereChange } from '../../src/terminal/change-here.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { fakeCluster } from '../support/fake-cluster.ts';
import { silentLog } from '../support/run-events.ts';
import { aChange, aPlan, type FakeChange, fakePorts } from './changing.ts';

const digest = digestOf(aPlan());

function here(
  yes: string | undefined,
  more: { change?: Partial<FakeChange>; locked?: OpsError; stop?: AbortController } = {},
) {
  const change = aChange(more.change);
  const { ports, leases } = fakePorts(more.locked === undefined ? [] : [more.locked]);
  const shown: string[] = [];
  const run = runIdFor('here');
  const wanted: HereChange = {
    job: change.job,
    args: { cluster: 'prod' },
    yes,
    run,
    by: UserId.parse('local:dana'),
    ports: ports({ run, attempt: 1 }),
    context: { cluster: fakeCluster(), clock: createFakeClock(), log: silentLog },
    interrupted: (more.stop ?? new AbortController()).signal,
    tell: () => undefined,
    show: (_, of) => shown.push(of),
    log: silentLog,
  };
  return { done: changeHere(wanted), change, leases, shown };
}

describe('a change from the terminal', () => {
  it('without a word shows its plan, and takes no lock', async () => {
    const { done, change, leases, shown } = here(undefined);

    expect(await done).toMatchObject({
      outcome: { type: 'refused', nextStep: expect.stringContaining(digest.slice(0, 8)) },
    });
    expect([change.applied, leases, shown]).toEqual([[], [], [digest]]);
  });

  it.each(['plan', digest, digest.slice(0, 8), digest.slice(0, 8).toUpperCase()])(
    'is applied with --yes %s',
    async (yes) => {
      const { done, change, leases } = here(yes);

      expect(await done).toMatchObject({ outcome: { type: 'succeeded' } });
      expect(change.applied).toMatchObject([{ by: 'local:dana', approvedBy: [], attempt: 1, resumed: false }]);
      expect(leases.map((each) => each.split(' ')[0])).toEqual(['acquire', 'release']);
    },
  );

  it.each(['', '0badc0de', digest.slice(0, 7)])('is not applied with --yes "%s"', async (yes) => {
    const { done, change, leases } = here(yes);

    expect(await done).toMatchObject({ outcome: { type: 'refused' } });
    expect(change.applied).toEqual([]);
    expect(leases).toHaveLength(2);
  });

  it('is refused while another change has the cluster', async () => {
    const { done } = here('plan', { locked: new OpsError('Locked', 'run-abcdef is changing prod') });

    expect(await done).toMatchObject({ outcome: { type: 'refused', reason: 'run-abcdef is changing prod' } });
  });

  it('hears an interrupt at a safe point, and aborts nothing', async () => {
    const stop = new AbortController();
    const { done } = here('plan', {
      stop,
      change: {
        apply: async function* (context) {
          stop.abort();
          yield { type: 'step-started', step: 'agents', title: 'Agents' };
          const said = `${await context.stopWanted()} ${context.signal.aborted}`;
          return { outcome: { type: 'rolled-back', reason: said }, data: null };
        },
      },
    });

    expect(await done).toMatchObject({ outcome: { type: 'rolled-back', reason: 'true false' } });
  });

  it('stops at a safe point when its time is up, and knows that it was not a person', async () => {
    const { done } = here('plan', {
      change: {
        apply: async function* ({ clock, stopWanted, stoppedBecause }) {
          yield { type: 'step-started', step: 'agents', title: 'Agents' };
          const before = `${await stopWanted()} ${stoppedBecause?.()}`;
          (clock as FakeClock).advance(60_001);
          const reason = `${before}, ${await stopWanted()}: ${stoppedBecause?.()}`;
          return { outcome: { type: 'rolled-back', reason }, data: null };
        },
      },
    });

    expect(await done).toMatchObject({
      outcome: { reason: 'false undefined, true: its own deadline of 1 min passed' },
    });
  });

  it('that breaks off in the middle says that nobody knows', async () => {
    const { done, leases } = here('plan', {
      change: {
        apply: async function* () {
          yield { type: 'step-ended', step: 'upgrade', result: 'ok' };
          throw new OpsError('ClusterUnreachable', 'prod does not answer');
        },
      },
    });

    expect(await done).toMatchObject({
      outcome: { type: 'unknown', lastProven: 'upgrade', why: 'prod does not answer' },
    });
    expect(leases).toHaveLength(2);
  });
});
