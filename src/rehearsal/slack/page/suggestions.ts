import type { UiSnapshot } from '../ui-protocol.ts';

export type Suggestion = {
  /** What the composer holds after choosing it. */
  readonly insert: string;
  readonly hint: string;
};

type Commands = UiSnapshot['commands'];

const MOST = 8;

/**
 * What could follow `typed`: commands while it starts with `/`, and the same commands as mentions of the bot while
 * it starts with `@`. Nothing once a line is finished or typed in full.
 */
export function suggest(typed: string, commands: Commands, botName: string): readonly Suggestion[] {
  if (typed.includes('\n')) return [];
  const all = typed.startsWith('@') ? mentions(commands, botName) : slashes(commands);
  const wanted = typed.toLowerCase();
  if (!/^[/@]/.test(typed)) return [];
  return all
    .filter(({ insert }) => insert.toLowerCase().startsWith(wanted) && insert.trim() !== typed.trim())
    .slice(0, MOST);
}

function slashes(commands: Commands): readonly Suggestion[] {
  return commands.flatMap(({ command, usageHint, examples }) => [
    { insert: `${command} `, hint: usageHint },
    ...examples.map((example) => ({ insert: `${command} ${withoutCommand(example, command)}`, hint: '' })),
  ]);
}

function mentions(commands: Commands, botName: string): readonly Suggestion[] {
  if (botName === '') return [];
  return commands.flatMap(({ command, usageHint, examples }) => [
    { insert: `@${botName} `, hint: usageHint },
    ...examples.map((example) => ({ insert: `@${botName} ${withoutCommand(example, command)}`, hint: '' })),
  ]);
}

/** Examples may be written with or without the command's own name. */
function withoutCommand(example: string, command: string): string {
  return example.startsWith(`${command} `) ? example.slice(command.length + 1) : example;
}

export type Outgoing =
  | { readonly type: 'command'; readonly command: string; readonly text: string }
  | { readonly type: 'message'; readonly text: string };

/** What Enter sends: a slash command, or a message with `@name` turned into `<@ID>` and the rest escaped. */
export function toOutgoing(typed: string, users: UiSnapshot['users']): Outgoing {
  const text = typed.trim();
  const command = /^(\/[\w-]+)(?:\s+([\s\S]*))?$/.exec(text);
  if (command) return { type: 'command', command: command[1] ?? '', text: command[2] ?? '' };
  return { type: 'message', text: withMentions(escapeText(text), users) };
}

function withMentions(text: string, users: UiSnapshot['users']): string {
  return text.replace(/(?<![\w@])@([\w.-]*\w)/g, (whole, name: string) => {
    const user = users.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
    return user ? `<@${user.id}>` : whole;
  });
}

/** Slack's client escapes these three in everything a person types. */
function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
