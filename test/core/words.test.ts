import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinWords, splitWords } from '../../src/core/grammar/words.ts';

describe('splitWords', () => {
  it.each([
    { when: 'nothing is typed', line: '', want: [] },
    { when: 'only spaces are typed', line: ' \t\u00a0\u3000 ', want: [] },
    { when: 'words are spaced widely', line: '  status   prod ', want: ['status', 'prod'] },
    { when: 'a phone makes one long dash of two', line: 'status —nodes all', want: ['status', '--nodes', 'all'] },
    { when: 'a phone makes an en dash of two', line: 'status –nodes all', want: ['status', '--nodes', 'all'] },
    { when: 'a phone makes an en dash of one', line: 'restart –n legacy', want: ['restart', '-n', 'legacy'] },
    { when: 'an en dash letter has its value attached', line: '–n=legacy', want: ['-n=legacy'] },
    { when: 'a horizontal bar was typed', line: '―nodes=all', want: ['--nodes=all'] },
    { when: 'plain dashes are plain', line: '--nodes=all -n x', want: ['--nodes=all', '-n', 'x'] },
    { when: 'a dash stands inside a word', line: 'native–routing', want: ['native–routing'] },
    { when: 'quotes are curly', line: '--reason “night window”', want: ['--reason', 'night window'] },
    { when: 'quotes are German', line: '--reason „heute Nacht“', want: ['--reason', 'heute Nacht'] },
    { when: 'single quotes are curly', line: '--reason ‘night window’', want: ['--reason', 'night window'] },
    { when: 'a value after = is quoted', line: '--reason="night window"', want: ['--reason=night window'] },
    { when: 'a phone spoils dashes and quotes', line: '—reason=“night window”', want: ['--reason=night window'] },
    { when: 'a dash is quoted', line: '"—nodes"', want: ['—nodes'] },
    { when: 'a quote is empty', line: '--reason ""', want: ['--reason', ''] },
    { when: 'an apostrophe is inside a word', line: "dana's prod", want: ["dana's", 'prod'] },
    { when: 'a quote is inside a word', line: '5"disk', want: ['5"disk'] },
    { when: 'an invisible space came with a copy', line: 'status\u200bprod\ufeff', want: ['status', 'prod'] },
  ])('when $when', ({ line, want }) => expect(splitWords(line)).toEqual({ ok: true, words: want }));

  it.each(['"night window', "--reason='night", '“night', '--reason=“night window', '"a" "b'])(
    'refuses the unclosed quote of %s',
    (line) => expect(splitWords(line)).toEqual({ ok: false, problem: 'a quote is opened and never closed' }),
  );
});

describe('joinWords', () => {
  it.each([
    { words: ['status', 'prod'], want: 'status prod' },
    { words: ['--reason', 'night window'], want: '--reason "night window"' },
    { words: ['--reason=night window'], want: '"--reason=night window"' },
    { words: ['say "hi"'], want: `'say "hi"'` },
    { words: ['', 'x'], want: '"" x' },
  ])('makes $want', ({ words, want }) => expect(joinWords(words)).toBe(want));

  it('makes a line that splits into the same words', () => {
    const word = fc.string({ unit: fc.constantFrom('a', '-', '=', ' ', '"', '.', '—'), maxLength: 8 });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (words) => {
        // A word with both kinds of quotes has no spelling; dashes that a phone makes are read as plain ones.
        const given = words.map((each) => each.replaceAll('—', ''));

        expect(splitWords(joinWords(given))).toEqual({ ok: true, words: given });
      }),
    );
  });
});
