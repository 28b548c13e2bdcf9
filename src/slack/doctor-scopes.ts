import { checkOf } from '../core/doctoring.ts';
import type { Check } from '../core/run/check.ts';

type Scope = { readonly scope: string; readonly without: string };

/** What every installation needs. Methods and events behind them: deploy/slack/manifest.yaml. */
const NEEDED: readonly Scope[] = [
  { scope: 'commands', without: 'the slash command does not reach the bot' },
  { scope: 'chat:write', without: 'no run is ever shown' },
  { scope: 'app_mentions:read', without: 'nobody can ask in a thread' },
  { scope: 'files:write', without: 'diffs, raw results and charts are missing' },
  { scope: 'im:write', without: 'nobody is told the outcome in person' },
];
const FOR_GROUPS: Scope = { scope: 'usergroups:read', without: 'votes of the groups in chatops.yaml are not counted' };
/** Only doctor itself asks for them. */
const OPTIONAL: readonly Scope[] = [
  { scope: 'channels:read', without: 'doctor cannot look into public channels' },
  { scope: 'groups:read', without: 'doctor cannot look into private channels' },
];
/** Read what people write to each other: no code here uses them. */
const TOO_MUCH = /^(channels|groups|im|mpim):history$|^search:|^admin/;

export const WHERE_SCOPES = 'api.slack.com/apps > your app > OAuth & Permissions > Bot Token Scopes';

/** `granted`: the `x-oauth-scopes` of any answer to the bot token. */
export function scopeChecks(granted: readonly string[] | undefined, usesGroups: boolean): readonly Check[] {
  const why = 'Slack refuses each call whose scope the token does not have';
  if (granted === undefined)
    return [
      checkOf('slack-scopes', 'Scopes', {
        verdict: 'unknown',
        evidence: 'Slack did not say which scopes the token has',
        why,
        fix: `compare ${WHERE_SCOPES} with deploy/slack/manifest.yaml`,
      }),
    ];
  const needed = usesGroups ? [...NEEDED, FOR_GROUPS] : NEEDED;
  const optional = usesGroups ? OPTIONAL : [...OPTIONAL, FOR_GROUPS];
  return [
    scopeCheck({ id: 'slack-scopes', title: 'Scopes', wanted: needed, verdict: 'fail', why }, granted),
    scopeCheck(
      {
        id: 'slack-scopes-optional',
        title: 'Optional scopes',
        wanted: optional,
        verdict: 'warn',
        why: 'optional: nothing but what is named stops without them',
      },
      granted,
    ),
    ...tooMuch(granted),
  ];
}

type Asked = {
  readonly id: string;
  readonly title: string;
  readonly wanted: readonly Scope[];
  readonly verdict: 'fail' | 'warn';
  readonly why: string;
};

function scopeCheck({ id, title, wanted, verdict, why }: Asked, granted: readonly string[]): Check {
  const missing = wanted.filter(({ scope }) => !granted.includes(scope));
  if (missing.length === 0)
    return checkOf(id, title, { verdict: 'pass', evidence: wanted.map(({ scope }) => scope).join(', '), why });
  const names = missing.map(({ scope }) => scope).join(', ');
  return checkOf(id, title, {
    verdict,
    evidence: `missing: ${missing.map(({ scope, without }) => `${scope} (${without})`).join('; ')}`,
    why,
    fix: `${WHERE_SCOPES}: add ${names}, then "Reinstall to Workspace" on the same page`,
  });
}

function tooMuch(granted: readonly string[]): readonly Check[] {
  const strange = granted.filter((scope) => TOO_MUCH.test(scope));
  if (strange.length === 0) return [];
  return [
    checkOf('slack-scopes-too-much', 'Scopes beyond need', {
      verdict: 'warn',
      evidence: strange.join(', '),
      why: 'whoever steals this token may read what people write; this bot has no use for it',
      fix: `${WHERE_SCOPES}: remove ${strange.join(', ')}, then reinstall the app`,
    }),
  ];
}
