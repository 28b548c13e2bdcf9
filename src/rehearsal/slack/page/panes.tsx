import { useState } from 'react';
import { Composer } from './composer.tsx';
import { EmojiText } from './emoji-text.tsx';
import { MessageList } from './message-list.tsx';
import { channelMessages, threadMessages, threadRoot } from './page-state.ts';
import { formatRoute } from './route.ts';
import { useWorkspace } from './workspace-context.tsx';

type ChannelProps = { readonly channel: string; readonly openThread: string | undefined };

export function ChannelPane({ channel, openThread }: ChannelProps) {
  const { snapshot, viewer } = useWorkspace();
  const [sent, setSent] = useState(0);
  const known = snapshot.channels.find(({ id }) => id === channel);
  const name = known ? channelTitle(known.name, known.isPrivate) : channel;
  return (
    <main className="pane channel-pane" aria-label={`Channel ${known?.name ?? channel}`}>
      <header className="pane-head">
        <a className="back" href={formatRoute({ type: 'list' })} aria-label="Back to the channels">
          ‹
        </a>
        <h2>
          <EmojiText text={name} />
        </h2>
        {known && <span className="quiet">{memberCount(known.members.length)}</span>}
      </header>
      <MessageList
        key={`${channel} ${viewer}`}
        label={`Messages in ${known?.name ?? channel}`}
        messages={channelMessages(snapshot, channel, viewer)}
        inThread={false}
        target={openThread}
        sent={sent}
      />
      <Composer
        key={`composer ${channel}`}
        channel={channel}
        placeholder={`Message #${known?.name ?? channel}`}
        onSend={() => setSent((times) => times + 1)}
      />
    </main>
  );
}

export function ThreadPane({ channel, ts }: { readonly channel: string; readonly ts: string }) {
  const { snapshot, viewer, channelName } = useWorkspace();
  const [sent, setSent] = useState(0);
  const root = threadRoot(snapshot, { channel, ts });
  const messages = threadMessages(snapshot, { channel, ts }, viewer);
  const close = formatRoute({ type: 'channel', channel });
  return (
    <aside className="pane thread-pane" aria-label="Thread">
      <header className="pane-head">
        <a className="back" href={close} aria-label="Back to the channel">
          ‹
        </a>
        <h2>Thread</h2>
        <span className="quiet">#{channelName(channel)}</span>
        <a className="close wide-only" href={close} aria-label="Close the thread">
          ✕
        </a>
      </header>
      <MessageList
        key={`${channel} ${root} ${viewer}`}
        label="Thread"
        messages={messages}
        inThread
        target={ts === root ? undefined : ts}
        sent={sent}
      />
      <Composer
        key={`composer ${root}`}
        channel={channel}
        threadTs={root}
        placeholder="Reply…"
        onSend={() => setSent((times) => times + 1)}
      />
    </aside>
  );
}

function channelTitle(name: string, isPrivate: boolean): string {
  return isPrivate ? `🔒 ${name}` : `#${name}`;
}

function memberCount(count: number): string {
  return count === 1 ? '1 member' : `${count} members`;
}
