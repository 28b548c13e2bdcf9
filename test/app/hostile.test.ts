import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jobs } from '../../jobs/registry.ts';
import { renderReply } from '../../src/render/reply-message.ts';
import { anyCharacters } from '../render/hostile.ts';
import { expectGoodMessage } from '../render/slack-rules.ts';
import { aWorld } from './world.ts';

const RUNS = 10_000;

const bad = fc.constantFrom(
  '<!channel>',
  '<!here|x>',
  '<@U01DANA>',
  '<#C01OPS|ops>',
  '<https://evil.example|status>',
  '&lt;!channel&gt;',
  '```',
  '`',
  '\u202e',
  '\u2066',
  '\u0000',
  '\u001b[31m',
  '\u001b]0;x\u0007',
  '\ud800',
  '​',
  '﻿',
  'a\u0300\u0301\u0302\u0303\u0304',
  '$(reboot)',
  '; rm -rf /',
  '| sh',
  '../../etc/passwd',
  '%s%n',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '"',
  "'",
  '“',
  '”',
  '‘',
  '—',
  '–',
  '--',
  '-',
  '=',
  '--=',
  '--nodes',
  '--nodes=',
  '—nodes',
  '-n',
  ',',
  '\n',
  '\t',
  '*bold*',
  '_i_',
  '~s~',
  '> quote',
  ':fire:',
  '\\',
  '💥'.repeat(50),
  'x'.repeat(300),
  '\u0130',
  'İ'.repeat(20),
);
const known = fc.constantFrom(
  'status',
  'STATUS',
  'statsu',
  'help',
  'prod',
  'prdo',
  'cancel',
  'stop',
  'show',
  'run-7f3k2q',
  '--json',
  'enable',
  'all',
);
const word = fc.oneof(
  { weight: 4, arbitrary: known },
  { weight: 4, arbitrary: bad },
  { weight: 2, arbitrary: anyCharacters(20) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 400 }) },
);
const sane = fc.constantFrom(
  'status prod',
  'STATUS staging',
  'status prod —nodes node1,node2',
  'status staging --nodes=all',
);
const mixed = fc
  .array(fc.tuple(word, fc.constantFrom(' ', '', '  ', '\u00a0')), { maxLength: 12 })
  .map((parts) => parts.map(([typed, gap]) => typed + gap).join(''));

const line = fc.oneof({ weight: 19, arbitrary: mixed }, { weight: 1, arbitrary: sane });

it(`answers ${RUNS} random and hostile lines, each with a run or with a harmless reply`, {
  timeout: 240_000,
}, async () => {
  const world = aWorld({ jobs, config: { clusters: [{ name: 'prod' }, { name: 'staging' }] } });
  const seen = { reply: 0, accepted: 0 };

  await fc.assert(
    fc.asyncProperty(line, async (typed) => {
      const submitted = await world.ask(typed);

      seen[submitted.type] += 1;
      if (submitted.type === 'reply') expectGoodMessage(renderReply(submitted.reply));
    }),
    { numRuns: RUNS },
  );

  // Both ways were really taken.
  expect(seen.reply).toBeGreaterThan(RUNS / 2);
  expect(seen.accepted).toBeGreaterThan(50);
  // A line that made the bot itself fail would have been logged.
  expect(world.log.lines.filter((each) => each.level === 'error')).toEqual([]);
});
