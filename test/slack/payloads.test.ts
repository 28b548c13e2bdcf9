import type { WebClient } from '@slack/web-api';
import { describe, expect, it } from 'vitest';
import { homeTeamsOf, teamsOfOrganisation } from '../../src/slack/home-teams.ts';
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
  const T01 = { type: 'team', team: 'T01' } as const;
  const ORG = { type: 'organisation', teams: ['E01', 'T01', 'T02'] } as const;

  it.each([
    { team: 'T01', home: T01, want: { external: false } },
    { team: 'T02', home: T01, want: { external: true } },
    { team: undefined, home: T01, want: { external: false } },
    { team: 'T01', home: undefined, want: { external: false } },
    { team: 'T02', home: ORG, want: { external: false } },
    { team: 'E01', home: ORG, want: { external: false } },
    { team: 'T99', home: ORG, want: { external: false, unverified: true } },
    { team: undefined, home: ORG, want: { external: false, unverified: true } },
  ])('from $team at $home', ({ team, home, want }) => {
    const { user: _, team: __, ...found } = actorOf('U01DANA', team, home);

    expect(found).toEqual(want);
  });
});

describe('home of the bot', () => {
  it.each([
    { when: 'in one team', context: { teamId: 'T01' }, want: { type: 'team', team: 'T01' } },
    {
      when: 'in an organisation, where Bolt puts in the team of whoever clicks',
      context: { teamId: 'T99', homeTeams: ['E01', 'T01'] },
      want: { type: 'organisation', teams: ['E01', 'T01'] },
    },
    { when: 'nowhere known', context: {}, want: undefined },
  ])('$when', ({ context, want }) => expect(homeTeamsOf(context)).toEqual(want));

  it('is every team that the organisation has approved the app for, page by page', async () => {
    const asked: unknown[] = [];
    const list = async (request: { readonly cursor?: string }) => {
      asked.push(request.cursor);
      return request.cursor === undefined
        ? { ok: true, teams: [{ id: 'T01' }], response_metadata: { next_cursor: 'more' } }
        : { ok: true, teams: [{ id: 'T02' }], response_metadata: { next_cursor: '' } };
    };
    // One method is all that is asked of Slack here.
    const client = { auth: { teams: { list } } } as unknown as WebClient;

    expect(await teamsOfOrganisation(client, 'xoxb', 'E01')).toEqual(['E01', 'T01', 'T02']);
    expect(asked).toEqual([undefined, 'more']);
  });
});
