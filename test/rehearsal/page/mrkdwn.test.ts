import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMrkdwn, parseSpans, type Span } from '../../../src/rehearsal/slack/page/mrkdwn.ts';

const text = (value: string): Span => ({ type: 'text', text: value });

describe('mrkdwn spans', () => {
  it.each([
    { when: 'plain text', source: 'all good', want: [text('all good')] },
    { when: 'bold', source: 'a *b* c', want: [text('a '), { type: 'bold', spans: [text('b')] }, text(' c')] },
    {
      when: 'code inside bold',
      source: '*on `prod`*',
      want: [{ type: 'bold', spans: [text('on '), { type: 'code', text: 'prod' }] }],
    },
    { when: 'stars inside a word', source: '2*3*4', want: [text('2*3*4')] },
    { when: 'underscores inside a name', source: 'cilium_vxlan_0', want: [text('cilium_vxlan_0')] },
    { when: 'a star with a space after it', source: '* not bold*', want: [text('* not bold*')] },
    { when: 'marks inside code', source: '`a *b*`', want: [{ type: 'code', text: 'a *b*' }] },
    { when: 'escaped entities', source: '1 &lt; 2 &amp;amp; &gt;', want: [text('1 < 2 &amp; >')] },
    { when: 'an escaped mention', source: '&lt;!channel&gt;', want: [text('<!channel>')] },
    { when: 'a mention', source: '<@U1>', want: [{ type: 'user', id: 'U1', label: '' }] },
    { when: 'a channel with a label', source: '<#C1|ops>', want: [{ type: 'channel', id: 'C1', label: 'ops' }] },
    { when: 'a user group', source: '<!subteam^S1|@team>', want: [{ type: 'usergroup', id: 'S1', label: '@team' }] },
    { when: 'a broadcast', source: '<!here>', want: [{ type: 'broadcast', range: 'here' }] },
    {
      when: 'a link with entities',
      source: '<https://a.test/?x=1&amp;y=2|x>',
      want: [{ type: 'link', url: 'https://a.test/?x=1&y=2', label: 'x' }],
    },
    { when: 'a script address', source: '<javascript:alert(1)|x>', want: [text('<javascript:alert(1)|x>')] },
    {
      when: 'a date',
      source: '<!date^1763859600^{time}^https://a.test|then>',
      want: [{ type: 'date', unixSeconds: 1_763_859_600, format: '{time}', url: 'https://a.test', fallback: 'then' }],
    },
    { when: 'a known emoji', source: ':warning: x', want: [text('⚠️'), text(' x')] },
    { when: 'an unknown emoji', source: '10:30:45 :nope:', want: [text('10:30:45 :nope:')] },
  ])('$when', ({ source, want }) => expect(parseSpans(source)).toEqual(want));
});

describe('mrkdwn paragraphs', () => {
  it('keeps a fence as it is, without the line breaks around it', () => {
    expect(parseMrkdwn('before\n```\na *b*\n  &lt;c&gt;\n```\nafter')).toEqual([
      { type: 'lines', lines: [[text('before')]] },
      { type: 'code-block', text: 'a *b*\n  <c>' },
      { type: 'lines', lines: [[text('after')]] },
    ]);
  });

  it('leaves an unclosed fence as text', () => {
    expect(parseMrkdwn('```open')).toEqual([{ type: 'lines', lines: [[text('```open')]] }]);
  });

  it('joins the lines of one quote', () => {
    expect(parseMrkdwn('&gt; one\n> two\nthree')).toEqual([
      { type: 'quote', lines: [[text('one')], [text('two')]] },
      { type: 'lines', lines: [[text('three')]] },
    ]);
  });

  it('never throws and never makes an unsafe link, whatever comes in', () => {
    const hostile = fc.string({
      unit: fc.constantFrom(
        '*',
        '_',
        '~',
        '`',
        '<',
        '>',
        '!',
        '@',
        '|',
        '^',
        ':',
        'a',
        ' ',
        '\n',
        'javascript:',
        '&lt;',
      ),
    });
    fc.assert(
      fc.property(hostile, (source) => {
        const links = JSON.stringify(parseMrkdwn(source)).match(/"url":"javascript/g);

        expect(links).toBeNull();
      }),
    );
  });
});
