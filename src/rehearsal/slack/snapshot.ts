import { toUiMessage } from './ui-hub.ts';
import type { UiSnapshot, UiSwitchboard } from './ui-protocol.ts';
import type { World } from './world.ts';

/** Over HTTP there are no connections: a request URL that was given counts as one. */
export function connectionsOf({ installation, sockets }: World): number {
  if (installation.mode === 'socket') return sockets.count;
  return installation.requestUrl === undefined ? 0 : 1;
}

/** Everything the page shows, in one piece. */
export function toSnapshot(world: World, switchboards: readonly UiSwitchboard[]): UiSnapshot {
  const { workspace } = world;
  const { stacks, homes } = world.views.all();
  return {
    type: 'snapshot',
    workspace: workspace.name,
    banner: world.banner,
    users: workspace.people.map(({ id, name, realName, isBot }) => ({ id, name, realName, isBot })),
    channels: [...workspace.channels.values()].map((channel) => ({
      id: channel.id,
      name: channel.name,
      isPrivate: channel.kind !== 'public',
      members: [...channel.members],
    })),
    messages: world.messages.all().map(toUiMessage),
    views: Object.fromEntries(stacks),
    homes: Object.fromEntries(homes),
    commands: workspace.commands.map(({ command, usageHint, examples }) => ({ command, usageHint, examples })),
    switchboards,
    sockets: connectionsOf(world),
  };
}
