import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { METHODS } from '../../src/rehearsal/slack/api/registry.ts';
import { installationOf } from '../../src/rehearsal/slack/manifest.ts';

const PATH = 'deploy/slack/manifest.yaml';
const text = readFileSync(PATH, 'utf8');

/** Field names and limits of "App manifest reference" (docs.slack.dev) as far as this app has use for them. */
const Url = z.url({ protocol: /^https$/ });
const Manifest = z.strictObject({
  _metadata: z.strictObject({ major_version: z.literal(1) }),
  display_information: z.strictObject({
    name: z.string().max(35),
    description: z.string().max(140),
    background_color: z.string().regex(/^#[0-9a-f]{6}$/),
  }),
  features: z.strictObject({
    app_home: z.strictObject({
      home_tab_enabled: z.boolean(),
      messages_tab_enabled: z.boolean(),
      messages_tab_read_only_enabled: z.boolean(),
    }),
    bot_user: z.strictObject({ display_name: z.string().regex(/^[a-z0-9_.-]{1,80}$/), always_online: z.boolean() }),
    slash_commands: z.array(
      z.strictObject({
        command: z.string().regex(/^\/[a-z0-9_-]{1,31}$/),
        description: z.string().max(2_000),
        usage_hint: z.string().max(1_000),
        should_escape: z.boolean(),
        url: Url.optional(),
      }),
    ),
  }),
  oauth_config: z.strictObject({
    scopes: z.strictObject({ bot: z.array(z.string()), bot_optional: z.array(z.string()) }),
  }),
  settings: z.strictObject({
    socket_mode_enabled: z.boolean(),
    org_deploy_enabled: z.boolean(),
    token_rotation_enabled: z.boolean(),
    interactivity: z.strictObject({
      is_enabled: z.boolean(),
      request_url: Url.optional(),
      message_menu_options_url: Url.optional(),
    }),
    event_subscriptions: z.strictObject({ bot_events: z.array(z.string()), request_url: Url.optional() }),
  }),
});
const manifest = Manifest.parse(parse(text));
const { bot, bot_optional: optional } = manifest.oauth_config.scopes;

/** What the only room with a Slack client says to Slack. */
const code = readdirSync('src/slack', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(`src/slack/${file}`, 'utf8'))
  .join('\n');

const FAMILIES = 'auth|bots|chat|conversations|files|pins|reactions|team|usergroups|users|views';

function calledMethods(): readonly string[] {
  const called = [...code.matchAll(new RegExp(`\\.((?:${FAMILIES})(?:\\.[a-zA-Z]+)+)\\(`, 'g'))].map(
    ([, name]) => name,
  );
  const uploads = code.includes('.filesUploadV2(')
    ? ['files.getUploadURLExternal', 'files.completeUploadExternal']
    : [];
  return [...new Set([...called.flatMap((name) => name ?? []), ...uploads])];
}

/** Scopes that no method names. */
const BESIDE_METHODS: Readonly<Record<string, RegExp>> = {
  commands: /app\.command\(/,
  'app_mentions:read': /app\.event\('app_mention'/,
  // A user id in place of a channel: the conversation is opened on the way.
  'im:write': /chat\.postMessage\(\{ channel: user/,
};

function scopesFor(method: string): readonly string[] {
  const scope = METHODS[method]?.scope;
  return scope === null || scope === undefined ? [] : [scope].flat();
}

describe('the manifest of the Slack app', () => {
  it('is for Socket Mode', () => {
    const { settings, features } = manifest;

    expect(settings.socket_mode_enabled).toBe(true);
    expect([settings.interactivity.request_url, features.slash_commands[0]?.url]).toEqual([undefined, undefined]);
  });

  it('becomes the HTTP variant by the lines that say so', () => {
    const http = text
      .replace(/^( *)# HTTP: /gm, '$1')
      .replace('socket_mode_enabled: true # HTTP: false', 'socket_mode_enabled: false');
    const { settings, features } = Manifest.parse(parse(http));

    expect(settings.socket_mode_enabled).toBe(false);
    const urls = [
      settings.interactivity.request_url,
      settings.event_subscriptions.request_url,
      ...features.slash_commands.map(({ url }) => url),
    ];
    expect(new Set(urls)).toEqual(new Set(['https://chatops.example.com/slack/events']));
  });

  it('grants what every called method needs', () => {
    const methods = calledMethods();
    expect(methods).toEqual(expect.arrayContaining(['chat.postMessage', 'usergroups.users.list', 'views.open']));
    expect(methods.filter((method) => METHODS[method] === undefined)).toEqual([]);

    const lacking = methods.filter((method) => {
      const scopes = scopesFor(method);
      return scopes.length > 0 && !scopes.some((scope) => [...bot, ...optional].includes(scope));
    });
    expect(lacking).toEqual([]);
  });

  it('asks for nothing that no code uses', () => {
    const byMethods = new Set(calledMethods().flatMap(scopesFor));
    const isUsed = (scope: string): boolean => byMethods.has(scope) || (BESIDE_METHODS[scope]?.test(code) ?? false);

    expect([...bot, ...optional].filter((scope) => !isUsed(scope))).toEqual([]);
  });

  it('subscribes to the events that are listened for', () => {
    const events = [...code.matchAll(/app\.event\('(\w+)'/g)].map(([, name]) => name);

    expect([...manifest.settings.event_subscriptions.bot_events].sort()).toEqual(events.sort());
  });

  it('is what the rehearsal installs', () => {
    expect(installationOf(PATH)).toMatchObject({
      scopes: [...bot, ...optional],
      mode: 'socket',
      commands: [{ command: '/cilium', shouldEscape: true }],
    });
  });

  it('says of every scope what it is for', () => {
    const lines = text.split('\n').filter((line) => /^ +- [a-z_]+(:[a-z]+)?( |$)/.test(line));

    expect(lines.length).toBeGreaterThanOrEqual(bot.length + optional.length);
    expect(lines.filter((line) => !/ # .{8,}/.test(line))).toEqual([]);
  });
});
