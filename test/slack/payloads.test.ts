import { describe, expect, it } from 'vitest';
import { actorOf, typedText } from '../../src/slack/payloads.ts';

describe('typedText', () => {
  it.each([
    { text: 'status prod', want: 'status prod' },
    { text: ' <@U0BOT> status', want: 'status' },
    { text: '<@U0BOT|cilium> status', want: 'status' },
    { text: 'status <@U0BOT> prod', want: 'status   prod' },
    { text: '<@U0DANA> status', want: '<@U0DANA> status' },
    { text: 'status &lt;prod&gt; &amp;amp;', want: 'status <prod> &amp;' },
    { text: 'status <http://prod.example|prod.example>', want: 'status prod.example' },
    { text: 'status <https://prod.example/x>', want: 'status https://prod.example/x' },
    { text: 'status <mailto:a@b.c|a@b.c>', want: 'status a@b.c' },
  ])('of $text', ({ text, want }) => expect(typedText(text, 'U0BOT')).toBe(want));
});

describe('actorOf', () => {
  it.each([
    { team: 'T01', home: 'T01', external: false },
    { team: 'T02', home: 'T01', external: true },
    { team: undefined, home: 'T01', external: false },
    { team: 'T01', home: undefined, external: false },
  ])('from $team at $home', ({ team, home, external }) => {
    expect(actorOf('U01DANA', team, home)).toMatchObject({ user: 'U01DANA', external });
  });
});
