import { refuse } from '../api/method.ts';
import type { Json } from '../json.ts';
import type { Channel, Person, SlashCommand } from '../workspace.ts';
import type { World } from '../world.ts';
import { postAcknowledgement, tellAsSlackbot } from './answer.ts';
import { failureOf } from './outcome.ts';
import { actor, channelName, channelOf } from './payload.ts';

export type CommandAct = {
  readonly channel: string;
  readonly user: string;
  readonly command: string;
  readonly text: string;
  readonly threadTs?: string;
};

/** With escaping switched on, Slack turns the names of people and channels into their ids. */
function escapeReferences(world: World, text: string): string {
  const people = world.workspace.people;
  const channels = [...world.workspace.channels.values()];
  return text
    .replace(/(^|\s)@([a-z0-9._-]+)/g, (whole, before: string, name: string) => {
      const person = people.find((candidate) => candidate.name === name);
      return person ? `${before}<@${person.id}|${person.name}>` : whole;
    })
    .replace(/(^|\s)#([a-z0-9._-]+)/g, (whole, before: string, name: string) => {
      const channel = channels.find((candidate) => candidate.name === name && candidate.kind !== 'im');
      return channel ? `${before}<#${channel.id}|${channel.name}>` : whole;
    });
}

function commandPayload(
  world: World,
  act: CommandAct,
  parts: { person: Person; channel: Channel; known: SlashCommand },
): Json {
  const { workspace } = world;
  const { person, channel, known } = parts;
  const grant = { user: person.id, channel: channel.id };
  return {
    token: workspace.tokens.verification,
    team_id: workspace.teamId,
    team_domain: workspace.domain,
    channel_id: channel.id,
    channel_name: channelName(channel),
    user_id: person.id,
    user_name: person.name,
    command: act.command,
    text: known.shouldEscape ? escapeReferences(world, act.text) : act.text,
    api_app_id: workspace.app.appId,
    is_enterprise_install: 'false',
    response_url: `${world.origin.url}${world.grants.newResponsePath('commands', grant)}`,
    trigger_id: world.grants.newTrigger(person.id),
  };
}

/**
 * Somebody sends a slash command. Waits for the acknowledgement, at most the three seconds Slack waits.
 * @throws Refusal user_not_found, channel_not_found, not_supported_in_threads, unknown_command
 */
export async function runCommand(world: World, act: CommandAct): Promise<Json> {
  const person = actor(world, act.user);
  const channel = channelOf(world, act.channel);
  const place = { channel: channel.id, user: person.id, ...(act.threadTs ? { threadTs: act.threadTs } : {}) };
  if (act.threadTs) {
    const message = `${act.command} is not supported in threads. Sorry!`;
    tellAsSlackbot(world, place, message);
    refuse('not_supported_in_threads', { message });
  }
  const known = world.workspace.commands.find((candidate) => candidate.command === act.command);
  // Slack Connect: commands exist only for people of the team that installed the app.
  if (!known || person.teamId !== world.workspace.teamId) {
    const message = `${act.command} is not a valid command. In Slack, all messages that start with the "/" character are interpreted as commands.`;
    tellAsSlackbot(world, place, message);
    refuse('unknown_command', { message });
  }
  const payload = commandPayload(world, act, { person, channel, known });
  const delivery = await world.courier.ask('slash_commands', payload, true);
  const body = delivery.type === 'acked' ? delivery.body : undefined;
  const failure = failureOf(delivery) ?? postAcknowledgement(world, place, body) ?? null;
  if (failure === null) return { acked: true };
  const message = `${act.command} failed with the error "${failure}"`;
  tellAsSlackbot(world, place, message);
  return { acked: delivery.type === 'acked', failure, message };
}
