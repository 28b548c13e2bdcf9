import { describe, expect, it } from 'vitest';
import { auditTrail } from '../../src/app/audit.ts';
import type { RunId } from '../../src/core/ids.ts';
import type { RunStore } from '../../src/core/ports/ports.ts';
import { AuditLine } from '../../src/core/run/audit.ts';
import { RunEvent } from '../../src/core/run/events.ts';
import { exportAudit, parseAudit } from '../../src/terminal/audit-command.ts';
import { AT, anEvent, aRunId } from '../support/run-events.ts';
import { aChanging } from './changing.ts';
import { accepted, aWorld, lee, replied } from './world.ts';

const ALWAYS = new Date(0);

async function linesOf(runs: RunStore, query: Partial<Parameters<typeof auditTrail>[1]> = {}): Promise<AuditLine[]> {
  const lines: AuditLine[] = [];
  for await (const line of auditTrail(runs, { since: ALWAYS, ...query })) lines.push(line);
  return lines;
}

describe('the audit trail', () => {
  it('tells a change from who asked to how it ended, each line complete in itself', async () => {
    const { world, work } = aChanging();
    const id = await accepted(world, 'enable native-routing prod --reason CHG-4711');
    await work(id);
    await replied(world, `approve ${id} looks good`, { by: lee });
    await replied(world, `reject ${id} not today`, { by: lee });

    const lines = await linesOf(world.state.runs);

    const [asked] = lines;
    const planned = lines.find(({ event }) => event === 'planned');
    expect(asked).toEqual({
      schemaVersion: 1,
      run: id,
      seq: 1,
      at: world.clock.now().toISOString(),
      event: 'requested',
      cluster: 'prod',
      command: 'enable-native-routing',
      risk: 'change',
      requestedBy: 'U01DANA',
      actor: { user: 'U01DANA', team: 'T01HOME', external: false },
      typed: 'enable native-routing prod --reason CHG-4711',
      via: 'slash',
      channel: 'C01OPS',
      reason: 'CHG-4711',
    });
    expect(planned).toMatchObject({ planTitle: 'switch to native routing', approvalsNeeded: 2 });
    expect(lines.filter(({ event }) => event === 'voted')).toMatchObject([
      {
        actor: { user: 'U02LEE', team: 'T01HOME' },
        verdict: 'approve',
        reason: 'looks good',
        planDigest: planned?.planDigest,
      },
      { actor: { user: 'U02LEE', team: 'T01HOME' }, verdict: 'reject', reason: 'not today' },
    ]);
    expect(lines.at(-1)).toMatchObject({ event: 'ended', outcome: 'rejected', actor: { user: 'U02LEE' } });
    for (const line of lines) expect(AuditLine.parse(JSON.parse(JSON.stringify(line)))).toEqual(line);
  });

  it('has a line for every kind of event but progress counts, in the order of the run', async () => {
    const { runs } = aWorld().state;
    const run = aRunId();
    const types = RunEvent.unwrap().options.map((option) => option.shape.type.value);
    for (const [at, type] of types.entries())
      await runs.append(run, at, type === 'requested' ? anEvent('requested', { run }) : anEvent(type));

    const lines = await linesOf(runs, { run });

    expect(lines.map(({ event }) => event)).toEqual(types.filter((type) => type !== 'counted'));
    expect(lines.map(({ seq }) => seq)).toEqual(types.flatMap((type, at) => (type === 'counted' ? [] : [at + 1])));
  });

  it('is of one cluster, of one run, and since a moment where that is asked for', async () => {
    const world = aWorld({ config: { clusters: [{ name: 'prod' }, { name: 'dev' }] } });
    const first = await accepted(world, 'status prod');
    world.clock.advance(60_000);
    const since = world.clock.now();
    const second = await accepted(world, 'status dev');
    await replied(world, `cancel ${first}`);
    const of = async (query: object) =>
      (await linesOf(world.state.runs, query)).map(({ run, event }) => `${run} ${event}`);

    expect(await of({ cluster: 'dev' })).toEqual([`${second} requested`]);
    expect(await of({ run: first })).toEqual([`${first} requested`, `${first} cancel-requested`, `${first} ended`]);
    expect((await of({ since })).sort()).toEqual(
      [`${second} requested`, `${first} cancel-requested`, `${first} ended`].sort(),
    );
  });

  it('is whole and without doubles when a run changes while it is read', async () => {
    const { runs } = aWorld().state;
    const ids = Array.from({ length: 120 }, () => aRunId());
    for (const run of ids) await runs.append(run, 0, anEvent('requested', { run }));
    const early = (await runs.changed({ limit: 1, after: { changedAt: ALWAYS } }))[0]?.run as RunId;
    const told: string[] = [];

    for await (const { run, seq } of auditTrail(runs, { since: ALWAYS })) {
      told.push(`${run} ${seq}`);
      if (told.length === 60) await runs.append(early, 1, anEvent('started', { at: AT.replace('2026', '2027') }));
    }

    expect(told).toHaveLength(121);
    expect(new Set(told).size).toBe(121);
    expect(told.at(-1)).toBe(`${early} 2`);
  });

  it('has no secrets, whatever was typed', async () => {
    const world = aChanging().world;
    await accepted(world, 'enable native-routing prod --reason "xoxb-12345-hunter2 and postgres://me:hunter2@db/x"');

    const text = JSON.stringify(await linesOf(world.state.runs));

    expect(text).toContain('[redacted]');
    expect(text).not.toContain('hunter2');
  });
});

describe('cilium-chatops audit', () => {
  const now = new Date(AT);

  it.each([
    { words: [], want: { since: ALWAYS } },
    { words: ['--since', '30d'], want: { since: new Date(now.getTime() - 30 * 86_400_000) } },
    {
      words: ['--since=12h', '--cluster', 'prod'],
      want: { since: new Date(now.getTime() - 43_200_000), cluster: 'prod' },
    },
    {
      words: ['--since', '2026-01-01', '--run', 'RUN-7F3K2Q'],
      want: { since: new Date('2026-01-01'), run: 'run-7f3k2q' },
    },
  ])('understands $words', ({ words, want }) => expect(parseAudit(words, now)).toEqual(want));

  it.each([
    { words: ['--since', 'yesterday'], want: '--since is a duration as 30d' },
    { words: ['--run', 'seven'], want: 'a run id looks like' },
    { words: ['--sinse', '3d'], want: '--sinse' },
    { words: ['prod'], want: 'prod' },
  ])('says what is wrong with $words', ({ words, want }) => {
    expect(parseAudit(words, now)).toEqual({ problem: expect.stringContaining(want) });
  });

  it('is JSON lines on one side, and how long runs are kept on the other', async () => {
    const world = aWorld();
    await accepted(world, 'status prod');
    const out: string[] = [];
    const err: string[] = [];

    await exportAudit(
      { since: ALWAYS },
      {
        runs: world.state.runs,
        now,
        keepMs: 90 * 86_400_000,
        out: async (line) => void out.push(line),
        err: (text) => void err.push(text),
      },
    );

    expect(out.map((line) => AuditLine.parse(JSON.parse(line)).event)).toEqual(['requested']);
    expect(err.join()).toContain('1 event. Runs are kept for 90 days');
  });
});
