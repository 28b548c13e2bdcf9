import type { ActionsBlockElement, SectionBlockAccessory } from '@slack/types';
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/core/run/events.ts';
import { degrade } from '../../src/render/degrade.ts';
import { renderRun } from '../../src/render/run-message.ts';
import type { MessageBlock, SlackMessage } from '../../src/render/slack-message.ts';
import { aReport, aRun, at, change, dana, ended, reading, sam, started } from './runs.ts';
import { expectGoodMessage } from './slack-rules.ts';

/** What stands above the line who asked, with times as seconds after the request. */
function words(message: SlackMessage): string {
  const t0 = Date.parse(at(0)) / 1_000;
  const lines = message.text.split('\n').slice(0, -1).join('\n');
  return lines.replace(/<!date\^(\d+)\^[^>]*>/g, (_, seconds: string) => `+${Number(seconds) - t0}s`);
}

function buttons(blocks: readonly MessageBlock[]): readonly { readonly label: string; readonly value: string }[] {
  return blocks
    .flatMap((block): (ActionsBlockElement | SectionBlockAccessory)[] => {
      if (block.type === 'actions') return block.elements;
      return block.type === 'section' && block.accessory ? [block.accessory] : [];
    })
    .flatMap((element) =>
      element.type === 'button' ? [{ label: element.text.text, value: element.value ?? '' }] : [],
    );
}

const planned: RunEvent = {
  type: 'planned',
  at: at(2),
  attempt: 1,
  plan: {},
  digest: '3f9c0a1b2c3d4e5f',
  approvals: 2,
  expiresAt: at(1_200),
};
const applying: readonly RunEvent[] = [
  { type: 'approved', at: at(90), digest: planned.digest },
  { type: 'started', at: at(91), attempt: 2, worker: 'w1' },
  { type: 'applying', at: at(92), attempt: 2, digest: planned.digest },
  { type: 'step-started', at: at(93), attempt: 2, step: 'upgrade', title: 'Helm: native routing' },
];
const vote: RunEvent = { type: 'voted', at: at(60), by: sam, verdict: 'approve', digest: planned.digest, reason: 'ok' };
const cancelled: RunEvent = { type: 'cancel-requested', at: at(3), by: sam, reason: 'wrong cluster' };

describe('the parent message while a run is open', () => {
  it.each([
    { when: 'nobody works on it yet', run: aRun(), want: '⏳ prod: status · waiting for a worker' },
    { when: 'it runs', run: aRun([started]), want: '⏳ prod: status · running · 0:16' },
    {
      when: 'it has steps',
      run: aRun(reading),
      want: [
        '⏳ prod: status · running · 0:16',
        '✅ Read the cluster  done 1.0 s',
        '⏳ Ask the agents  ██████░░░ 200/300 · running 15 s · node3 is slow',
      ].join('\n'),
    },
    {
      when: 'somebody wants it to stop',
      run: aRun([started, cancelled]),
      want: [
        '⏳ prod: status · running · 0:16',
        'Cancel requested by <@U02SAM> at +3s: stops at the next safe point',
        'Reason: wrong cluster',
      ].join('\n'),
    },
    {
      when: 'its worker was lost',
      run: aRun([...reading, { type: 'started', at: at(16), attempt: 2, worker: 'w2' }]),
      want: [
        '⏳ prod: status · running · 0:01',
        '✅ Read the cluster  done 1.0 s',
        '⚠️ Ask the agents  200/300 · interrupted 14 s · node3 is slow',
        '⚠️ Attempt 1 ended early: the worker stopped answering (w1); attempt 2 runs on w2',
      ].join('\n'),
    },
    {
      when: 'its worker shut down',
      run: aRun([started, { type: 'handed-back', at: at(3), attempt: 1, why: 'the worker shut down' }]),
      want: [
        '⏳ prod: status · waiting for a worker',
        '⚠️ Attempt 1 ended early: the worker shut down (w1); it waits for another worker',
      ].join('\n'),
    },
    {
      when: 'it waits for approval',
      run: aRun([started, planned, vote], change),
      want: [
        '⏳ prod: enable native routing · needs 2 approvals · 1 so far · expires +1200s',
        'Requested by <@U01DANA> · plan 3f9c0a1b',
        '<@U02SAM> approved at +60s: ok',
      ].join('\n'),
    },
    {
      when: 'it is approved',
      run: aRun([started, planned, vote, { type: 'approved', at: at(61), digest: planned.digest }], change),
      want: [
        '⏳ prod: enable native routing · approved, 1 of 2 · checking that nothing changed',
        '<@U02SAM> approved at +60s: ok',
      ].join('\n'),
    },
  ])('says so when $when', ({ run, want }) => {
    const { parent } = renderRun(run, { now: new Date(at(17)) });

    expect(words(parent)).toBe(want);
    expectGoodMessage(parent);
  });

  it('offers to cancel, with a question first, until somebody did', () => {
    const open = renderRun(aRun([started])).parent;
    const stopping = renderRun(aRun([started, cancelled])).parent;

    expect(buttons(open.blocks)).toEqual([{ label: 'Cancel', value: 'cancel run-7f3k2q' }]);
    expect(JSON.stringify(open.blocks)).toContain('Cancel this run?');
    expect(buttons(stopping.blocks)).toEqual([]);
  });

  it('is the same twice when nothing happened in between', () => {
    expect(renderRun(aRun(reading))).toEqual(renderRun(aRun(reading)));
  });
});

describe('the parent message of a run that ended', () => {
  const report = aReport({ mark: 'fail', headline: 'prod is back on VXLAN, verified', facts: [], findings: [] });

  it.each([
    {
      outcome: { type: 'failed', code: 'ClusterUnreachable', message: 'no answer', nextStep: 'check the VPN' },
      want: '❌ prod: status failed · nothing was changed\nWhat went wrong: no answer\nNext: check the VPN',
    },
    {
      outcome: { type: 'refused', reason: 'prod is frozen', nextStep: 'ask platform' },
      want: 'prod: status was refused · nothing was changed\nprod is frozen\nNext: ask platform',
    },
    {
      outcome: { type: 'rejected', by: sam, reason: 'not tonight' },
      want: 'prod: status was rejected by <@U02SAM> · nothing was changed\nReason: not tonight',
    },
    {
      outcome: { type: 'expired' },
      want: 'prod: status expired · nothing was changed\nNot enough people approved it in time. Ask again to try again.',
    },
    {
      outcome: { type: 'cancelled', by: dana },
      want: 'prod: status was cancelled by <@U01DANA> · nothing was changed',
    },
    {
      outcome: { type: 'timed-out', afterMs: 30_000, lastStep: 'Ask the agents' },
      want: '⚠️ prod: status timed out after 30 s · nothing was changed\nIt was busy with: Ask the agents',
    },
    {
      outcome: { type: 'rolled-back', reason: 'node2 did not come up' },
      want: '❌ prod is back as it was, verified\nprod: status was undone\nWhat went wrong: node2 did not come up',
    },
    {
      outcome: { type: 'unknown', since: at(60), lastProven: 'node1 native', why: 'the API server does not answer' },
      want: '⚠️ prod: state unknown since +60s\nLast proven: node1 native\nWhy: the API server does not answer',
    },
  ])('says what state the cluster is in, then why: $outcome.type', ({ outcome, want }) => {
    const { parent } = renderRun(ended(outcome));

    expect(words(parent)).toBe(want);
    expect(buttons(parent.blocks)).toEqual([]);
    expectGoodMessage(parent);
  });

  it('does not promise that nothing was changed once a change may have begun', () => {
    const approved: RunEvent = { type: 'approved', at: at(61), digest: planned.digest };
    const again: RunEvent = { type: 'started', at: at(62), attempt: 2, worker: 'w1' };
    const failed = ended({ type: 'failed', code: 'Bug', message: 'x' }, change, [
      started,
      planned,
      vote,
      approved,
      again,
      { type: 'applying', at: at(63), attempt: 2, digest: planned.digest },
    ]);

    expect(words(renderRun(failed).parent)).toBe(
      '❌ prod: enable native routing failed · prod was not verified since\nWhat went wrong: x',
    );
  });

  it('leads with the report where there is one', () => {
    const run = ended({ type: 'rolled-back', reason: 'node2 did not come up', report }, change);

    expect(words(renderRun(run).parent).split('\n')[0]).toBe('❌ prod is back on VXLAN, verified');
  });

  it('shows a report: what is wrong, the table, what can be done next', () => {
    const { parent } = renderRun(ended({ type: 'succeeded', report: aReport() }));

    expect(words(parent)).toMatchInlineSnapshot(`
      "✅ Cilium on prod is healthy · 1 thing to look at
      Agents 3/3 · operator 2/2 · Cilium 1.19.0-pre.4 · Kubernetes v1.36.2
      ⚠️ 5 pods are not managed by Cilium (legacy)
      Routing: Tunnel (VXLAN) · native routing looks possible
      Host routing: Legacy · BPF needs bpf.masquerade=true; kernel 6.18 is enough (≥ 5.10)
      Masquerading: iptables (IPv4)"
    `);
    expect(parent.blocks.map((block) => block.type)).toEqual(['rich_text', 'section', 'table', 'actions', 'context']);
    expect(buttons(parent.blocks)).toEqual([
      { label: 'Show pods', value: 'status prod --nodes all' },
      { label: 'Re-run', value: 'status prod' },
    ]);
  });

  it('says that it is partial before anything else can be believed', () => {
    const { parent } = renderRun(ended({ type: 'succeeded', report: aReport({ partial: 'asked 2 of 3 agents' }) }));

    expect(words(parent).split('\n')[2]).toBe('⚠️ Partial: asked 2 of 3 agents');
  });

  it('moves to the thread what is more than a look takes', () => {
    const rows = Array.from({ length: 40 }, (_, n) => [`Feature ${n}`, 'On', '']);
    const table = { columns: ['Feature', 'State', 'Why'], rows };
    const { parent, replies } = renderRun(ended({ type: 'succeeded', report: aReport({ table }) }));

    expect(words(parent).split('\n')).toHaveLength(15);
    expect(words(parent)).toMatch(/29 rows more in the thread$/);
    expect(replies.map((reply) => reply.message.text).join('\n')).toContain('Feature 39: On');
  });

  it('offers no button for a line that nobody could type', () => {
    const next = [{ label: 'Evil', command: 'status prod\n/invite' }];

    expect(
      buttons(renderRun(ended({ type: 'succeeded', report: aReport({ next, findings: [] }) })).parent.blocks),
    ).toEqual([]);
  });
});

describe('every message', () => {
  it('says who asked, on which cluster, which run and when', () => {
    const { parent, replies } = renderRun(ended({ type: 'succeeded', report: aReport() }));

    for (const message of [parent, ...replies.map((reply) => reply.message)]) {
      const context = JSON.stringify(message.blocks.at(-1));
      expect(context).toContain('<@U01DANA> · prod · run-7f3k2q · asked <!date^');
      expect(message.text).toContain('<@U01DANA> · prod · run-7f3k2q · asked <!date^');
    }
  });

  it('names a person in a terminal without mentioning anybody', () => {
    const { parent } = renderRun(aRun([], { by: { user: 'local:dana', external: false } as never }));

    expect(parent.text).toContain('\ndana · prod · run-7f3k2q');
  });
});

describe('a message for clients that refuse newer blocks', () => {
  it('says the same in sections, and keeps buttons and who asked', () => {
    const { parent, replies } = renderRun(ended({ type: 'succeeded', report: aReport() }));
    const [reply] = replies;
    const classic = degrade(parent);

    expect(classic.blocks.map((block) => block.type)).toEqual(['section', 'section', 'section', 'actions', 'context']);
    expect(JSON.stringify(classic.blocks)).toContain('Routing: Tunnel (VXLAN) · native routing looks possible');
    expect(buttons(classic.blocks)).toEqual(buttons(parent.blocks));
    expect(JSON.stringify(reply && degrade(reply.message).blocks)).toContain('• node2 · tunnel · 9 endpoints');
  });
});

describe('the thread', () => {
  it('has the sections of the report, together as far as they fit', () => {
    const { replies } = renderRun(ended({ type: 'succeeded', report: aReport() }));

    expect(replies.map(({ key, editable }) => ({ key, editable }))).toEqual([{ key: 'report-1', editable: false }]);
    expect(replies.map((reply) => words(reply.message))).toEqual([
      'Nodes\n• node1 · tunnel · 12 endpoints\n• node2 · tunnel · 9 endpoints\nUnmanaged pods\nlegacy/web: 5',
    ]);
  });

  it('keeps one table to a message', () => {
    const table = { columns: ['Owner', 'Pods'], rows: [['legacy/web', '5']] };
    const sections = ['A', 'B', 'C'].map((title) => ({ title, lines: [], table }));
    const { replies } = renderRun(ended({ type: 'succeeded', report: aReport({ sections }) }));

    expect(replies.map((reply) => reply.key)).toEqual(['report-1', 'report-2', 'report-3']);
    for (const { message } of replies) expectGoodMessage(message);
  });

  it('tells the truth about a worker that was lost, in words that stay true', () => {
    const lost: readonly RunEvent[] = [...reading, { type: 'started', at: at(16), attempt: 2, worker: 'w2' }];
    const during = renderRun(aRun(lost)).replies.find((reply) => reply.key === 'loss-1');
    const after = renderRun(ended({ type: 'succeeded', report: aReport() }, {}, lost)).replies;

    expect(during && words(during.message)).toBe(
      '⚠️ Attempt 1 ended early · known at +16s, 15 s after it began\nWorker w1: the worker stopped answering. The run goes on with attempt 2.',
    );
    expect(after.find((reply) => reply.key === 'loss-1')).toEqual(during);
  });

  it.each([
    { when: 'a reading run goes well', run: aRun(reading), want: [] },
    { when: 'a change is being planned', run: aRun(reading, change), want: [] },
    { when: 'a change is being made', run: aRun([started, planned, ...applying], change), want: ['progress'] },
    { when: 'a reading run failed', run: ended({ type: 'expired' }, {}, reading), want: ['progress'] },
    { when: 'there are no steps', run: aRun([started], change), want: [] },
  ])('has one message of steps that is edited, unless it is not worth it: $when', ({ run, want }) => {
    const editable = renderRun(run).replies.filter((reply) => reply.editable);

    expect(editable.map((reply) => reply.key)).toEqual(want);
  });

  it('hands out artifacts once, when the run has ended and files can be sent', () => {
    const artifact: RunEvent = {
      type: 'artifact',
      at: at(3),
      attempt: 1,
      name: 'result.json',
      title: 'The whole result',
      mimetype: 'application/json',
      key: 'run-7f3k2q/result.json',
      sizeBytes: 12_595,
    };
    const run = ended({ type: 'expired' }, {}, [started, artifact]);

    const [reply] = renderRun(run, { uploads: true }).replies;

    expect(reply?.key).toBe('artifact-result.json');
    expect(reply && words(reply.message)).toBe('The whole result · result.json · 12.3 KiB');
    expect(reply?.message.files).toEqual([
      { name: 'result.json', title: 'The whole result', mimetype: 'application/json', key: 'run-7f3k2q/result.json' },
    ]);
    expect(renderRun(run).replies).toEqual([]);
    expect(renderRun(aRun([started, artifact]), { uploads: true }).replies).toEqual([]);
  });
});
