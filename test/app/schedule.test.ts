import { describe, expect, it } from 'vitest';
import { atDeadline } from '../../src/app/execute/settle.ts';
import { publish } from '../../src/app/publish/publish.ts';
import { record } from '../../src/app/record.ts';
import { checkSchedules } from '../../src/app/schedules/schedule-rules.ts';
import { applySchedules, lookForLate, onTick, type TickDeps } from '../../src/app/schedules/schedule-tick.ts';
import { MINUTE_MS } from '../../src/core/clock.ts';
import type { RunId } from '../../src/core/ids.ts';
import { ChatopsConfig } from '../../src/core/policy/chatops-config.ts';
import { ScheduleName } from '../../src/core/policy/schedule.ts';
import type { Ticking } from '../../src/core/ports/ports.ts';
import type { Outcome } from '../../src/core/run/outcome.ts';
import { renderRun } from '../../src/render/run-message.ts';
import { createFakeChat } from '../support/fake-chat.ts';
import { aJob, aWorld, fine, replied, runOf, type World } from './world.ts';

const NAME = ScheduleName.parse('status-prod');
const CONFIG = {
  clusters: [{ name: 'prod' }],
  schedules: [{ command: 'status prod', every: '15m', channel: 'C02WATCH' }],
};
const report = 'report' in fine && fine.report !== undefined ? fine.report : undefined;

function found(...texts: readonly string[]): Outcome {
  if (report === undefined) throw new Error('the world has a report');
  const findings = texts.map((text) => ({ mark: 'warn' as const, text }));
  return { type: 'succeeded', report: { ...report, findings } };
}

const away: Outcome = { type: 'failed', code: 'ClusterUnreachable', message: 'prod did not answer' };

function aWatch() {
  const world = aWorld({ config: CONFIG });
  const chat = createFakeChat();
  const put: (readonly Ticking[])[] = [];
  const ticks = { put: async (all: readonly Ticking[]) => void put.push(all), next: async () => new Map() };
  const deps: TickDeps = { ...world, ticks, root: '/cilium' };
  const runs = async (): Promise<readonly RunId[]> =>
    (await world.state.runs.recent({ limit: 100 })).map(({ run }) => run);
  const newest = async (): Promise<RunId> => {
    const [run] = await runs();
    if (run === undefined) throw new Error('there is no run');
    return run;
  };
  const show = (run: RunId) =>
    publish({ ...world, chat, render: (each, around) => renderRun(each, { ...around, now: world.clock.now() }) }, run);
  /** Fifteen minutes pass, the schedule ticks, a worker comes to this, and the renderer sees it. */
  const look = async (outcome: Outcome): Promise<RunId> => {
    world.clock.advance(15 * MINUTE_MS);
    await onTick(deps, NAME, world.clock.now());
    const run = await newest();
    await end(world, run, outcome);
    await show(run);
    return run;
  };
  return { world, chat, deps, put, runs, newest, show, look, texts: () => chat.messages().map(({ text }) => text) };
}

async function end({ state, clock }: World, run: RunId, outcome: Outcome): Promise<void> {
  const at = clock.now().toISOString();
  await record(state.runs, run, { type: 'started', at, attempt: 1, worker: 'host/1' });
  await record(state.runs, run, { type: 'ended', at, outcome });
}

describe('a schedule', () => {
  it('is put in the store, and looks at once when it never has', async () => {
    const { deps, put, world, newest } = aWatch();

    await applySchedules(deps);
    await applySchedules(deps);

    expect(put.at(-1)).toEqual([{ name: NAME, rhythm: { everyMs: 15 * MINUTE_MS } }]);
    const { request } = await runOf(world, await newest());
    expect(request).toMatchObject({
      by: { user: 'schedule:status-prod', external: false },
      origin: { type: 'schedule', schedule: NAME, channel: 'C02WATCH', rhythm: 'every 15 min' },
      command: 'status',
      risk: 'read',
    });
    expect(await world.state.runs.recent({ limit: 9 })).toHaveLength(1);
  });

  it('makes one run of one tick, however often the tick is delivered and by whomever', async () => {
    const { deps, world, runs } = aWatch();
    const at = world.clock.now();

    await Promise.all([onTick(deps, NAME, at), onTick(deps, NAME, at)]);
    await onTick(deps, NAME, at);

    expect(await runs()).toHaveLength(1);
  });

  it('starts nothing for a schedule that is not in the configuration any more', async () => {
    const { deps, runs } = aWatch();

    await onTick(deps, ScheduleName.parse('gone'), new Date());

    expect(await runs()).toEqual([]);
  });

  it('does not pile up: the next tick waits until the run before has ended and was looked at', async () => {
    const { deps, world, runs, newest, show } = aWatch();
    const tick = () => onTick(deps, NAME, world.clock.now());
    await tick();
    world.clock.advance(15 * MINUTE_MS);
    await tick();
    expect(await runs()).toHaveLength(1);
    await end(world, await newest(), fine);
    await tick();
    expect(await runs()).toHaveLength(1);

    await show(await newest());
    await tick();

    expect(await runs()).toHaveLength(2);
  });
});

describe('what a schedule says', () => {
  it('is everything the first time, with the report, in its channel', async () => {
    const { look, chat } = aWatch();

    await look(fine);

    expect(chat.messages()[0]).toMatchObject({ channel: 'C02WATCH' });
    expect(chat.messages()[0]?.text).toMatch(/Cilium on prod is healthy\nWatched from now on, every 15 min/);
    expect(chat.messages()[0]?.text).toContain('schedule status-prod');
  });

  it('is nothing while nothing changes, and leaves no trail of runs', async () => {
    const { look, texts, runs } = aWatch();
    await look(found('5 pods are not managed'));
    const posted = texts().length;

    for (const pods of [6, 7, 1]) await look(found(`${pods} pods are not managed`));

    expect(texts()).toHaveLength(posted);
    expect(await runs()).toHaveLength(2);
  });

  it('is what came and what went, and since when, and that it is well again', async () => {
    const { look, texts } = aWatch();
    await look(found());
    await look(found());

    await look(found('agent on node3 is not ready'));
    await look(found('agent on node3 is not ready'));
    await look(found());

    const said = texts().filter((text) => text.includes('Changed since'));
    expect(said).toHaveLength(2);
    // As the finding that it is, with its button, and not twice.
    expect(said[0]).toContain('New: agent on node3 is not ready');
    expect(said[0]?.split('New: ')).toHaveLength(2);
    expect(said[0]).toContain('1 row more in the thread');
    // The look before, not the one at which something was last said.
    expect(said[0]).toMatch(/Changed since .*2026-11-23 15:50:00 UTC/);
    expect(said[1]).toContain('No longer: agent on node3 is not ready');
  });

  it('mentions nobody and breaks out of nothing, whatever a cluster says', async () => {
    const { look, texts } = aWatch();
    await look(found('<!channel> `x` was there'));

    await look({ type: 'failed', code: 'Bug', message: '<!here> <@U01DANA> `oops' });

    expect(texts().join('')).not.toMatch(/<!channel>|<!here>|<@U01DANA>/);
  });

  it('is once that the cluster cannot be looked at, and once that it can again', async () => {
    const { look, texts } = aWatch();
    await look(fine);
    const posted = texts().length;

    for (const outcome of [away, away, away]) await look(outcome);
    await look(fine);
    await look(fine);

    const said = texts()
      .slice(posted)
      .filter((text) => text.includes('Changed since'));
    expect(said).toHaveLength(2);
    expect(said[0]).toContain('New: prod did not answer');
    expect(said[1]).toContain('No longer: prod did not answer');
  });

  it('is the same after a crash between deciding and saying, and said once', async () => {
    const { look, texts, show, newest } = aWatch();
    await look(fine);
    await look(found('something new'));
    const before = texts();

    for (const _ of [1, 2]) await show(await newest());

    expect(texts()).toEqual(before);
  });

  it('is not every beat of what flaps: six an hour, and then what is different from the last', async () => {
    const { world, deps, newest, show, texts } = aWatch();
    const flap = async (outcome: Outcome) => {
      world.clock.advance(MINUTE_MS);
      await onTick(deps, NAME, world.clock.now());
      await end(world, await newest(), outcome);
      await show(await newest());
    };
    await flap(found());

    for (let beat = 0; beat < 20; beat += 1) await flap(beat % 2 === 0 ? found('it flaps') : found());

    expect(texts().filter((text) => text.includes('Changed since'))).toHaveLength(6);
  });

  it('is nothing when somebody stopped the look', async () => {
    const { look, texts } = aWatch();
    await look(fine);
    const posted = texts().length;

    await look({ type: 'cancelled', by: { user: 'U01DANA', external: false } } as Outcome);
    await look(fine);

    expect(texts()).toHaveLength(posted);
  });
});

describe('a scheduled run that nobody takes', () => {
  it('is said once, not with every tick, and its message becomes what it found', async () => {
    const { deps, world, show, newest, look, texts, runs } = aWatch();
    await look(fine);
    const posted = texts().length;
    world.clock.advance(15 * MINUTE_MS);
    await onTick(deps, NAME, world.clock.now());
    const run = await newest();
    await lookForLate(deps, run);
    expect(world.queues.added.filter((each) => each === `render ${run}`)).toHaveLength(1);

    for (let tick = 0; tick < 3; tick += 1) {
      world.clock.advance(15 * MINUTE_MS);
      await onTick(deps, NAME, world.clock.now());
      await lookForLate(deps, run);
      await show(run);
    }
    const late = texts().slice(posted);
    await end(world, run, fine);
    await show(run);

    expect(late).toHaveLength(1);
    expect(late[0]).toMatch(/waiting for a worker\nScheduled, and not done yet: nothing is known since/);
    expect(texts()[posted]).toContain('Scheduled, and done late; nothing changed since');
    expect(await runs()).toHaveLength(2);
  });

  it('is a matter of minutes, not of a moment', async () => {
    const { deps, world, newest } = aWatch();
    await onTick(deps, NAME, world.clock.now());
    const run = await newest();
    expect(world.queues.added).toContain(`deadline ${run} 2026-11-23T15:22:00.000Z late`);

    world.clock.advance(MINUTE_MS);
    await lookForLate(deps, run);

    expect(world.queues.added.filter((each) => each === `render ${run}`)).toHaveLength(1);
  });
});

describe('a look that was removed', () => {
  it('is nothing to come back to when its reminder comes', async () => {
    const { look, world, deps, runs, show } = aWatch();
    await look(fine);
    const unsaid = await look(fine);
    await look(fine);
    expect(await runs()).not.toContain(unsaid);

    await lookForLate(deps, unsaid);

    expect(await atDeadline(world, unsaid)).toEqual({ type: 'done' });
    expect(await show(unsaid)).toEqual({ type: 'done' });
  });
});

describe('/cilium schedules', () => {
  it('says what is looked at, what was found, when it changed and when it comes next', async () => {
    const { world, look } = aWatch();
    await look(found());
    await look(found('something new'));

    const { text, lines } = await replied(world, 'schedules');

    expect(text).toBe('One schedule; only changes are said');
    expect(lines[0]).toEqual({ label: 'status-prod', code: 'status prod', text: 'every 15 min' });
    expect(lines[1]).toMatchObject({ label: 'last', text: 'Cilium on prod is healthy' });
    expect(lines[2]).toMatchObject({ label: 'changed' });
  });

  it('says so when there are none', async () => {
    expect((await replied(aWorld(), 'schedules')).text).toBe('Nothing is scheduled here');
  });
});

describe('a configuration with schedules', () => {
  const jobs = [aJob(), aJob({ name: 'rollback', risk: 'change' }), aJob({ name: 'iperf', risk: 'probe' })];
  const check = (schedule: object, clusters: readonly object[] = [{ name: 'prod' }]) => {
    const config = ChatopsConfig.parse({ clusters, schedules: [{ every: '1h', channel: 'C02WATCH', ...schedule }] });
    return () => checkSchedules(config, jobs);
  };

  it.each([
    { command: 'rollback prod', want: /schedules\.0\.command: "rollback prod" changes the cluster/ },
    { command: 'iperf prod', want: /puts load on the cluster/ },
    { command: 'history', want: /answer to one person/ },
    { command: 'statsu prod', want: /"statsu prod": there is no command/ },
    { command: 'status staging', want: /there is no cluster staging/ },
    { command: 'help', want: /not a command that can be scheduled/ },
  ])('is refused for "$command"', ({ command, want }) => {
    expect(check({ command })).toThrow(want);
  });

  it('is refused for a cluster that does not belong into the channel, or that is not named', () => {
    const elsewhere = [{ name: 'prod', channels: ['C01OPS'] }];

    expect(check({ command: 'status prod' }, elsewhere)).toThrow(/prod may not be operated from C02WATCH/);
    expect(check({ command: 'status' }, [{ name: 'prod' }, { name: 'dev' }])).toThrow(
      /name a cluster, one of prod, dev/,
    );
  });

  it('is fine for what only looks', () => {
    expect(check({ command: 'status' })).not.toThrow();
    expect(check({ command: 'status prod --nodes node1' })).not.toThrow();
  });

  it.each([
    { schedule: { every: '15m' }, ok: true },
    { schedule: { every: '7d' }, ok: true },
    { schedule: { every: '8d' }, ok: false },
    { schedule: { every: '0m' }, ok: false },
    { schedule: { every: '15s' }, ok: false },
    { schedule: {}, ok: false },
    { schedule: { every: '15m', cron: '0 8 * * *' }, ok: false },
    { schedule: { cron: '0 8 * * mon-fri', timeZone: 'Europe/Berlin' }, ok: true },
    { schedule: { cron: '*/15 0-6,22-23 1 jan,DEC 7' }, ok: true },
    { schedule: { cron: '60 8 * * *' }, ok: false },
    { schedule: { cron: '0 8 * * * *' }, ok: false },
    { schedule: { cron: '0 8 0 * *' }, ok: false },
    { schedule: { cron: '0 8-6 * * *' }, ok: false },
    { schedule: { cron: '0 8 * * mon-' }, ok: false },
    { schedule: { cron: '*/0 8 * * *' }, ok: false },
    { schedule: { cron: '0 8 * * *', timeZone: 'Mars/Base' }, ok: false },
  ])('may tick with $schedule: $ok', ({ schedule, ok }) => {
    const config = { clusters: [{ name: 'prod' }], schedules: [{ command: 'status', channel: 'C02', ...schedule }] };

    expect(ChatopsConfig.safeParse(config).success).toBe(ok);
  });

  it('has one schedule under each name', () => {
    const schedules = ['status prod', 'STATUS  prod'].map((command) => ({ command, every: '1h', channel: 'C02' }));

    const parsed = ChatopsConfig.safeParse({ clusters: [{ name: 'prod' }], schedules });

    expect(parsed.error?.issues[0]).toMatchObject({ path: ['schedules', 1, 'name'] });
  });
});
