import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { doctor } from '../../jobs/doctor.ts';
import { enableNativeRouting } from '../../jobs/enable-native-routing.ts';
import { iperf } from '../../jobs/iperf.ts';
import { preflight } from '../../jobs/preflight.ts';
import { restartUnmanaged } from '../../jobs/restart-unmanaged.ts';
import { rollback } from '../../jobs/rollback.ts';
import { status } from '../../jobs/status.ts';
import { verify } from '../../jobs/verify.ts';
import { HELM } from '../jobs/switch-world.ts';
import { EVERY } from '../support/every.ts';
import { tenRevisions, withOddOwners } from './rbac-scenes.ts';
import { openRbacWorld, PROBE_NAMESPACE, type RbacWorld } from './rbac-world.ts';
import { type Asked, covers, type Right, readRights, rightText } from './rights.ts';

/** Changes take ten seconds each and more. */
const SLOW = 240_000;

const READ = ['rbac-read.yaml'];
const PROBE = [...READ, 'rbac-probe.yaml'];
const CHANGE = [...PROBE, 'rbac-change.yaml'];
const SERVER_SIDE = [...CHANGE, 'rbac-change-server-side.yaml'];
const RESTART = [...READ, 'rbac-restart.yaml'];
const ALL = [...new Set([...SERVER_SIDE, ...RESTART])];
const files = new Map(ALL.map((file) => [file, readRights(file)]));
const rulesOf = (names: readonly string[]) => names.flatMap((name) => files.get(name)?.rules ?? []);

/** Rights that no play here uses, and why not. */
const NOT_PLAYED: Readonly<Record<string, string>> = {
  'get nodes': 'asked only when an agent has been away for three minutes',
  'get configmaps in kube-system': 'the chart as recorded renders none but cilium-config, which may be read anyway',
};

/** Which job asked what, under which files. */
const played: { readonly job: string; readonly under: readonly string[]; readonly asked: readonly Asked[] }[] = [];

describe('the rights of the worker', () => {
  let world: RbacWorld;
  beforeAll(async () => {
    world = await openRbacWorld();
  });
  beforeEach(async () => {
    await world.reset();
    await world.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: PROBE_NAMESPACE } });
  });
  afterAll(async () => world.close());

  /** Does it with exactly these rights; whatever was refused is said. */
  async function play<Value>(job: string, under: readonly string[], act: () => Promise<Value>): Promise<Value> {
    await world.grant(under.flatMap((file) => files.get(file)?.objects ?? []));
    const value = await act();
    const asked = await world.asked();
    played.push({ job, under, asked });
    expect(asked.filter(({ allowed }) => !allowed)).toEqual([]);
    return value;
  }

  it.each([
    { name: 'status', job: status, under: READ },
    { name: 'preflight', job: preflight, under: READ },
    { name: 'verify', job: verify, under: PROBE, hurried: true },
    {
      name: 'iperf',
      job: iperf,
      under: PROBE,
      hurried: true,
      args: { runs: 1, duration: 1, streams: 1, noBaseline: true },
    },
  ])(
    'are enough for $name',
    async ({ name, job, under, args, hurried }) => {
      const outcome = await play(name, under, () => world.run(job, { args, hurried }));

      expect(outcome).toMatchObject({ type: 'succeeded', report: { mark: expect.stringMatching(/ok|warn/) } });
      expect(outcome).not.toHaveProperty('report.partial');
    },
    SLOW,
  );

  it(
    'are enough for doctor, which asks about those that are not granted and needs none of them',
    async () => {
      const outcome = await play('doctor', READ, () => world.run(doctor));

      expect(outcome).toMatchObject({ type: 'succeeded', report: { mark: 'fail' } });
      const report = 'report' in outcome ? outcome.report : undefined;
      const said = report?.findings.map(({ text }) => text).join('\n') ?? '';
      expect(said).toMatch(/Rights of verify: failed[\s\S]*Rights of enable native routing, rollback: failed/);
      expect(said).not.toMatch(/Rights of (doctor|status|preflight)/);
    },
    SLOW,
  );

  it(
    'are enough for restart, whoever owns the pods',
    async () => {
      await withOddOwners(world);
      await play('restart', RESTART, () => world.plan(restartUnmanaged, { includeBare: true, includeJobs: true }));
      await play('restart', RESTART, () => world.plan(restartUnmanaged, { staleMtu: true }));
      await world.reset();
      const outcome = await play('restart', RESTART, () => world.change(restartUnmanaged));

      expect(outcome).toMatchObject({ type: 'succeeded' });
    },
    SLOW,
  );

  describe.runIf(EVERY && HELM !== undefined)('with the real helm (with CI=1)', () => {
    it(
      'are enough for enable, with so many revisions that helm removes one',
      async () => {
        await tenRevisions(world);
        expect(await play('enable', CHANGE, () => world.change(enableNativeRouting))).toMatchObject({
          type: 'succeeded',
        });

        const outcome = await play('rollback', CHANGE, () => world.change(rollback, { id: 'run-bbbbbb' }));
        expect(outcome).toMatchObject({ type: 'succeeded' });
      },
      SLOW,
    );

    it(
      'are enough for enable when an agent crashes: the change is undone, and it says why',
      async () => {
        await world.fault('rollout', 'crash');
        const outcome = await play('enable', CHANGE, () =>
          world.change(enableNativeRouting, {
            on: async (progress) =>
              progress.type === 'step-started' && progress.step === 'back-upgrade'
                ? world.fault('rollout', 'off')
                : undefined,
          }),
        );

        expect(outcome).toMatchObject({ type: 'rolled-back' });
      },
      SLOW,
    );

    it(
      'are enough for a release that Helm 4 installed',
      async () => {
        await tenRevisions(world, { applyMethod: 'ssa' });

        const outcome = await play('enable-server-side', SERVER_SIDE, () => world.change(enableNativeRouting));
        expect(outcome).toMatchObject({ type: 'succeeded' });
      },
      SLOW,
    );
  });

  it('are not enough for a change where only reading was granted', async () => {
    await world.grant(READ.flatMap((file) => files.get(file)?.objects ?? []));

    await expect(world.change(restartUnmanaged)).rejects.toMatchObject({ code: 'Forbidden' });
  });

  it('name the jobs that use them', () => {
    const untold = rulesOf(ALL).flatMap(({ where, jobs, rights }) =>
      played
        .filter((one) => one.under.some((file) => where.startsWith(`${file}:`)) && isUsed(rights, one))
        // The same job, on another release.
        .filter(({ job }) => !jobs.includes(job) && !jobs.includes(job.replace('-server-side', '')))
        .map(({ job }) => `${where} is used by ${job}`),
    );
    expect(untold).toEqual([]);
  });

  it.runIf(EVERY && HELM !== undefined)(
    'are all needed: each was the only one to allow something, and each job that is named used it',
    () => {
      const idle = rulesOf(ALL).flatMap(({ where, jobs, rights }) => {
        const due = rights.filter((right) => !(rightText(right) in NOT_PLAYED));
        const strangers =
          due.length === 0 ? [] : jobs.filter((job) => !played.some((one) => one.job === job && isUsed(due, one)));
        return [
          ...due.filter((right) => !played.some((one) => isNeeded(right, one))).map(rightText),
          ...strangers.map((job) => `any use by ${job}`),
        ].map((what) => `${where}: ${what}`);
      });
      expect(idle).toEqual([]);
    },
  );
});

type Played = (typeof played)[number];

function isUsed(rights: readonly Right[], { asked }: Played): boolean {
  return asked.some((each) => rights.some((right) => covers(right, each)));
}

/** Without it something that was asked would have been refused. */
function isNeeded(right: Right, { under, asked }: Played): boolean {
  const granted = rulesOf(under).flatMap(({ rights }) => rights);
  if (!granted.includes(right)) return false;
  return asked.some((each) => covers(right, each) && granted.filter((other) => covers(other, each)).length === 1);
}
