/** Installs the app as its manifest says: the demo then grants exactly the scopes that a real workspace would. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { DEFAULT_COMMAND } from './workspace.ts';
import type { WorldOptions } from './world.ts';

const Manifest = z.object({
  features: z.object({
    slash_commands: z.array(
      z.object({ command: z.string(), usage_hint: z.string().default(''), should_escape: z.boolean().default(false) }),
    ),
  }),
  oauth_config: z.object({
    scopes: z.object({ bot: z.array(z.string()), bot_optional: z.array(z.string()).default([]) }),
  }),
  settings: z.object({
    socket_mode_enabled: z.boolean().default(false),
    event_subscriptions: z.object({ bot_events: z.array(z.string()).default([]) }),
  }),
});

/** @throws when the file is not the manifest of an app with a slash command */
export function installationOf(path: string): Required<Pick<WorldOptions, 'scopes' | 'events' | 'commands' | 'mode'>> {
  const { features, oauth_config, settings } = Manifest.parse(parse(readFileSync(path, 'utf8')));
  const { bot, bot_optional } = oauth_config.scopes;
  return {
    scopes: [...bot, ...bot_optional],
    events: settings.event_subscriptions.bot_events,
    mode: settings.socket_mode_enabled ? 'socket' : 'http',
    commands: features.slash_commands.map(({ command, usage_hint, should_escape }) => ({
      command,
      usageHint: usage_hint,
      shouldEscape: should_escape,
      examples: DEFAULT_COMMAND.examples.map((example) => example.replace(DEFAULT_COMMAND.command, command)),
    })),
  };
}
