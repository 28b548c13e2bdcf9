import { createContext, type ReactNode, useContext, useMemo } from 'react';
import type { UiSnapshot, UiUser } from '../ui-protocol.ts';

export type Workspace = {
  readonly snapshot: UiSnapshot;
  /** The person this window acts as. */
  readonly viewer: string;
  readonly now: Date;
  readonly userName: (id: string) => string;
  readonly channelName: (id: string) => string;
  readonly user: (id: string) => UiUser | undefined;
  /** The app under rehearsal. */
  readonly bot: UiUser | undefined;
};

/** Slackbot is a bot of Slack's own: it speaks for Slack, and nobody sends it commands. */
const SLACKBOT_ID = 'USLACKBOT';

const Context = createContext<Workspace | undefined>(undefined);

type Props = {
  readonly snapshot: UiSnapshot;
  readonly viewer: string;
  readonly now: Date;
  readonly children: ReactNode;
};

export function WorkspaceProvider({ snapshot, viewer, now, children }: Props) {
  const { users, channels } = snapshot;
  const names = useMemo(() => {
    const byId = new Map(users.map((user) => [user.id, user]));
    const channelById = new Map(channels.map((channel) => [channel.id, channel.name]));
    return {
      bot: users.find(({ id, isBot }) => isBot && id !== SLACKBOT_ID),
      user: (id: string) => byId.get(id),
      userName: (id: string) => byId.get(id)?.name ?? id,
      channelName: (id: string) => channelById.get(id) ?? id,
    };
  }, [users, channels]);
  const workspace = useMemo(() => ({ snapshot, viewer, now, ...names }), [snapshot, viewer, now, names]);
  return <Context value={workspace}>{children}</Context>;
}

export function useWorkspace(): Workspace {
  const workspace = useContext(Context);
  if (!workspace) throw new Error('useWorkspace needs a WorkspaceProvider above it');
  return workspace;
}
