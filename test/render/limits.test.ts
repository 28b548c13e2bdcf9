import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Report } from '../../src/core/run/report.ts';
import type { Run } from '../../src/core/run/run.ts';
import { degrade } from '../../src/render/degrade.ts';
import { renderReply } from '../../src/render/reply-message.ts';
import { renderReportText } from '../../src/render/report-terminal.ts';
import { renderRun } from '../../src/render/run-message.ts';
import { anyReport, anyText, fullReport } from './hostile.ts';
import { aReport, aRun, at, change, dana, ended, reading, sam } from './runs.ts';
import { expectGoodMessage } from './slack-rules.ts';

function expectGoodRun(run: Run): void {
  const { parent, replies } = renderRun(run, { uploads: true });
  for (const message of [parent, ...replies.map((reply) => reply.message)]) {
    expectGoodMessage(message);
    expectGoodMessage(degrade(message));
  }
  const keys = replies.map((reply) => reply.key);
  expect(new Set(keys).size).toBe(keys.length);
}

describe('reports of any size and content', () => {
  const fills = ['a', 'word ', '&', '<!channel>', '"', '\\', '😀', '`', '\n', '\u202E', 'é', '*_~'];

  it.each(fills)('stay within the limits of Slack when everything is full of %j', (fill) => {
    const report = Report.parse(fullReport(fill));

    expectGoodRun(ended({ type: 'succeeded', report }));
    expectGoodRun(ended({ type: 'unknown', since: at(1), lastProven: fill.repeat(90), why: fill.repeat(90), report }));
  });

  it('say how much a thread cannot hold', () => {
    const { replies } = renderRun(ended({ type: 'succeeded', report: fullReport('a') }));

    expect(replies.length).toBeLessThanOrEqual(13);
    expect(replies.at(-1)?.message.text).toMatch(/^[\d,]+ more lines left out/);
  });

  it('mention nobody, hide nothing and are always valid', () => {
    fc.assert(
      fc.property(anyReport, (report) => expectGoodRun(ended({ type: 'succeeded', report: Report.parse(report) }))),
      { numRuns: 60 },
    );
  });

  it('are as harmless in a terminal', () => {
    fc.assert(
      fc.property(anyReport, fc.integer({ min: 10, max: 200 }), (report, columns) => {
        const shown = renderReportText(Report.parse(report), { columns, color: false });

        expect(shown).not.toMatch(/(?!\n|\uFE0F)[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/u);
      }),
      { numRuns: 40 },
    );
  });
});

describe('other things that come from outside', () => {
  it('are harmless in every ending, step, loss and reason', () => {
    fc.assert(
      fc.property(anyText, anyText, (one, two) => {
        const long = { detail: one.slice(0, 300) };
        const steps = [
          ...reading,
          { type: 'step-ended' as const, at: at(3), attempt: 1, step: 'agents', result: 'failed' as const, ...long },
          { type: 'started' as const, at: at(4), attempt: 2, worker: two.slice(0, 80) },
          { type: 'cancel-requested' as const, at: at(5), by: sam, reason: one },
        ];
        expectGoodRun(aRun(steps));
        for (const outcome of [
          { type: 'failed', code: 'Bug', message: one, nextStep: two.slice(0, 400) },
          { type: 'refused', reason: one, nextStep: two.slice(0, 400) },
          { type: 'rejected', by: sam, reason: one },
          { type: 'cancelled', by: dana, reason: two },
          { type: 'timed-out', afterMs: 30_000, lastStep: one },
          { type: 'rolled-back', reason: one },
          { type: 'unknown', since: two, lastProven: one, why: two },
        ])
          expectGoodRun(ended(outcome, change));
      }),
      { numRuns: 60 },
    );
  });

  it('are harmless in answers to one person', () => {
    const line = fc.record({ code: anyText.map((typed) => typed.slice(0, 300)), text: anyText });
    fc.assert(
      fc.property(anyText, fc.array(line, { maxLength: 40 }), (text, lines) =>
        expectGoodMessage(renderReply({ mark: 'warn', text, lines, next: [{ label: text, command: text }] })),
      ),
      { numRuns: 100 },
    );
  });

  it('fit when every step and every vote is as long as it may be', () => {
    const steps = Array.from({ length: 30 }, (_, n) => [
      { type: 'step-started' as const, at: at(n), attempt: 1, step: `s${n}`, title: '"'.repeat(140) },
      { type: 'counted' as const, at: at(n), attempt: 1, step: `s${n}`, done: n, total: 30, detail: '&'.repeat(300) },
    ]).flat();

    expectGoodRun(aRun([{ type: 'started', at: at(0), attempt: 1, worker: 'w'.repeat(80) }, ...steps], change));
  });
});

describe('a cluster of 300 nodes', () => {
  const nodes = Array.from(
    { length: 300 },
    (_, n) => `ip-10-0-${n >> 8}-${n & 255}.eu-central-1 · agent 1.19.0 · tunnel · 42 endpoints`,
  );
  const sections = [0, 1, 2].map((part) => ({
    title: `Nodes ${part * 100 + 1} to ${part * 100 + 100}`,
    lines: nodes.slice(part * 100, part * 100 + 100),
  }));
  const rows = Array.from({ length: 11 }, (_, n) => [`Feature ${n}`, 'On', 'kernel 6.18 is enough']);
  const report = aReport({ sections, table: { columns: ['Feature', 'State', 'Why'], rows } });

  it('takes at most 15 lines of the parent, and says what it left out', () => {
    const { parent } = renderRun(ended({ type: 'succeeded', report }));
    const lines = parent.text.split('\n').slice(0, -1);

    expect(lines.length).toBeLessThanOrEqual(15);
  });

  it('is whole in the thread, in messages that Slack takes', () => {
    const run = ended({ type: 'succeeded', report });
    expectGoodRun(run);
    const words = renderRun(run)
      .replies.map((reply) => reply.message.text)
      .join('\n');

    for (const node of nodes) expect(words).toContain(node);
  });
});
