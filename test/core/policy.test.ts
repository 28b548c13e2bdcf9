import { describe, expect, it } from 'vitest';
import { ClusterName } from '../../src/core/ids.ts';
import { ChatopsConfig } from '../../src/core/policy/chatops-config.ts';
import { isOpen, MaintenanceWindow, nextClosing, nextOpening } from '../../src/core/policy/maintenance-window.ts';
import { Policy, ruleFor } from '../../src/core/policy/policy.ts';

describe('the policy in chatops.yaml', () => {
  const clusters = [{ name: 'prod' }];

  it.each([
    { when: 'approvals have no approvers', rule: { approvals: 2 }, want: 'who may approve' },
    { when: 'a group is a handle', rule: { approve: { groups: ['@platform'] } }, want: 'user group id' },
    { when: 'a duration has no unit', rule: { approvals: 0, expiresAfter: '30' }, want: '30m or 2h' },
    { when: 'a pattern is none', rule: { approvals: 0, reason: { pattern: '(' } }, want: 'regular expression' },
    { when: 'a key is misspelt', rule: { approvals: 0, approvers: {} }, want: 'approvers' },
    { when: 'it is about reading', rule: { approvals: 0, risks: ['read'] }, want: 'Invalid option' },
    {
      when: 'a zone does not exist',
      rule: { approvals: 0, windows: [aWindow({ timeZone: 'Mars/Base' })] },
      want: 'time zone',
    },
    { when: 'a time does not exist', rule: { approvals: 0, windows: [aWindow({ from: '24:00' })] }, want: '22:00' },
  ])('is refused when $when', ({ rule, want }) => {
    const parsed = ChatopsConfig.safeParse({ clusters, policy: { rules: [rule] } });

    expect(parsed.success ? '' : parsed.error.issues.map((issue) => issue.message).join()).toContain(want);
  });

  it('allows no change where there is none', () => {
    const { policy } = ChatopsConfig.parse({ clusters });

    expect(ruleFor(policy, { cluster: ClusterName.parse('prod'), command: 'x', risk: 'change' })).toBeUndefined();
  });

  it.each([
    { cluster: 'prod', command: 'rollback', risk: 'change', want: 1 },
    { cluster: 'prod', command: 'enable-native-routing', risk: 'change', want: 2 },
    { cluster: 'dev', command: 'enable-native-routing', risk: 'change', want: 0 },
    { cluster: 'dev', command: 'iperf', risk: 'probe', want: undefined },
  ] as const)('takes the first rule that fits: $command on $cluster', ({ cluster, command, risk, want }) => {
    const approve = { users: ['U03SAM'] };
    const policy = Policy.parse({
      rules: [
        { clusters: ['prod'], commands: ['rollback'], approve, approvals: 1 },
        { clusters: ['prod'], approve, approvals: 2 },
        { approvals: 0 },
      ],
    });

    expect(ruleFor(policy, { cluster: ClusterName.parse(cluster), command, risk })?.approvals).toBe(want);
  });
});

function aWindow(more: object = {}): unknown {
  return { days: ['mon'], from: '22:00', to: '02:00', timeZone: 'Europe/Berlin', ...more };
}

describe('a maintenance window', () => {
  // Berlin is UTC+1 in winter: Monday 22:00 to Tuesday 02:00 is 21:00Z to 01:00Z.
  const windows = [MaintenanceWindow.parse(aWindow())];
  const at = (text: string): Date => new Date(text);

  it.each([
    { when: 'a minute before', now: '2026-11-23T20:59:59Z', want: false },
    { when: 'it begins', now: '2026-11-23T21:00:00Z', want: true },
    { when: 'after midnight', now: '2026-11-24T00:30:00Z', want: true },
    { when: 'it ends', now: '2026-11-24T01:00:00Z', want: false },
    { when: 'the night before', now: '2026-11-23T00:30:00Z', want: false },
    { when: 'summer moves it', now: '2026-07-06T20:00:00Z', want: true },
  ])('$when: $want', ({ now, want }) => expect(isOpen(windows, at(now))).toBe(want));

  it('says when it opens and closes next', () => {
    expect(nextOpening(windows, at('2026-11-24T01:00:00Z'))).toEqual(at('2026-11-30T21:00:00Z'));
    expect(nextOpening(windows, at('2026-11-23T22:10:00Z'))).toEqual(at('2026-11-23T22:10:00Z'));
    const until = at('2026-11-25T00:00:00Z');
    expect(nextClosing(windows, at('2026-11-23T21:00:00Z'), until)).toEqual(at('2026-11-24T01:00:00Z'));
    expect(nextClosing(windows, at('2026-11-23T21:00:00Z'), at('2026-11-23T22:00:00Z'))).toEqual(
      at('2026-11-23T22:00:00Z'),
    );
  });
});
