import { describe, expect, it } from 'vitest';
import { Actor } from '../../src/core/actor.ts';
import { UserId } from '../../src/core/ids.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import { checksView, diffView } from '../../src/render/plan-view.ts';
import { type RenderOptions, renderRun } from '../../src/render/run-message.ts';
import { aRun, at, change, dana, ended, sam, started } from './runs.ts';
import { expectGoodMessage } from './slack-rules.ts';

const kim = Actor.parse({ user: 'U04KIM' });
const lee = Actor.parse({ user: 'U03LEE' });
const digest = `3f9c0a1b${'0'.repeat(56)}`;

const plan = {
  title: 'switch to native routing',
  effect: ['3 agents restart in 2 batches; up to 30 s in which switched and unswitched nodes cannot reach each other'],
  changes: [
    { key: 'routing-mode', from: 'tunnel', to: 'native' },
    { key: 'ipv4-native-routing-cidr', from: '(none)', to: '10.0.0.0/16' },
  ],
  checks: [
    { id: 'kernel', title: 'Kernel', verdict: 'pass', evidence: '6.18 on 3 of 3', why: 'BPF', fix: '' },
    {
      id: 'unmanaged',
      title: 'Every pod is managed by Cilium',
      verdict: 'warn',
      evidence: '5 unmanaged pods (legacy)',
      why: 'they stay behind',
      fix: 'restart them',
    },
    {
      id: 'routes',
      title: 'Routes',
      verdict: 'unknown',
      evidence: 'node3 silent',
      why: 'w',
      fix: 'f',
      accepted: { reason: 'checked by hand' },
    },
  ],
  wayBack: 'automatic on failure; later /cilium rollback prod',
  pinned: { 'Helm revision': '27' },
  work: {},
};

const planned: RunEvent = {
  type: 'planned',
  at: at(5),
  attempt: 1,
  plan,
  digest,
  approvals: 2,
  expiresAt: at(1_200),
  approvers: { users: [], groups: [] },
};

function vote(by: Actor, verdict: 'approve' | 'reject' | 'hold' | 'unhold', more: object = {}): RunEvent {
  return { type: 'voted', at: at(60), by, verdict, digest, ...more };
}

const asked = { ...change, args: { reason: 'throughput for the ETL window, CHG-4711' } };

function text(events: readonly RunEvent[], options: RenderOptions = {}): readonly string[] {
  const { parent } = renderRun(aRun([started, planned, ...events], asked), { now: new Date(at(70)), ...options });
  expectGoodMessage(parent);
  return parent.text.split('\n');
}

describe('the approval card', () => {
  it('says verb, cluster, votes, time and effect first', () => {
    const [first, second, third] = text([]);

    expect(first).toContain('⏳ prod: switch to native routing · needs 2 approvals · 0 so far · expires');
    expect(second).toContain('Effect: 3 agents restart in 2 batches');
    expect(third).toBe(
      'Changes 2 settings: routing-mode tunnel → native · ipv4-native-routing-cidr (none) → 10.0.0.0/16',
    );
  });

  it('counts the checks, and names what is not fine and what was accepted', () => {
    const card = text([]).join('\n');

    expect(card).toContain('Preflight 1 ok · 1 warning: 5 unmanaged pods (legacy)');
    expect(card).toContain('Accepted though unknown: Routes: checked by hand');
    expect(card).toContain('Way back: automatic on failure');
    expect(card).toContain('Requested by <@U01DANA>: "throughput for the ETL window, CHG-4711" · plan 3f9c0a1b');
  });

  it('uses the words of a change that is none of settings', () => {
    const words = { checks: 'Checks', unchanged: 'Templates and settings stay as they are' };
    const run = aRun([started, { ...planned, plan: { ...plan, changes: [], words } }], asked);

    const card = renderRun(run).parent.text;

    expect(card).toContain('Templates and settings stay as they are');
    expect(card).toContain('Checks 1 ok');
    expect(card).not.toMatch(/Preflight|Changes no/);
  });

  it.each([
    { when: 'one approved', events: [vote(sam, 'approve')], want: 'needs 2 approvals · 1 so far' },
    { when: 'somebody holds it', events: [vote(kim, 'hold', { reason: 'ETL?' })], want: 'held by <@U04KIM> since' },
    { when: 'it is released', events: [vote(kim, 'hold'), vote(kim, 'unhold')], want: 'needs 2 approvals · 0 so far' },
  ])('says so when $when', ({ events, want }) => {
    expect(text(events)[0]).toContain(want);
  });

  it('says by whom and why the cluster is frozen', () => {
    const frozen = { by: lee, at: at(30), reason: 'incident 4711', everywhere: false };

    expect(text([], { frozen })[0]).toMatch(/frozen by <@U03LEE> since .*: incident 4711/);
  });

  it('says when its window opens once it has its votes', () => {
    const waiting = { ...planned, opensAt: at(900) };
    const run = aRun([started, waiting, vote(sam, 'approve'), vote(lee, 'approve')], asked);

    expect(renderRun(run).parent.text.split('\n')[0]).toContain('approved, 2 of 2 · begins');
  });

  it('says what changed when it is asked again', () => {
    const events: readonly RunEvent[] = [
      vote(sam, 'approve'),
      vote(lee, 'approve'),
      { type: 'approved', at: at(61), digest },
      { type: 'started', at: at(62), attempt: 2, worker: 'w1' },
      { type: 'voided', at: at(63), attempt: 2, changed: ['Helm revision: 27 → 28'] },
      { ...planned, at: at(64), attempt: 2, digest: 'f'.repeat(64) },
    ];

    expect(text(events).join('\n')).toContain('The earlier approval does not count: since then Helm revision: 27 → 28');
    const { replies } = renderRun(aRun([started, planned, ...events], asked));
    expect(replies.map((each) => each.key)).toContain(`voided-${at(63)}`);
  });

  it('says that it looks once more before it begins', () => {
    const events: readonly RunEvent[] = [
      vote(sam, 'approve'),
      vote(lee, 'approve'),
      { type: 'approved', at: at(61), digest },
    ];

    expect(text(events)[0]).toBe(
      '⏳ prod: switch to native routing · approved, 2 of 2 · checking that nothing changed',
    );
  });

  it('asks back before it approves, rejects or cancels, and its buttons carry the plan', () => {
    const { parent } = renderRun(aRun([started, planned], asked));
    const buttons = parent.blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []));

    const said = buttons.map((each) =>
      each.type === 'button' ? [each.text.text, each.value, each.confirm !== undefined] : [],
    );
    expect(said).toEqual([
      ['Approve', 'approve run-7f3k2q 3f9c0a1b', true],
      ['Reject', 'reject run-7f3k2q 3f9c0a1b', true],
      ['Hold', 'hold run-7f3k2q', false],
      ['Full diff', 'show run-7f3k2q --diff', false],
      ['All checks', 'show run-7f3k2q --checks', false],
      ['Cancel', 'cancel run-7f3k2q', true],
    ]);
  });

  it.each([
    { outcome: { type: 'rejected', by: sam, reason: 'not today' } },
    { outcome: { type: 'expired' } },
    { outcome: { type: 'cancelled', by: dana } },
    { outcome: { type: 'refused', reason: 'prod is frozen' } },
  ])(
    'has no voting buttons after $outcome.type, says that nothing was changed, and tells whom it concerns',
    ({ outcome }) => {
      const run = ended(outcome, asked, [started, planned, vote(lee, 'approve')]);

      const { parent, directs, replies } = renderRun(run);

      expect(JSON.stringify(parent.blocks)).not.toContain('approve run-');
      expect(parent.text).toContain('nothing was changed');
      expect(directs.map((each) => each.user)).toEqual([dana.user, lee.user]);
      expect(replies.at(-1)?.key).toBe('outcome');
    },
  );

  it('tells every approver that the glass was broken', () => {
    const tells = [UserId.parse('U02SAM')];
    const run = aRun(
      [started, planned, vote(kim, 'approve', { breakGlass: true, reason: 'prod is down', tells })],
      asked,
    );

    expect(renderRun(run).directs).toMatchObject([
      { user: 'U02SAM', message: { text: expect.stringContaining('prod is down') } },
    ]);
  });
});

describe('the modals', () => {
  const run = aRun([started, planned], asked);

  it('show every check, the worst first', () => {
    const shown = JSON.stringify(checksView(run).blocks);

    expect(shown.indexOf('Routes')).toBeLessThan(shown.indexOf('5 unmanaged pods'));
    expect(shown.indexOf('5 unmanaged pods')).toBeLessThan(shown.indexOf('Kernel'));
    expect(shown).toContain('checked by hand');
  });

  it('take a diff of any size, and nothing in it mentions anybody', () => {
    const diff = Array.from({ length: 20_000 }, (_, n) => `+ line ${n} <!channel>`).join('\n');

    const { blocks } = diffView(run, diff);

    expect(blocks.length).toBeLessThanOrEqual(100);
    expect(JSON.stringify(blocks)).not.toContain('<!channel>');
    expect(JSON.stringify(blocks.at(-1))).toMatch(/more lines are in the file/);
  });
});
