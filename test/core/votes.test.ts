import { describe, expect, it } from 'vitest';
import { Actor } from '../../src/core/actor.ts';
import { UserId } from '../../src/core/ids.ts';
import type { RunEventOf } from '../../src/core/run/events.ts';
import { decide, type Terms } from '../../src/core/run/votes.ts';

type Vote = RunEventOf<'voted'>;

const NOW = new Date('2026-11-23T15:20:00.000Z');
const DANA = UserId.parse('U01DANA');
const terms: Terms = { digest: 'a'.repeat(64), approvals: 2, expiresAt: '2026-11-23T15:50:00.000Z' };

function vote(who: string, verdict: Vote['verdict'], more: Partial<Vote> = {}): Vote {
  return {
    type: 'voted',
    at: NOW.toISOString(),
    by: Actor.parse({ user: who }),
    verdict,
    digest: terms.digest,
    ...more,
  };
}

const guest = Actor.parse({ user: 'U09GUEST', external: true });
const both = [vote('U02LEE', 'approve'), vote('U03SAM', 'approve')];

describe('decide', () => {
  it.each([
    { when: 'nobody voted', votes: [], want: { type: 'wait', missing: 2 } },
    { when: 'one approved', votes: [vote('U02LEE', 'approve')], want: { type: 'wait', missing: 1 } },
    {
      when: 'one approved twice',
      votes: [vote('U02LEE', 'approve'), vote('U02LEE', 'approve')],
      want: { type: 'wait', missing: 1 },
    },
    {
      when: 'the requester approved too',
      votes: [vote('U02LEE', 'approve'), vote(DANA, 'approve')],
      want: { type: 'wait', missing: 1 },
    },
    {
      when: 'somebody from elsewhere approved too',
      votes: [vote('U02LEE', 'approve'), vote('U09GUEST', 'approve', { by: guest })],
      want: { type: 'wait', missing: 1 },
    },
    {
      when: 'one vote was for an older plan',
      votes: [vote('U02LEE', 'approve'), vote('U03SAM', 'approve', { digest: 'old' })],
      want: { type: 'wait', missing: 1 },
    },
    { when: 'two approved', votes: both, want: { type: 'go', approvedBy: ['U02LEE', 'U03SAM'] } },
    {
      when: 'one rejects',
      votes: [...both, vote('U04KIM', 'reject', { reason: 'not now' })],
      want: { type: 'stop', by: { user: 'U04KIM' }, reason: 'not now' },
    },
    {
      when: 'one changes their mind',
      votes: [vote('U02LEE', 'reject'), vote('U02LEE', 'approve')],
      want: { type: 'wait', missing: 1 },
    },
    { when: 'somebody holds', votes: [...both, vote('U04KIM', 'hold')], want: { type: 'hold' } },
    {
      when: 'the hold is released',
      votes: [vote('U04KIM', 'hold'), ...both, vote('U04KIM', 'unhold')],
      want: { type: 'go' },
    },
    {
      when: 'another than the holder released their own',
      votes: [vote('U04KIM', 'hold'), ...both, vote('U05PAT', 'unhold')],
      want: { type: 'hold' },
    },
    {
      when: 'an approver released all',
      votes: [vote('U04KIM', 'hold'), ...both, vote('U02LEE', 'unhold', { releases: [UserId.parse('U04KIM')] })],
      want: { type: 'go' },
    },
    {
      when: 'the glass is broken by the requester',
      votes: [vote(DANA, 'approve', { breakGlass: true })],
      want: { type: 'go', approvedBy: [DANA] },
    },
    {
      when: 'the glass is broken and somebody holds',
      votes: [vote('U04KIM', 'hold'), vote(DANA, 'approve', { breakGlass: true })],
      want: { type: 'hold' },
    },
  ])('$when', ({ votes, want }) => expect(decide(terms, DANA, votes, NOW)).toMatchObject(want));

  it.each([
    { when: 'a moment before the end', now: '2026-11-23T15:49:59.999Z', want: 'go' },
    { when: 'at the end', now: '2026-11-23T15:50:00.000Z', want: 'expired' },
  ])('$when: $want', ({ now, want }) => expect(decide(terms, DANA, both, new Date(now)).type).toBe(want));

  it('waits for the window, whatever the votes, except in an emergency', () => {
    const later = { ...terms, opensAt: '2026-11-23T15:30:00.000Z' };

    expect(decide(later, DANA, both, NOW)).toEqual({ type: 'wait-for-window', opensAt: later.opensAt });
    expect(decide(later, DANA, both, new Date(later.opensAt)).type).toBe('go');
    expect(decide(later, DANA, [vote('U05ROOT', 'approve', { breakGlass: true })], NOW).type).toBe('go');
  });

  it('counts the requester where the rule says so', () => {
    expect(decide({ ...terms, approvals: 1, selfApproval: true }, DANA, [vote(DANA, 'approve')], NOW).type).toBe('go');
  });
});
