import { describe, expect, it } from 'vitest';
import { botGroups, configChecks } from '../../src/app/doctor/doctor-bots.ts';
import { keepPresence, type Presence, readPresence } from '../../src/app/doctor/doctor-presence.ts';
import { queueChecks } from '../../src/app/doctor/doctor-queue.ts';
import { record } from '../../src/app/record.ts';
import { MINUTE_MS, SECOND_MS } from '../../src/core/clock.ts';
import { type CheckGroup, checkOf } from '../../src/core/doctoring.ts';
import { OpsError } from '../../src/core/errors.ts';
import { ClusterName } from '../../src/core/ids.ts';
import { ScheduleName } from '../../src/core/policy/schedule.ts';
import type { BlobStore, Lane, Queues } from '../../src/core/ports/ports.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createMemoryState } from '../support/memory-state.ts';
import { createTestLog } from '../support/test-log.ts';
import { accepted, aWorld, fine } from './world.ts';

const PROD = ClusterName.parse('prod');
const NOW = new Date('2026-11-23T15:20:00.000Z');
const ago = (ms: number) => new Date(NOW.getTime() - ms).toISOString();
const well: CheckGroup = {
  title: 'Slack',
  checks: [checkOf('slack-socket', 'Socket Mode', { verdict: 'pass', evidence: 'connected', why: 'commands come in' })],
};
const broken: CheckGroup = {
  title: 'Slack',
  checks: [
    checkOf('slack-socket', 'Socket Mode', { verdict: 'fail', evidence: 'not connected', why: 'commands come in' }),
  ],
};

function aProcess(parts: Partial<Presence> = {}): Presence {
  return {
    process: 'host-a/1',
    role: 'worker',
    startedAt: ago(60 * MINUTE_MS),
    at: ago(10 * SECOND_MS),
    serves: [PROD],
    config: { file: '/etc/chatops.yaml', loadedAt: ago(60 * MINUTE_MS) },
    ...parts,
  };
}
const bot = (parts: Partial<Presence> = {}) => aProcess({ process: 'host-b/2', role: 'bot', serves: [], ...parts });

describe('what processes leave in the store', () => {
  function keep(
    blobs: BlobStore,
    clock = createFakeClock(),
    parts: { name?: string; slack?: () => CheckGroup[] } = {},
  ) {
    const { at: _, slack: __, ...described } = aProcess({ process: parts.name ?? 'host-a/1' });
    const { slack } = parts;
    const examineSlack = slack === undefined ? {} : { examineSlack: async () => slack() };
    return keepPresence({ blobs, clock, log: createTestLog(), describe: () => described, ...examineSlack });
  }

  it('a process is there once it has begun, and gone once it has stopped', async () => {
    const { blobs } = createMemoryState();
    const clock = createFakeClock();
    const presence = keep(blobs, clock);

    await expect
      .poll(() => readPresence(blobs, clock.now()))
      .toMatchObject([{ process: 'host-a/1', serves: ['prod'] }]);

    await presence.stop();
    expect(await readPresence(blobs, clock.now())).toEqual([]);
  });

  it('it leaves word again every half minute, and looks at Slack every five minutes', async () => {
    const { blobs } = createMemoryState();
    const clock = createFakeClock();
    let looks = 0;
    const presence = keep(blobs, clock, {
      slack: () => {
        looks += 1;
        return [well];
      },
    });
    const atOf = async () => (await readPresence(blobs, clock.now())).map(({ at }) => at);

    for (let beats = 0; beats < 11; beats += 1) {
      await expect.poll(atOf).toEqual([clock.now().toISOString()]);
      await clock.slept(1);
      clock.advance(30 * SECOND_MS);
    }

    await expect.poll(() => looks).toBe(2);
    await presence.stop();
  });

  it('refreshed on demand, it looks at once; a Slack that hangs does not hold it up', async () => {
    const { blobs } = createMemoryState();
    const clock = createFakeClock();
    let groups = [well];
    const presence = keep(blobs, clock, { slack: () => groups });
    const told = async () => (await readPresence(blobs, clock.now()))[0]?.slack?.groups;
    await expect.poll(told).toEqual([well]);

    groups = [broken];
    await presence.refresh(2_000);
    expect(await told()).toEqual([broken]);
    await presence.stop();

    const hanging = keepPresence({
      blobs,
      clock,
      log: createTestLog(),
      describe: () => aProcess(),
      examineSlack: () => new Promise(() => undefined),
    });
    await hanging.refresh(10);
  });

  it('two that write at the same time are both there in the end', async () => {
    const { blobs } = createMemoryState();
    const clock = createFakeClock();
    const both = ['host-a/1', 'host-b/2'].map((name) => keep(blobs, clock, { name }));

    await expect
      .poll(async () => (await readPresence(blobs, clock.now())).map(({ process }) => process).sort())
      .toEqual(['host-a/1', 'host-b/2']);
    await Promise.all(both.map((each) => each.stop()));
  });

  it('what another version has left is left out', async () => {
    const { blobs } = createMemoryState();
    const entries = [{ strange: true }, aProcess()];
    await blobs.put('doctor/processes', new TextEncoder().encode(JSON.stringify(entries)));

    expect(await readPresence(blobs, NOW)).toMatchObject([{ process: 'host-a/1' }]);
  });
});

describe('what the bots say', () => {
  const said = (groups: readonly CheckGroup[], at = ago(MINUTE_MS)) => ({ at, groups });

  it('the newest word counts, and a socket that only another bot has lost is named', () => {
    const processes = [
      bot({ slack: said([well]) }),
      bot({ process: 'host-c/3', slack: said([broken], ago(2 * MINUTE_MS)) }),
    ];

    const [group] = botGroups(processes, NOW);

    expect(group?.checks.map(({ title, verdict }) => `${title} ${verdict}`)).toEqual([
      'Socket Mode pass',
      'Socket Mode of host-c/3 fail',
    ]);
  });

  it.each([
    { when: 'no bot is there', processes: [aProcess()], want: 'no bot has left word' },
    {
      when: 'the last word is old',
      processes: [bot({ slack: said([well], ago(20 * MINUTE_MS)) })],
      want: 'no bot has left word for 20 min',
    },
  ])('$when: nobody knows', ({ processes, want }) => {
    expect(botGroups(processes, NOW)).toMatchObject([
      { title: 'Slack', checks: [{ verdict: 'unknown', evidence: want }] },
    ]);
  });

  it('a file that was refused names the problem and what is in use', () => {
    const error = { at: ago(MINUTE_MS), message: 'chatops.yaml:3:5 policy: unknown key "rulez"' };
    const checks = configChecks([aProcess({ config: { ...aProcess().config, error } }), bot()]);

    expect(checks).toMatchObject([
      { verdict: 'fail', evidence: expect.stringContaining('rulez'), fix: expect.stringContaining('config check') },
      { verdict: 'pass' },
    ]);
  });
});

describe('what the queue says', () => {
  const idle: Queues['depth'] = async () => ({ waiting: 0, active: 0 });

  async function judged({ processes = [aProcess(), bot()], depth = idle, world = aWorld() } = {}) {
    world.clock.advance(0);
    const checks = await queueChecks({ ...world, queues: { depth }, clusters: [PROD], processes });
    return checks.filter(({ verdict }) => verdict !== 'pass');
  }

  it('all is well', async () => {
    expect(await judged()).toEqual([]);
  });

  it.each([
    { when: 'there is no bot', processes: [aProcess()], want: [{ id: 'queue-bots', verdict: 'fail' }] },
    {
      when: 'nobody serves the cluster',
      processes: [aProcess({ serves: [] }), bot()],
      want: [{ id: 'queue-workers-prod', verdict: 'fail', fix: expect.stringContaining('CLUSTERS=prod') }],
    },
    {
      when: 'the only worker fell silent',
      processes: [aProcess({ at: ago(5 * MINUTE_MS) }), bot()],
      want: [
        { id: 'queue-workers-prod', verdict: 'fail' },
        { id: 'queue-silent', verdict: 'warn', evidence: 'worker host-a/1, 5 min' },
      ],
    },
    // One process in both roles serves too.
    { when: 'one process does it all', processes: [aProcess({ role: 'all' })], want: [] },
  ])('$when', async ({ processes, want }) => {
    expect(await judged({ processes })).toMatchObject(want);
  });

  it.each([
    { lane: 'read', lateS: 20, want: [] },
    {
      lane: 'read',
      lateS: 60,
      want: [{ id: 'queue-read-prod', verdict: 'warn', evidence: '3 waiting, 5 at work, the oldest for 60 s' }],
    },
    { lane: 'read', lateS: 600, want: [{ id: 'queue-read-prod', verdict: 'fail' }] },
    {
      lane: 'render',
      lateS: 60,
      want: [{ id: 'queue-render', verdict: 'warn', fix: expect.stringContaining('bots') }],
    },
    // It waits for the change before it, and that may take its time.
    { lane: 'change', lateS: 60, want: [] },
    { lane: 'change', lateS: 600, want: [{ id: 'queue-change-prod', verdict: 'warn' }] },
  ])('the oldest of lane $lane waits for $lateS s', async ({ lane, lateS, want }) => {
    const depth = async ({ type }: Lane) =>
      type === lane
        ? { waiting: 3, active: 5, oldestAt: new Date(NOW.getTime() - lateS * SECOND_MS) }
        : { waiting: 0, active: 0 };

    expect(await judged({ depth })).toMatchObject(want);
  });

  it.each([
    { when: 'all of them tick', next: [['hourly', 3_000]], want: [] },
    {
      when: 'one is late',
      next: [['hourly', -10 * MINUTE_MS]],
      want: [{ id: 'queue-schedules', verdict: 'fail', evidence: 'hourly should have ticked 10 min ago' }],
    },
    { when: 'one is missing', next: [], want: [{ verdict: 'fail', evidence: 'hourly is not in the queue' }] },
  ] as const)('schedules: $when', async ({ next, want }) => {
    const ticks = { next: async () => new Map(next.map(([name, ms]) => [name, new Date(NOW.getTime() + ms)])) };
    const schedules = [ScheduleName.parse('hourly')];
    const processes = [aProcess(), bot()];

    const checks = await queueChecks({
      ...aWorld(),
      queues: { depth: idle },
      clusters: [PROD],
      processes,
      ticks,
      schedules,
    });

    expect(checks.filter(({ verdict }) => verdict !== 'pass')).toMatchObject(want);
  });

  it('a lane that cannot be counted is unknown, and the others are not', async () => {
    const depth = async ({ type }: Lane) => {
      if (type === 'render') throw new OpsError('QueueUnavailable', 'the queue did not answer');
      return { waiting: 0, active: 0 };
    };

    expect(await judged({ depth })).toMatchObject([{ id: 'queue-render', verdict: 'unknown' }]);
  });

  it('runs that nobody took, and runs without a sign of life, are named; young and ended ones are not', async () => {
    const world = aWorld();
    const at = () => world.clock.now().toISOString();
    const ask = (line: string) => accepted(world, line);
    const queued = await ask('status prod');
    const running = await ask('status prod --nodes node1');
    await record(world.state.runs, running, { type: 'started', at: at(), attempt: 1, worker: 'host-a/1' });
    const ended = await ask('status prod --nodes node3');
    await record(world.state.runs, ended, { type: 'ended', at: at(), outcome: fine });
    world.clock.advance(11 * MINUTE_MS);
    await ask('status prod --nodes node2');
    const processes = [aProcess({ at: at() }), bot({ at: at() })];

    const [stuck, ...others] = await judged({ world, processes });

    expect(others).toEqual([]);
    expect(stuck).toMatchObject({
      id: 'queue-stuck',
      verdict: 'warn',
      fix: expect.stringContaining('/cilium show run-'),
    });
    expect(stuck?.evidence).toContain(`${queued} (status on prod) waits for a worker for 11 min`);
    expect(stuck?.evidence).toContain(`${running} (status on prod) runs on host-a/1 without a sign for 11 min`);
    expect(stuck?.evidence.match(/run-/g)).toHaveLength(2);
  });
});
