import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Actor } from '../../src/core/actor.ts';
import { RunEvent } from '../../src/core/run/events.ts';
import { fold, follow, type Run } from '../../src/core/run/run.ts';
import { anEvent, dana, lee } from '../support/run-events.ts';

const requested = anEvent('requested');
const started = anEvent('started');
const secondStart = anEvent('started', { attempt: 2, worker: 'worker-2' });
const planned = anEvent('planned');
const approve = anEvent('voted');
const approved = anEvent('approved');
const handedBack = anEvent('handed-back');
const ended = anEvent('ended');
const cancel = anEvent('cancel-requested');

const HISTORIES = {
  nothing: [],
  queued: [requested],
  running: [requested, started],
  'awaiting-approval': [requested, started, planned],
  approved: [requested, started, planned, approve, approved],
  'running what was approved': [requested, started, planned, approve, approved, secondStart],
  'handed back': [requested, started, handedBack],
  ended: [requested, started, ended],
} as const;

function runOf(history: keyof typeof HISTORIES): Run | undefined {
  return fold(HISTORIES[history]);
}

function aRun(history: Exclude<keyof typeof HISTORIES, 'nothing'>): Run {
  const run = runOf(history);
  if (run === undefined) throw new Error('the history has events');
  return run;
}

function afterwards(run: Run, ...events: readonly RunEvent[]): Run {
  return events.reduce((now, event) => {
    const next = follow(now, event);
    if (!next.ok) throw new Error(next.why);
    return next.run;
  }, run);
}

describe('follow', () => {
  it.each([
    { from: 'nothing', event: requested, to: 'queued' },
    { from: 'queued', event: started, to: 'running' },
    { from: 'running', event: planned, to: 'awaiting-approval' },
    { from: 'awaiting-approval', event: approve, to: 'awaiting-approval' },
    { from: 'awaiting-approval', event: approved, to: 'approved' },
    { from: 'approved', event: secondStart, to: 'running' },
    { from: 'running', event: secondStart, to: 'running' },
    { from: 'running', event: handedBack, to: 'queued' },
    { from: 'handed back', event: secondStart, to: 'running' },
    { from: 'running what was approved', event: anEvent('planned', { attempt: 2 }), to: 'awaiting-approval' },
    { from: 'queued', event: ended, to: 'ended' },
    { from: 'running', event: ended, to: 'ended' },
    { from: 'awaiting-approval', event: ended, to: 'ended' },
    { from: 'approved', event: ended, to: 'ended' },
    { from: 'queued', event: cancel, to: 'queued' },
    { from: 'awaiting-approval', event: cancel, to: 'awaiting-approval' },
    { from: 'running', event: cancel, to: 'running' },
  ] as const)('leads from $from by $event.type to $to', ({ from, event, to }) => {
    const next = follow(runOf(from), event);

    expect(next.ok && next.run.now.state).toBe(to);
    expect(next.ok && next.run.seq).toBe(HISTORIES[from].length + 1);
  });

  it.each([
    { when: 'nobody asked', from: 'nothing', event: started, why: 'never requested' },
    { when: 'it was asked for already', from: 'queued', event: requested, why: 'requested already' },
    { when: 'it was asked for and ended', from: 'ended', event: requested, why: 'requested already' },
    { when: 'the attempt was counted already', from: 'running', event: started, why: 'cannot follow attempt 1' },
    { when: 'an attempt is left out', from: 'queued', event: secondStart, why: 'cannot follow attempt 0' },
    { when: 'it waits for approval', from: 'awaiting-approval', event: secondStart, why: 'waits for approval' },
    { when: 'no worker has it', from: 'queued', event: anEvent('counted'), why: 'no worker runs it' },
    { when: 'nobody plans it', from: 'approved', event: planned, why: 'no worker runs it' },
    { when: 'it was handed back', from: 'handed back', event: anEvent('step-ended'), why: 'no worker runs it' },
    {
      when: 'the worker was replaced',
      from: 'running what was approved',
      event: anEvent('counted', { attempt: 1 }),
      why: 'replaced by attempt 2',
    },
    { when: 'the attempt has not begun', from: 'running', event: anEvent('planned', { attempt: 2 }), why: 'attempt 2' },
    { when: 'there is nothing to vote on', from: 'running', event: approve, why: 'does not wait for votes' },
    { when: 'it is approved already', from: 'approved', event: approve, why: 'does not wait for votes' },
    { when: 'it is approved twice', from: 'approved', event: approved, why: 'does not wait for approval' },
    {
      when: 'the vote is for another plan',
      from: 'awaiting-approval',
      event: anEvent('voted', { digest: 'sha256:b' }),
      why: 'plan has changed',
    },
    {
      when: 'the approval is for another plan',
      from: 'awaiting-approval',
      event: anEvent('approved', { digest: 'sha256:b' }),
      why: 'plan has changed',
    },
    { when: 'it has ended', from: 'ended', event: cancel, why: 'has ended (expired)' },
    { when: 'it has ended twice', from: 'ended', event: ended, why: 'has ended (expired)' },
    { when: 'it starts after the end', from: 'ended', event: secondStart, why: 'has ended (expired)' },
  ] as const)('refuses $event.type when $when', ({ from, event, why }) => {
    expect(follow(runOf(from), event)).toEqual({ ok: false, why: expect.stringContaining(why) });
  });

  it('takes one cancel, and keeps who asked first', () => {
    const run = afterwards(aRun('running'), anEvent('cancel-requested', { by: lee, reason: 'wrong cluster' }));

    expect(run.cancel).toMatchObject({ by: lee, reason: 'wrong cluster' });
    expect(follow(run, anEvent('cancel-requested', { by: dana }))).toMatchObject({ ok: false });
  });

  it('tells what became of an attempt: lost or handed back', () => {
    expect(afterwards(aRun('running'), secondStart).losses).toMatchObject([
      { attempt: 1, worker: 'worker-1', why: 'the worker stopped answering' },
    ]);
    expect(afterwards(aRun('handed back'), secondStart).losses).toMatchObject([
      { attempt: 1, worker: 'worker-1', why: 'the worker was shut down' },
    ]);
    expect(aRun('running what was approved').losses).toEqual([]);
  });

  it('shows a step as interrupted when its worker is lost, and as running again when it is repeated', () => {
    const lost = afterwards(aRun('running'), anEvent('step-started'), secondStart);
    const repeated = afterwards(lost, anEvent('step-started', { attempt: 2 }));

    expect(lost.steps.map((step) => step.state)).toEqual(['interrupted']);
    expect(repeated.steps.map((step) => step.state)).toEqual(['running']);
    expect(repeated.steps[0]).not.toHaveProperty('endedAt');
  });

  it('keeps the steps in the order in which they began, whatever they report later', () => {
    const [a, b] = ['agents', 'nodes'];
    const run = afterwards(
      aRun('running'),
      anEvent('step-started', { step: a }),
      anEvent('step-started', { step: b }),
      anEvent('counted', { step: a }),
      anEvent('step-ended', { step: a }),
    );

    expect(run.steps.map((each) => [each.step, each.state])).toEqual([
      [a, 'ok'],
      [b, 'running'],
    ]);
  });

  it('counts no votes for a plan that was made again', () => {
    const again = afterwards(aRun('running what was approved'), anEvent('planned', { attempt: 2, digest: 'sha256:b' }));

    expect(again.now).toMatchObject({ state: 'awaiting-approval', votes: [] });
    expect(again).not.toHaveProperty('approvedDigest');
  });

  it('takes back the approval when the world has changed since', () => {
    const voided = afterwards(aRun('running what was approved'), anEvent('voided', { attempt: 2 }));

    expect(aRun('running what was approved').approvedDigest).toBe('sha256:a');
    expect(voided).not.toHaveProperty('approvedDigest');
  });

  it('keeps the last artifact of a name', () => {
    const run = afterwards(aRun('running'), anEvent('artifact', { key: 'one' }), anEvent('artifact', { key: 'two' }));

    expect(run.artifacts.map((each) => each.key)).toEqual(['two']);
  });
});

describe('fold', () => {
  const anyEvent = fc
    .record({
      // Seldom the end: a run that ends at once proves little.
      type: fc.oneof(
        { weight: 1, arbitrary: fc.constantFrom('requested', 'ended', 'cancel-requested') },
        { weight: 20, arbitrary: fc.constantFrom('planned', 'voted', 'approved', 'voided', 'started', 'handed-back') },
        { weight: 10, arbitrary: fc.constantFrom('step-started', 'counted', 'step-ended', 'artifact') },
      ),
      attempt: fc.integer({ min: 1, max: 4 }),
      digest: fc.constantFrom('sha256:a', 'sha256:b'),
      step: fc.constantFrom('agents', 'nodes'),
    })
    // Fields that an event does not have fall away when it is parsed.
    .map(({ type, ...fields }) => RunEvent.parse({ ...anEvent(type), ...fields }));

  it('is a legal state for every prefix of a history that was written through follow', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (wishes) => {
        const history: RunEvent[] = [requested];
        for (const wish of wishes) {
          const event = inTime(wish, fold(history));
          if (follow(fold(history), event).ok) history.push(event);
        }

        for (const [at] of history.entries()) expect(problemsOf(fold(history.slice(0, at + 1)), at + 1)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('has no run for no events, and names the first event that is not legal', () => {
    expect(fold([])).toBeUndefined();
    expect(() => fold([requested, approve])).toThrow('illegal history: voted at 2');
  });

  it('reads an actor of an older version as one of our own', () => {
    expect(Actor.parse({ user: 'U0OLD' })).toEqual({ user: 'U0OLD', external: false });
  });
});

/** Most wishes name the right attempt: a history that only refuses proves little. */
function inTime(wish: RunEvent, run: Run | undefined): RunEvent {
  if (!('attempt' in wish) || wish.attempt === 4) return wish;
  return { ...wish, attempt: (run?.attempt ?? 0) + (wish.type === 'started' ? 1 : 0) };
}

/** What may never be true of a run, whatever happened to it. */
function problemsOf(run: Run | undefined, seq: number): readonly string[] {
  if (run === undefined) return ['it is gone'];
  const { state } = run.now;
  const idle = state !== 'running';
  const rules: readonly (readonly [string, boolean])[] = [
    ['an event was not counted', run.seq !== seq],
    ['a step runs without a worker', idle && run.steps.some((step) => step.state === 'running')],
    ['a step is there twice', new Set(run.steps.map((step) => step.step)).size !== run.steps.length],
    ['it runs in attempt 0', state === 'running' && run.attempt === 0],
    ['it is approved without a digest', state === 'approved' && run.approvedDigest === undefined],
    ['more attempts were lost than begun', run.losses.length > run.attempt],
    [
      'a vote is for another plan',
      'votes' in run.now && run.now.votes.some((vote) => 'plan' in run.now && vote.digest !== run.now.plan.digest),
    ],
    [
      'the approved digest is of another plan',
      state === 'approved' && 'plan' in run.now && run.approvedDigest !== run.now.plan.digest,
    ],
    ['it waits for approval and has one', state === 'awaiting-approval' && run.approvedDigest !== undefined],
  ];
  return rules.filter(([, broken]) => broken).map(([name]) => name);
}
