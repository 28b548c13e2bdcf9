import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, cutLines, literal, mrkdwn, mrkdwnCode, oneLine, truncate } from '../../src/render/escape.ts';
import { anyText } from './hostile.ts';

describe('strings on their way into mrkdwn', () => {
  it.each([
    { when: 'it mentions a channel', value: '<!channel>', want: '&lt;!channel&gt;' },
    { when: 'it mentions a person', value: '<@U01DANA>', want: '&lt;@U01DANA&gt;' },
    { when: 'it mentions a group', value: '<!subteam^S1|@ops>', want: '&lt;!subteam^S1|@ops&gt;' },
    { when: 'it pretends a link', value: '<https://evil.example|docs>', want: '&lt;https://evil.example|docs&gt;' },
    { when: 'it is escaped already', value: '&lt;!here&gt;', want: '&amp;lt;!here&amp;gt;' },
    { when: 'it opens a code block', value: '```x', want: 'ˋˋˋx' },
    { when: 'it has several lines', value: 'a\r\nb\nc', want: 'a ⏎ b ⏎ c' },
    { when: 'it sets colours in a terminal', value: 'a\u001B[31mred\u001B[0m', want: 'ared' },
    { when: 'it sets the title of a terminal', value: 'a\u001B]0;owned\u0007b', want: 'ab' },
    { when: 'it turns the writing direction', value: 'user\u202Etxt.exe', want: 'user\uFFFDtxt.exe' },
    { when: 'it has characters of no width', value: 'no\u200Bde1', want: 'no\uFFFDde1' },
    { when: 'it has half a character', value: 'a\uD800b', want: 'a\uFFFDb' },
    { when: 'it stacks marks', value: `a${'\u0301'.repeat(40)}`, want: `a${'\u0301'.repeat(3)}` },
    { when: 'it is an ordinary name', value: 'kube-system/cilium-x7_z', want: 'kube-system/cilium-x7_z' },
  ])('harmless when $when', ({ value, want }) => expect(mrkdwn(value)).toBe(want));

  it('cannot end the code span it is put into', () => {
    expect(mrkdwnCode('a`b')).toBe('`aˋb`');
  });

  it('shows two names that differ by something invisible as two names', () => {
    expect(oneLine('node\u200B1')).not.toBe(oneLine('node1'));
  });

  it('begins no mention where Slack promises to be literal either', () => {
    expect(literal('<!channel> <@U1> <#C1> a < b')).toBe('‹!channel> ‹@U1> ‹#C1> a < b');
  });
});

describe('what is too long', () => {
  it.each([
    { when: 'it fits', value: 'abc', max: 3, want: 'abc' },
    { when: 'it is one too long', value: 'abcd', max: 3, want: 'ab…' },
    { when: 'its characters have two units', value: '😀😀😀', max: 3, want: '😀😀😀' },
    { when: 'such a character would be halved', value: '😀😀😀😀', max: 3, want: '😀😀…' },
  ])('is cut by characters when $when', ({ value, max, want }) => expect(truncate(value, max)).toBe(want));

  it.each([
    { when: 'an entity would be halved', value: 'abc&amp;def', max: 8, want: 'abc…' },
    { when: 'a date would be halved', value: 'at <!date^1^{time}|x>', max: 15, want: 'at …' },
    { when: 'a code span would stay open', value: '`abcdefgh` x', max: 8, want: '`abcde`…' },
  ])('loses its end whole when $when', ({ value, max, want }) => expect(cut(value, max)).toBe(want));

  it('does not hide the line after it', () => {
    const shown = cutLines(['x'.repeat(5_000), 'the second line'], 200);

    expect(shown).toMatch(/^x+…\nthe second line$/);
  });

  it('stays within its limit, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 8 }), fc.integer({ min: 50, max: 400 }), (values, max) => {
        expect(cutLines(values.map(mrkdwn), max).length).toBeLessThanOrEqual(max);
        for (const value of values) expect([...truncate(value, max)].length).toBeLessThanOrEqual(max);
      }),
    );
  });
});
