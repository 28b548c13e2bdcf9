import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CheckGroup } from '../../src/core/doctoring.ts';
import { ChatopsConfig } from '../../src/core/policy/chatops-config.ts';
import { type RehearsalSlack, startRehearsalSlack } from '../../src/rehearsal/slack/server.ts';
import { namedIn, policyChecks } from '../../src/slack/doctor-approvers.ts';
import { judgeSlack } from '../../src/slack/doctor-checks.ts';
import { scopeChecks } from '../../src/slack/doctor-scopes.ts';
import type { Said, SlackSigns } from '../../src/slack/doctor-signs.ts';
import { examineSlackHere } from '../../src/slack/doctor-slack.ts';
import { createEar } from '../../src/slack/heard.ts';
import { createSlackBot, type SlackBot } from '../../src/slack/slack-bot.ts';
import { aWorld } from '../app/world.ts';
import { createTestLog } from '../support/test-log.ts';

const GROUP = 'S0APPROVERS';
const config = {
  clusters: [{ name: 'prod', channels: ['C0OPS000001'] }],
  policy: { rules: [{ approve: { groups: [GROUP] }, request: { users: ['U0DANA0001'] }, approvals: 2 }] },
};

type Found = { readonly verdict: string; readonly evidence: string; readonly fix: string };

/** By id, over all groups. */
function byId(groups: readonly CheckGroup[]): Readonly<Record<string, Found>> {
  return Object.fromEntries(groups.flatMap(({ checks }) => checks.map((check) => [check.id, check] as const)));
}

function notPassed(groups: readonly CheckGroup[]): readonly string[] {
  return groups.flatMap(({ checks }) =>
    checks.filter(({ verdict }) => verdict !== 'pass').map(({ id, verdict }) => `${id} ${verdict}`),
  );
}

describe('what a bot finds out about Slack', () => {
  let slack: RehearsalSlack;
  let bot: SlackBot;
  beforeAll(async () => {
    slack = await startRehearsalSlack({ mode: 'socket', rateLimitScale: Number.POSITIVE_INFINITY });
    const { botToken, appToken } = slack.tokens;
    const transport = { type: 'socket', appToken } as const;
    bot = createSlackBot({ botToken, apiUrl: slack.apiUrl, root: '/cilium', transport }, aWorld({ config }));
    await bot.start();
  });
  afterEach(() => post('reset', {}));
  afterAll(async () => {
    await bot.stop();
    await slack.close();
  });

  async function post(path: string, body: object): Promise<void> {
    await fetch(`${slack.controlUrl}/${path}`, { method: 'POST', body: JSON.stringify(body) });
  }
  const fault = (id: string, value: string) => post('faults', { id, value });

  it('all is well: who it is, scopes, channel, group and rule', async () => {
    const groups = await bot.examine();

    expect(notPassed(groups)).toEqual([]);
    expect(groups.map(({ title }) => title)).toEqual(['Slack', 'Policy']);
    const found = byId(groups);
    expect(found['slack-token']?.evidence).toContain('@cilium in Rehearsal');
    expect(found['slack-channel-c0ops000001']?.evidence).toBe('a member of C0OPS000001');
    expect(found['policy-rule-1']?.evidence).toBe('needs 2, 2 may approve');
  });

  it('leaves nothing behind in Slack', async () => {
    await bot.examine();

    const response = await fetch(`${slack.controlUrl}/messages/C0OPS000001`);
    expect(await response.json()).toMatchObject({ messages: [] });
  });

  it.each([
    { id: 'missing-scope', value: 'chat:write', want: ['slack-scopes fail'], fix: 'add chat:write' },
    {
      id: 'missing-scope',
      value: 'files:write',
      want: ['slack-scopes fail', 'slack-uploads warn'],
      fix: 'add files:write',
    },
    {
      id: 'missing-scope',
      value: 'usergroups:read',
      want: ['slack-scopes fail', 'policy-group-s0approvers fail', 'policy-rule-1 unknown'],
      fix: 'add usergroups:read',
    },
    { id: 'uploads', value: 'disabled', want: ['slack-uploads warn'], fix: 'ask a workspace admin' },
    { id: 'membership', value: 'removed', want: ['slack-channel-c0ops000001 fail'], fix: '/invite @cilium in #ops' },
    { id: 'web-api', value: '503', want: ['slack-token fail'], fix: 'allow HTTPS to slack.com' },
    { id: 'web-api', value: 'reset', want: ['slack-token fail'], fix: 'allow HTTPS to slack.com' },
    { id: 'rate-limits', value: 'all', want: ['slack-token unknown'], fix: 'look again in a minute' },
  ])('$id $value: says so, and what to do', async ({ id, value, want, fix }) => {
    await fault(id, value);

    const groups = await bot.examine();

    expect(notPassed(groups)).toEqual(want);
    const [first = ''] = want;
    expect(byId(groups)[first.split(' ')[0] ?? '']?.fix).toContain(fix);
  });

  it('a socket that Slack dropped is not connected', async () => {
    await fault('sockets', 'drop');

    await expect.poll(async () => byId(await bot.examine())['slack-socket']?.verdict, { timeout: 20_000 }).toBe('fail');

    await post('reset', {});
    await expect.poll(() => bot.connected(), { timeout: 30_000 }).toBe(true);
  });

  it('a command that came in was heard', async () => {
    await post('command', { channel: 'C0OPS000001', user: 'U0DANA0001', command: '/cilium', text: 'help' });

    const { evidence } = byId(await bot.examine())['slack-heard'] ?? {};
    expect(evidence).toMatch(/^last command 0 s ago, no button yet/);
  });

  it('from a terminal the app-level token is tried, and a wrong one is named with the fix', async () => {
    const base = { config: ChatopsConfig.parse(config), now: () => new Date() };
    const door = { botToken: slack.tokens.botToken, apiUrl: slack.apiUrl, log: createTestLog() };
    const good = await examineSlackHere({ ...base, door }, { type: 'socket', appToken: slack.tokens.appToken });
    const bad = await examineSlackHere({ ...base, door }, { type: 'socket', appToken: 'xapp-1-wrong' });
    const wrongBot = await examineSlackHere(
      { ...base, door: { ...door, botToken: 'xoxb-wrong' } },
      { type: 'http', signingSecret: 'irrelevant' },
    );

    expect(notPassed(good)).toEqual([]);
    expect(notPassed(bad)).toEqual(['slack-socket fail']);
    expect(byId(bad)['slack-socket']?.fix).toContain('connections:write');
    expect(notPassed(wrongBot)).toEqual(['slack-token fail', 'slack-signature unknown']);
    expect(byId(wrongBot)['slack-token']?.fix).toContain('copy the Bot User OAuth Token');
  });
});

const WELL: SlackSigns = {
  identity: { ok: true, said: { bot: 'cilium', team: 'Home' } },
  scopes: ['commands', 'chat:write', 'app_mentions:read', 'files:write', 'im:write', 'channels:read', 'groups:read'],
  tookMs: 20,
  upload: { ok: true, said: {} },
  channels: new Map(),
  groups: new Map(),
};
const NOW = new Date('2026-11-23T15:20:00Z');

describe('how Slack is judged', () => {
  it.each([
    { when: 'within five seconds', offS: 5, http: true, want: 'pass' },
    { when: 'half a minute apart', offS: 30, http: true, want: 'warn' },
    { when: 'two minutes apart over HTTP, where requests are dated', offS: 120, http: true, want: 'fail' },
    { when: 'two minutes apart with a socket', offS: 120, http: false, want: 'warn' },
  ])('clocks $when', ({ offS, http, want }) => {
    const clock = { ours: NOW, theirs: new Date(NOW.getTime() - offS * 1_000) };
    const reach = http ? ({ type: 'http', listening: true } as const) : ({ type: 'socket', connected: true } as const);

    const found = byId([
      { title: '', checks: judgeSlack({ signs: { ...WELL, clock }, reach, usesGroups: false, now: NOW }) },
    ]);

    expect(found['slack-clock']?.verdict).toBe(want);
  });

  it('over HTTP only a request that came in proves the secret', () => {
    const ear = createEar(() => NOW);
    const judged = () =>
      byId([
        {
          title: '',
          checks: judgeSlack({
            signs: WELL,
            reach: { type: 'http', listening: true },
            heard: ear,
            usesGroups: false,
            now: new Date(NOW.getTime() + 10_000),
          }),
        },
      ])['slack-signature'];

    expect(judged()).toMatchObject({ verdict: 'unknown', fix: expect.stringContaining('SLACK_SIGNING_SECRET') });
    ear.hear('button');
    expect(judged()).toMatchObject({ verdict: 'pass', evidence: 'the last one was right, 10 s ago' });
  });

  it.each([
    { error: 'missing_scope', want: 'unknown', fix: 'channels:read and groups:read' },
    { error: 'channel_not_found', want: 'fail', fix: 'correct C0OPS000001' },
    { error: 'internal_error', want: 'unknown', fix: 'look again' },
  ])('a channel that answers $error', ({ error, want, fix }) => {
    const channels: SlackSigns['channels'] = new Map([[channel(), { ok: false, error }]]);
    const found = judgeSlack({
      signs: { ...WELL, channels },
      reach: { type: 'socket', connected: true },
      usesGroups: false,
      now: NOW,
    });

    expect(byId([{ title: '', checks: found }])['slack-channel-c0ops000001']).toMatchObject({
      verdict: want,
      fix: expect.stringContaining(fix),
    });
  });

  it('scopes: what reads people’s messages is too much, what only doctor uses is optional', () => {
    const granted = ['commands', 'chat:write', 'app_mentions:read', 'files:write', 'im:write', 'channels:history'];

    const found = scopeChecks(granted, false).map(({ id, verdict }) => `${id} ${verdict}`);

    expect(found).toEqual(['slack-scopes pass', 'slack-scopes-optional warn', 'slack-scopes-too-much warn']);
    expect(scopeChecks(undefined, true).map(({ verdict }) => verdict)).toEqual(['unknown']);
  });
});

function channel() {
  const [named] = ChatopsConfig.parse(config).clusters[0]?.channels ?? [];
  if (named === undefined) throw new Error('the configuration above names a channel');
  return named;
}

it('channels and groups are asked for once each, wherever chatops.yaml names them', () => {
  const schedules = ['C0OPS000001', 'C0WATCH0001'].map((each) => ({
    command: 'status prod',
    every: '15m',
    channel: each,
    name: each.toLowerCase(),
  }));

  const { channels, groups } = namedIn(ChatopsConfig.parse({ ...config, schedules }));

  expect(channels).toEqual(['C0OPS000001', 'C0WATCH0001']);
  expect(groups).toEqual([GROUP]);
});

describe('whether a rule can be satisfied', () => {
  const lee = 'U0LEE0001';
  const sam = 'U0SAM0001';
  it.each([
    {
      when: 'nobody is in the group',
      members: [],
      rule: {},
      want: ['policy-group-s0approvers fail', 'policy-rule-1 fail'],
    },
    { when: 'too few are in it', members: [lee], rule: {}, want: ['policy-rule-1 fail'] },
    { when: 'just enough, and anyone may ask', members: [lee, sam], rule: {}, want: ['policy-rule-1 warn'] },
    {
      when: 'just enough, and others ask',
      members: [lee, sam],
      rule: { request: { users: ['U0DANA0001'] } },
      want: [],
    },
    {
      when: 'just enough, and one of them may ask',
      members: [lee, sam],
      rule: { request: { users: [lee] } },
      want: ['policy-rule-1 warn'],
    },
    { when: 'just enough, and who asks counts', members: [lee, sam], rule: { selfApproval: true }, want: [] },
    {
      when: 'one more by name',
      members: [lee, sam],
      rule: { approve: { groups: [GROUP], users: ['U0KIM0001'] } },
      want: [],
    },
    {
      when: 'the same person by name and by group',
      members: [lee],
      rule: { approve: { groups: [GROUP], users: [lee] } },
      want: ['policy-rule-1 fail'],
    },
    { when: 'no approval is needed', members: [lee], rule: { approvals: 0 }, want: [] },
  ])('$when', ({ members, rule, want }) => {
    const parsed = ChatopsConfig.parse({
      ...config,
      policy: { rules: [{ approve: { groups: [GROUP] }, approvals: 2, ...rule }] },
    });
    const answer: Said<readonly string[]> = { ok: true, said: members };
    const [group] = parsed.policy.rules[0]?.approve.groups ?? [];
    if (group === undefined) throw new Error('the rule above names a group');

    const checks = policyChecks(parsed.policy, new Map([[group, answer]]));

    expect(notPassed([{ title: 'Policy', checks }])).toEqual(want);
  });

  it('a policy without a rule lets nobody change anything, and says so', () => {
    const { policy } = ChatopsConfig.parse({ clusters: [{ name: 'prod' }] });

    expect(policyChecks(policy, new Map())).toMatchObject([{ id: 'policy-rules', verdict: 'warn' }]);
  });
});
