import { describe, expect, it } from 'vitest';
import { OpsError, toOpsError } from '../../src/core/errors.ts';
import { exitCodeOf, Outcome } from '../../src/core/run/outcome.ts';

const by = { user: 'U01DANA' };
const report = { mark: 'ok', headline: 'fine', facts: [], findings: [], sections: [], next: [], asOf: '2026-11-23' };

describe('exitCodeOf', () => {
  it.each([
    { outcome: { type: 'succeeded', report }, want: 0 },
    { outcome: { type: 'failed', code: 'Bug', message: 'x' }, want: 1 },
    { outcome: { type: 'timed-out', afterMs: 1 }, want: 1 },
    { outcome: { type: 'rolled-back', reason: 'x' }, want: 1 },
    { outcome: { type: 'refused', reason: 'x' }, want: 3 },
    { outcome: { type: 'rejected', by }, want: 3 },
    { outcome: { type: 'expired' }, want: 3 },
    { outcome: { type: 'cancelled', by }, want: 3 },
    { outcome: { type: 'unknown', since: 'x', lastProven: 'x', why: 'x' }, want: 4 },
  ])('$outcome.type is $want', ({ outcome, want }) => expect(exitCodeOf(Outcome.parse(outcome))).toBe(want));
});

describe('errors', () => {
  it('pass through as they are', () => {
    const error = new OpsError('Forbidden', 'no', { nextStep: 'ask' });

    expect(toOpsError(error)).toBe(error);
  });

  it.each([new TypeError('x is undefined'), 'a string', undefined, null, { message: 'no error' }])(
    'that nobody foresaw say nothing of themselves to people: %s',
    (thrown) => {
      const error = toOpsError(thrown);

      expect(error.code).toBe('Bug');
      expect(`${error.message} ${error.nextStep}`).not.toContain('undefined');
      expect(error.cause).toBe(thrown);
    },
  );

  it.each([
    ['InvalidArgs', 'caller', false],
    ['ClusterTimeout', 'cluster', true],
    ['StoreUnavailable', 'store', true],
    ['SlackRateLimited', 'slack', true],
    ['BadConfig', 'operator', false],
    ['Bug', 'bot', false],
  ] as const)('%s is the %s, retry %s', (code, blame, retry) => {
    expect(new OpsError(code, 'x')).toMatchObject({ blame, retryable: retry });
  });
});
