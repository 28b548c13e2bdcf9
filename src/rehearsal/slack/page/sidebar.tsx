import type { UiChannel } from '../ui-protocol.ts';
import { Avatar } from './avatar.tsx';
import { EmojiText } from './emoji-text.tsx';
import { formatRoute, type Route } from './route.ts';
import { useWorkspace } from './workspace-context.tsx';

type Props = {
  readonly route: Route;
  readonly unread: ReadonlySet<string>;
  readonly onActAs: (user: string) => void;
};

export function Sidebar({ route, unread, onActAs }: Props) {
  const { snapshot, viewer, user, userName, bot } = useWorkspace();
  const people = snapshot.users.filter(({ isBot }) => !isBot);
  const mine = snapshot.channels.filter(({ isPrivate, members }) => !isPrivate || members.includes(viewer));
  const open = 'channel' in route ? route.channel : '';
  const title = (channel: UiChannel) =>
    isDirect(channel)
      ? channel.members
          .filter((id) => id !== viewer)
          .map(userName)
          .join(', ')
      : channel.name;
  const sections = [
    { name: 'Channels', channels: mine.filter((channel) => !isDirect(channel)) },
    { name: 'Direct messages', channels: mine.filter(isDirect) },
  ].filter(({ channels }) => channels.length > 0);
  return (
    <nav className="sidebar" aria-label="Workspace">
      <h1>{snapshot.workspace}</h1>
      <label className="act-as">
        <span>Act as</span>
        <span className="act-as-box">
          <Avatar id={viewer} user={user(viewer)} />
          <select value={viewer} onChange={(event) => onActAs(event.target.value)}>
            {people.map(({ id, name, realName }) => (
              <option key={id} value={id}>
                {realName || name}
              </option>
            ))}
          </select>
        </span>
      </label>
      {sections.map(({ name, channels }) => (
        <section key={name} aria-label={name}>
          <h2>{name}</h2>
          <ul>
            {channels.map((channel) => (
              <li key={channel.id}>
                <a
                  href={formatRoute({ type: 'channel', channel: channel.id })}
                  className={unread.has(channel.id) ? 'unread' : ''}
                  aria-current={channel.id === open ? 'page' : undefined}
                >
                  <span aria-hidden="true">
                    <EmojiText text={sigil(channel)} />
                  </span>{' '}
                  {title(channel)}
                  {unread.has(channel.id) && <span className="dot" role="img" aria-label="new messages" />}
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
      <section aria-label="Apps">
        <h2>Apps</h2>
        <ul>
          {bot && (
            <li>
              <a href={formatRoute({ type: 'home' })} aria-current={route.type === 'home' ? 'page' : undefined}>
                <span className={snapshot.sockets > 0 ? 'presence on' : 'presence'} aria-hidden="true" /> {bot.name}
                <small>{snapshot.sockets > 0 ? 'Home' : 'not connected'}</small>
              </a>
            </li>
          )}
        </ul>
      </section>
    </nav>
  );
}

function isDirect({ id }: UiChannel): boolean {
  return id.startsWith('D');
}

function sigil(channel: UiChannel): string {
  if (isDirect(channel)) return '@';
  return channel.isPrivate ? '🔒' : '#';
}
