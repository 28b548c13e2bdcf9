import fc from 'fast-check';
import type { Mark, Report } from '../../src/core/run/report.ts';
import { at } from './runs.ts';

const FRAGMENTS = [
  '<!channel>',
  '<!here|here>',
  '<@U0EVIL>',
  '<#C0EVIL>',
  '<!subteam^S0EVIL>',
  '<https://evil.example|docs>',
  '<!date^1^{time}|x>',
  '```',
  '`',
  '&lt;!channel&gt;',
  '&',
  '\n> quote\n',
  '\u001B[2J\u001B]0;title\u0007',
  '\u202E',
  '\u2066',
  '\u200B',
  '\uFEFF',
  '\u0000',
  '\uD83D',
  '😀',
  'fd00:100:200::1',
  '*bold* _it_ ~no~',
  '"\\',
] as const;

/** Characters of every kind, halves of pairs too. Not `fc.string`, which begins with a table of a million characters. */
export const anyCharacters = (maxLength: number) =>
  fc.array(fc.integer({ min: 0, max: 0x10_ff_ff }), { maxLength }).map((points) => String.fromCodePoint(...points));

/** What people type and clusters return at their worst. */
export const anyText = fc.oneof(
  anyCharacters(120),
  fc
    .array(fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string({ maxLength: 10 })), { maxLength: 20 })
    .map((all) => all.join('')),
);

const limited = (max: number) => anyText.map((value) => value.slice(0, max));
const mark = fc.constantFrom<Mark>('ok', 'warn', 'fail', 'running', 'unknown', 'none');
const next = fc.record({ label: limited(40), command: limited(200) });
const table = fc.integer({ min: 1, max: 8 }).chain((columns) =>
  fc.record({
    columns: fc.array(limited(80), { minLength: columns, maxLength: columns }),
    rows: fc.array(fc.array(limited(600), { minLength: columns, maxLength: columns }), { maxLength: 30 }),
  }),
);
const section = fc
  .record({ title: limited(140), lines: fc.array(limited(800), { maxLength: 30 }), table: fc.option(table) })
  .map(({ table: drawn, ...rest }) => (drawn === null ? rest : { ...rest, table: drawn }));

export const anyReport: fc.Arbitrary<Report> = fc
  .record({
    mark,
    headline: limited(150),
    facts: fc.array(limited(400), { maxLength: 4 }),
    findings: fc.array(
      fc
        .record({ mark, text: limited(600), next: fc.option(next) })
        .map(({ next: step, ...rest }) => (step === null ? rest : { ...rest, next: step })),
      { maxLength: 8 },
    ),
    table: fc.option(table),
    sections: fc.array(section, { maxLength: 6 }),
    next: fc.array(next, { maxLength: 8 }),
    asOf: fc.constantFrom(at(3), 'yesterday <!here>'),
    partial: fc.option(limited(400)),
  })
  .map(({ table: drawn, partial, ...rest }) => ({
    ...rest,
    ...(drawn === null ? {} : { table: drawn }),
    ...(partial === null ? {} : { partial }),
  }));

/** A report with every list and every string at the schema's maximum, filled with `fill`. */
export function fullReport(fill: string): Report {
  const filled = (max: number) => fill.repeat(Math.ceil(max / fill.length)).slice(0, max);
  const times = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);
  const step = { label: filled(40), command: filled(200) };
  const full = { columns: times(8, filled(80)), rows: times(100, times(8, filled(600))) };
  return {
    mark: 'warn',
    headline: filled(150),
    facts: times(4, filled(400)),
    findings: times(8, { mark: 'fail' as const, text: filled(600), next: step }),
    table: full,
    sections: times(12, { title: filled(140), lines: times(100, filled(800)), table: full }),
    next: times(8, step),
    asOf: at(3),
    partial: filled(400),
  };
}
