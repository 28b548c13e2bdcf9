import { describe, expect, it } from 'vitest';
import { observedState } from '../../src/app/home/observed-state.ts';
import { record } from '../../src/app/record.ts';
import type { RunId } from '../../src/core/ids.ts';
import type { Meter } from '../../src/core/meter.ts';
import type { State } from '../../src/core/ports/ports.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import { createMemoryState } from '../support/memory-state.ts';
import { anEvent, aRunId, silentLog } from '../support/run-events.ts';
import { createTestLog } from '../support/test-log.ts';

/** Remembers `name label=value …` of everything, and the last value observed. */
function aMeter() {
  const noted: string[] = [];
  const seconds = new Map<string, number>();
  const note = (name: string, labels: Readonly<Record<string, string>>): void => {
    if (!name.startsWith('store_')) noted.push([name, ...Object.values(labels)].join(' '));
  };
  const meter: Meter = {
    count: (name, labels) => note(name, labels),
    observe: (name, labels, value) => {
      note(name, labels);
      seconds.set(name, value);
    },
  };
  return { meter, noted, seconds };
}

const at = (second: number): string => `2026-11-02T10:00:${String(second).padStart(2, '0')}.000Z`;

async function play(state: State, run: RunId, events: readonly RunEvent[]): Promise<void> {
  for (const event of events) {
    if (event.type === 'requested') await state.runs.append(run, 0, event);
    else await record(state.runs, run, event);
  }
}

describe('what is said about runs', () => {
  it('counts each event once, by whoever was first, and knows the run from wherever it was written', async () => {
    const shared = createMemoryState();
    const [bot, worker] = [aMeter(), aMeter()];
    const ofBot = observedState(shared, { meter: bot.meter, log: silentLog });
    const ofWorker = observedState(shared, { meter: worker.meter, log: silentLog });
    const run = aRunId();
    await play(ofBot, run, [anEvent('requested', { run, at: at(0), command: 'status' })]);
    await play(ofWorker, run, [anEvent('started', { at: at(2) })]);
    const end = anEvent('ended', { at: at(5) });

    const both = await Promise.all([record(ofBot.runs, run, end), record(ofWorker.runs, run, end)]);

    expect(both.filter(({ ok }) => ok)).toHaveLength(1);
    const ends = [...bot.noted, ...worker.noted].filter((each) => each.startsWith('runs_ended_total'));
    expect(ends).toEqual(['runs_ended_total status prod expired']);
    expect(bot.noted).toContain('runs_requested_total status prod terminal');
    expect(worker.seconds.get('run_start_delay_seconds')).toBe(2);
    expect([...bot.seconds, ...worker.seconds]).toContainEqual(['run_duration_seconds', 5]);
  });

  it('measures how long a plan waited for its approval, and counts the votes', async () => {
    const { meter, noted, seconds } = aMeter();
    const run = aRunId();

    await play(observedState(createMemoryState(), { meter, log: silentLog }), run, [
      anEvent('requested', { run, at: at(0), command: 'rollback', risk: 'change' }),
      anEvent('started', { at: at(1) }),
      anEvent('planned', { at: at(10) }),
      anEvent('voted', { at: at(30) }),
      anEvent('approved', { at: at(31) }),
      anEvent('started', { at: at(32), attempt: 2 }),
    ]);

    expect(seconds.get('approval_lead_time_seconds')).toBe(21);
    expect(noted.filter((each) => each.startsWith('votes_total'))).toEqual(['votes_total rollback approve']);
    expect(noted.filter((each) => each.startsWith('run_attempts_lost'))).toEqual([]);
  });

  it.each([
    { when: 'its worker said nothing more', between: [], want: 1 },
    { when: 'its worker handed it back', between: [anEvent('handed-back')], want: 0 },
  ])('counts an attempt as lost when $when: $want', async ({ between, want }) => {
    const { meter, noted } = aMeter();
    const run = aRunId();

    await play(observedState(createMemoryState(), { meter, log: silentLog }), run, [
      anEvent('requested', { run }),
      anEvent('started'),
      ...between,
      anEvent('started', { attempt: 2 }),
    ]);

    expect(noted.filter((each) => each.startsWith('run_attempts_lost_total'))).toHaveLength(want);
  });

  it('logs what matters with run, cluster and command, and nothing that somebody typed', async () => {
    const log = createTestLog();
    const { meter } = aMeter();
    const run = aRunId();

    await play(observedState(createMemoryState(), { meter, log }), run, [
      anEvent('requested', { run, text: 'rollback prod --reason "token hunter2"' }),
      anEvent('started'),
      anEvent('step-started'),
      anEvent('planned'),
      anEvent('voted', { verdict: 'reject', reason: 'hunter2' }),
      anEvent('cancel-requested', { reason: 'hunter2' }),
      anEvent('ended', {
        outcome: { type: 'rejected', by: { user: 'U0LEE', external: false }, reason: 'hunter2' },
      } as never),
    ]);

    const said = log.lines.map(({ level, message }) => `${level} ${message}`);
    expect(said).toEqual([
      'info run requested',
      'info run started',
      'info run planned',
      'info run voted on',
      'info run to be cancelled',
      'info run ended',
    ]);
    for (const line of log.lines) expect(line).toMatchObject({ fields: { run, cluster: 'prod', command: 'status' } });
    expect(JSON.stringify(log.lines)).toContain('U0LEE');
    expect(JSON.stringify(log.lines)).not.toContain('hunter2');
  });

  it('measures the store, its failures too', async () => {
    const seen: string[] = [];
    const meter: Meter = {
      count: () => undefined,
      observe: (_, labels) => seen.push(Object.values(labels).join(' ')),
    };
    const memory = createMemoryState();
    const state = observedState(
      { ...memory, blobs: { ...memory.blobs, get: () => Promise.reject(new Error('away')) } },
      { meter, log: silentLog },
    );

    await state.runs.recent({ limit: 1 });
    await state.blobs.get('x').catch(() => undefined);

    expect(seen).toEqual(['recent ok', 'get failed']);
  });
});
