import { ageWords, checkOf, graded, medianWords } from '../core/doctoring.ts';
import type { ChannelId } from '../core/ids.ts';
import type { Check, Verdict } from '../core/run/check.ts';
import { scopeChecks, WHERE_SCOPES } from './doctor-scopes.ts';
import type { ChannelSigns, Said, SlackSigns } from './doctor-signs.ts';
import type { Heard } from './heard.ts';

/** How Slack reaches the bot, as far as this process can tell. */
export type Reach =
  | { readonly type: 'socket'; readonly connected: boolean }
  | { readonly type: 'http'; readonly listening: boolean }
  /** Asked from a terminal, beside the bot: only the token can be tried. */
  | { readonly type: 'app-token'; readonly taken: Said<unknown> }
  | { readonly type: 'signing-secret' };

export type SlackCase = {
  readonly signs: SlackSigns;
  readonly reach: Reach;
  /** Absent: a terminal, to which Slack says nothing. */
  readonly heard?: Heard;
  readonly usesGroups: boolean;
  readonly now: Date;
};

export function judgeSlack(asked: SlackCase): readonly Check[] {
  const { signs, reach, heard, usesGroups, now } = asked;
  const around = [tokenCheck(signs), reachCheck(reach, heard, now), ...heardCheck(heard, now)];
  if (!signs.identity.ok) return around;
  return [
    ...around,
    ...scopeChecks(signs.scopes, usesGroups),
    ...clockCheck(signs, reach),
    uploadCheck(signs.upload),
    ...channelChecks(signs.channels),
  ];
}

const COPY_TOKEN =
  'copy the Bot User OAuth Token (xoxb-…) from api.slack.com/apps > your app > OAuth & Permissions into SLACK_BOT_TOKEN';
const TOKEN_FIXES: Readonly<Record<string, string>> = {
  invalid_auth: COPY_TOKEN,
  not_authed: COPY_TOKEN,
  not_allowed_token_type: `that is a token of another kind: ${COPY_TOKEN}`,
  token_revoked: `the app was removed or the token revoked: install the app again, then ${COPY_TOKEN}`,
  token_expired: `turn token rotation off for this app, then ${COPY_TOKEN}`,
  account_inactive: `the app was uninstalled or its owner left: install it again, then ${COPY_TOKEN}`,
  ratelimited: 'Slack asks to wait: look again in a minute',
};

function tokenCheck({ identity, tookMs }: SlackSigns): Check {
  const why = 'without a valid bot token nothing can be said in Slack';
  if (identity.ok) {
    const { bot, team } = identity.said;
    const evidence = `@${bot} in ${team}, answered in ${medianWords([tookMs])}`;
    return checkOf('slack-token', 'Bot token', { verdict: 'pass', evidence, why });
  }
  if (identity.error === undefined)
    return checkOf('slack-token', 'Bot token', {
      verdict: 'fail',
      evidence: 'Slack did not answer auth.test in time',
      why,
      fix: 'allow HTTPS to slack.com (443) from the bot; see status.slack.com',
    });
  return checkOf('slack-token', 'Bot token', {
    verdict: identity.error === 'ratelimited' ? 'unknown' : 'fail',
    evidence: `Slack refused it: ${identity.error}`,
    why,
    fix: TOKEN_FIXES[identity.error] ?? COPY_TOKEN,
  });
}

const APP_TOKEN = 'api.slack.com/apps > your app > Basic Information > App-Level Tokens';

function reachCheck(reach: Reach, heard: Heard | undefined, now: Date): Check {
  const why = 'commands, mentions and buttons come in this way';
  const socket = (verdict: Verdict, evidence: string, fix = ''): Check =>
    checkOf('slack-socket', 'Socket Mode', { verdict, evidence, why, fix });
  switch (reach.type) {
    case 'socket':
      if (reach.connected) return socket('pass', 'connected');
      return socket(
        'fail',
        'not connected: Slack cannot reach this bot',
        `${APP_TOKEN}: the token needs connections:write; Socket Mode must be on; allow wss:// to *.slack.com (443)`,
      );
    case 'app-token':
      if (reach.taken.ok) return socket('pass', 'Slack takes the app-level token');
      return socket(
        'fail',
        `Slack refused the app-level token: ${reach.taken.error ?? 'no answer'}`,
        `${APP_TOKEN}: make one with connections:write and set SLACK_APP_TOKEN (xapp-…); turn Socket Mode on`,
      );
    case 'http':
    case 'signing-secret':
      return signatureCheck(reach, heard, now);
    default:
      throw new Error(`unhandled ${JSON.stringify(reach satisfies never)}`);
  }
}

function signatureCheck(
  reach: Extract<Reach, { type: 'http' | 'signing-secret' }>,
  heard: Heard | undefined,
  now: Date,
): Check {
  const why = 'Slack signs each request with the signing secret; what does not match is refused';
  const last = heard?.last();
  if (reach.type === 'http' && !reach.listening)
    return checkOf('slack-signature', 'Signed requests', {
      verdict: 'fail',
      evidence: 'the port for Slack is not open',
      why,
      fix: 'look into the log of the bot: SLACK_PORT may be taken',
    });
  if (last !== undefined)
    return checkOf('slack-signature', 'Signed requests', {
      verdict: 'pass',
      evidence: `the last one was right, ${ago(last, now)}`,
      why,
    });
  return checkOf('slack-signature', 'Signed requests', {
    verdict: 'unknown',
    evidence: reach.type === 'http' ? 'none came yet' : 'only a request from Slack can prove the secret',
    why,
    fix: 'type /cilium help in Slack; if that fails, compare SLACK_SIGNING_SECRET with Basic Information > App Credentials, and the three Request URLs with https://<host>/slack/events',
  });
}

/** Interactivity and events cannot be asked for: whether they ever came in is all there is to see. */
function heardCheck(heard: Heard | undefined, now: Date): readonly Check[] {
  if (heard === undefined) return [];
  const told = (['command', 'button', 'mention'] as const).map((kind) => {
    const at = heard.at(kind);
    return at === undefined ? `no ${kind} yet` : `last ${kind} ${ago(at, now)}`;
  });
  return [
    checkOf('slack-heard', 'Heard from Slack', {
      verdict: 'pass',
      evidence: `${told.join(', ')}; this bot started ${ago(heard.since, now)}`,
      why: 'dead buttons mean Interactivity & Shortcuts is off, dead mentions that the event app_mention is missing',
    }),
  ];
}

const SKEW_S = { warn: 5, fail: 60 };

function clockCheck({ clock }: SlackSigns, { type }: Reach): readonly Check[] {
  if (clock === undefined) return [];
  // The header counts whole seconds.
  const offS = Math.max(0, Math.abs(clock.ours.getTime() - clock.theirs.getTime()) / 1_000 - 1);
  const verdict = graded(offS, SKEW_S);
  const signed = type === 'http' || type === 'signing-secret';
  return [
    checkOf('slack-clock', 'Clock against Slack', {
      verdict: verdict === 'fail' && !signed ? 'warn' : verdict,
      evidence: offS < 1 ? 'within a second' : `${Math.round(offS)} s apart`,
      why: signed
        ? 'requests older than 5 min or more than 1 min ahead are refused as replays'
        : 'approval windows and expiry are judged by this clock',
      ...(verdict === 'pass' ? {} : { fix: 'synchronise the clock of the bot’s node (chrony or systemd-timesyncd)' }),
    }),
  ];
}

function uploadCheck(upload: Said<unknown>): Check {
  const why = 'diffs, raw results and charts are files in the thread; without them the thread has tables only';
  if (upload.ok) return checkOf('slack-uploads', 'File uploads', { verdict: 'pass', evidence: 'allowed', why });
  const { error } = upload;
  const fixes: Readonly<Record<string, string>> = {
    missing_scope: `${WHERE_SCOPES}: add files:write, then reinstall the app`,
    file_uploads_disabled: 'ask a workspace admin: Settings & Permissions > Permissions > File Uploads',
  };
  const known = error === undefined ? undefined : fixes[error];
  return checkOf('slack-uploads', 'File uploads', {
    verdict: known === undefined ? 'unknown' : 'warn',
    evidence: `Slack said ${error ?? 'nothing'}`,
    why,
    fix: known ?? 'look again in a minute',
  });
}

function channelChecks(channels: SlackSigns['channels']): readonly Check[] {
  return [...channels].map(([channel, answer]) => channelCheck(channel, answer));
}

function channelCheck(channel: ChannelId, answer: Said<ChannelSigns>): Check {
  const why = 'chatops.yaml names this channel; the bot writes only where it was invited';
  const say = (title: string, verdict: Verdict, evidence: string, fix = ''): Check =>
    checkOf(`slack-channel-${channel.toLowerCase()}`, title, { verdict, evidence, why, fix });
  if (answer.ok) {
    const { name, isMember, isArchived } = answer.said;
    if (isArchived) return say(`Channel #${name}`, 'fail', 'it is archived', 'name another channel in chatops.yaml');
    if (isMember) return say(`Channel #${name}`, 'pass', `a member of ${channel}`);
    return say(`Channel #${name}`, 'fail', `not a member of ${channel}`, `/invite @cilium in #${name}`);
  }
  if (answer.error === 'missing_scope')
    return say(
      `Channel ${channel}`,
      'unknown',
      'the token may not look into channels',
      `optional, ${WHERE_SCOPES}: add channels:read and groups:read, then reinstall; or /invite @cilium there to be sure`,
    );
  if (answer.error === 'channel_not_found')
    return say(
      `Channel ${channel}`,
      'fail',
      'Slack does not show it to the bot: a private channel without it, or not an id of this workspace',
      `/invite @cilium there, or correct ${channel} in chatops.yaml`,
    );
  return say(`Channel ${channel}`, 'unknown', `Slack said ${answer.error ?? 'nothing'}`, 'look again in a minute');
}

function ago(at: Date, now: Date): string {
  return `${ageWords(now.getTime() - at.getTime())} ago`;
}
