import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Outcome } from '../../src/core/run/outcome.ts';
import { renderOutcomeText } from '../../src/render/outcome-terminal.ts';
import { renderProgressLine } from '../../src/render/progress-terminal.ts';
import { renderReply } from '../../src/render/reply-message.ts';
import { renderReplyText } from '../../src/render/reply-terminal.ts';
import { renderReportText } from '../../src/render/report-terminal.ts';
import { aReport, at, dana } from './runs.ts';

const wide = { columns: 100, color: false, root: 'cilium-chatops run' };

describe('a report in a terminal', () => {
  it('has everything of the report, aligned', () => {
    expect(renderReportText(aReport({ partial: 'asked 2 of 3 agents' }), wide)).toMatchInlineSnapshot(`
      "✅ ok: Cilium on prod is healthy · 1 thing to look at
      Agents 3/3 · operator 2/2 · Cilium 1.19.0-pre.4 · Kubernetes v1.36.2
      ⚠️ warning: Partial: asked 2 of 3 agents

      ⚠️ warning: 5 pods are not managed by Cilium (legacy)
          Show pods: cilium-chatops run status prod --nodes all

      Feature        State             Why and what it needs
      Routing        Tunnel (VXLAN)    native routing looks possible
      Host routing   Legacy            BPF needs bpf.masquerade=true; kernel 6.18 is enough (≥ 5.10)
      Masquerading   iptables (IPv4)

      Nodes
        node1 · tunnel · 12 endpoints
        node2 · tunnel · 9 endpoints

      Unmanaged pods
      Owner        Pods
      legacy/web   5

      Next:
        Re-run: cilium-chatops run status prod

      Read at 2026-11-23T15:20:03.000Z"
    `);
  });

  it('wraps within a narrow terminal and loses no word', () => {
    const shown = renderReportText(aReport(), { ...wide, columns: 44 });
    const table = shown.slice(shown.indexOf('Feature'), shown.indexOf('Nodes'));

    for (const line of table.split('\n')) expect([...line].length).toBeLessThanOrEqual(44);
    expect(table.replace(/\s/g, '')).toContain('Masquerading');
    expect(shown).not.toContain('…');
  });

  it('uses colours only where asked to, and a word in either case', () => {
    const plain = renderReportText(aReport(), wide);
    const coloured = renderReportText(aReport(), { ...wide, color: true });

    expect(plain).not.toContain('\u001B');
    expect(coloured).toContain('\u001B[32m✅ ok:\u001B[0m');
    expect(stripVTControlCharacters(coloured).replace(/[ \t]+$/gm, '')).toBe(plain);
  });
});

describe('how a run ended, in a terminal', () => {
  it.each([
    {
      outcome: { type: 'failed', code: 'Bug', message: 'no answer', nextStep: 'look' },
      want: '❌ failed: no answer\nNext: look',
    },
    { outcome: { type: 'refused', reason: 'prod is frozen' }, want: 'Refused: prod is frozen' },
    { outcome: { type: 'rejected', by: dana }, want: 'Rejected by U01DANA' },
    { outcome: { type: 'expired' }, want: 'Expired: not enough people approved it in time' },
    { outcome: { type: 'cancelled', by: { user: 'local:dana' }, reason: 'no' }, want: 'Cancelled by dana\nReason: no' },
    { outcome: { type: 'timed-out', afterMs: 90_000 }, want: '⚠️ warning: Timed out after 1:30' },
    {
      outcome: { type: 'rolled-back', reason: 'x' },
      want: '❌ failed: The cluster is back as it was, verified\nWhat went wrong: x',
    },
    {
      outcome: { type: 'unknown', since: at(1), lastProven: 'a', why: 'b' },
      want: '⚠️ unknown: State unknown since 2026-11-23T15:20:01.000Z\nLast proven: a\nWhy: b',
    },
  ])('$outcome.type', ({ outcome, want }) => {
    expect(renderOutcomeText(Outcome.parse(outcome), wide)).toBe(want);
  });

  it('is the report when it went well', () => {
    const outcome = Outcome.parse({ type: 'succeeded', report: aReport() });

    expect(renderOutcomeText(outcome, wide)).toBe(renderReportText(aReport(), wide));
  });
});

describe('progress on stderr', () => {
  it.each([
    {
      progress: { type: 'step-started', step: 'a', title: 'Ask the agents' },
      line: '⏳ Ask the agents',
      passing: false,
    },
    { progress: { type: 'counted', step: 'a', done: 30, total: 300 }, line: '⏳ a ░░░░░░░░░ 30/300', passing: false },
    { progress: { type: 'counted', step: 'a', done: 31, total: 300 }, line: '⏳ a ░░░░░░░░░ 31/300', passing: true },
    { progress: { type: 'counted', step: 'a', done: 0, total: 0 }, line: '⏳ a ░░░░░░░░░ 0/0', passing: true },
    { progress: { type: 'step-ended', step: 'a', result: 'ok' }, line: '✅ a: done', passing: false },
    {
      progress: { type: 'step-ended', step: 'a', result: 'skipped', detail: 'why' },
      line: '- a: skipped · why',
      passing: false,
    },
    {
      progress: {
        type: 'made',
        artifact: { name: 'r.json', title: 'r', mimetype: 'application/json', bytes: new Uint8Array(2_048) },
      },
      line: '+ r.json (2.0 KiB)',
      passing: false,
    },
  ] as const)('$line', ({ progress, line, passing }) => {
    expect(renderProgressLine(progress, 80)).toEqual({ line, passing });
  });

  it('never wraps', () => {
    const progress = { type: 'step-started', step: 'a', title: 'x'.repeat(140) } as const;

    expect(renderProgressLine(progress, 60).line).toHaveLength(59);
  });
});

describe('an answer to one person', () => {
  const reply = {
    mark: 'warn' as const,
    text: 'I did not run that: there is no command "statsu"',
    lines: [
      { code: '/cilium statsu prod', text: 'You typed' },
      { code: '/cilium status prod', text: 'Did you mean' },
    ],
    next: [{ label: 'Run it', command: 'status prod' }],
  };

  it('is lines and a button in Slack', () => {
    const { text, blocks } = renderReply(reply);

    expect(text).toBe(
      '⚠️ I did not run that: there is no command "statsu"\n/cilium statsu prod  You typed\n/cilium status prod  Did you mean',
    );
    expect(blocks.map((block) => block.type)).toEqual(['rich_text', 'actions']);
  });

  it('is lines in a terminal', () => {
    expect(renderReplyText(reply, wide)).toMatchInlineSnapshot(`
      "warning: I did not run that: there is no command "statsu"
        /cilium statsu prod  You typed
        /cilium status prod  Did you mean
        Run it: cilium-chatops run status prod"
    `);
  });
});
