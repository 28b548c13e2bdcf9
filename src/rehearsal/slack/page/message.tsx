import { useState } from 'react';
import type { UiMessage } from '../ui-protocol.ts';
import { Avatar } from './avatar.tsx';
import { Blocks } from './blocks.tsx';
import type { FormValues } from './element-values.ts';
import { Files } from './files.tsx';
import { formatRoute } from './route.ts';
import { clockTime, since } from './slack-date.ts';
import { SurfaceProvider } from './surface.tsx';
import { Mrkdwn } from './text.tsx';
import { useWorkspace } from './workspace-context.tsx';

type Props = {
  readonly message: UiMessage;
  /** In the channel a message offers its thread; inside the thread it does not. */
  readonly inThread: boolean;
  readonly isTarget: boolean;
  /** Same author as just before: no second name and picture. */
  readonly continues: boolean;
};

export function MessageView({ message, inThread, isTarget, continues }: Props) {
  const { user, now } = useWorkspace();
  const author = user(message.user);
  const at = new Date(Number(message.ts) * 1_000);
  const isEphemeral = message.ephemeralTo !== undefined;
  const time = (
    <a className="time" href={formatRoute({ type: 'thread', ...message })} title={at.toString()}>
      <time dateTime={at.toISOString()}>{clockTime(at, { now })}</time>
    </a>
  );
  return (
    <li
      className={['message', isEphemeral && 'ephemeral', isTarget && 'target', continues && 'continues']
        .filter(Boolean)
        .join(' ')}
      data-ts={message.ts}
    >
      <div className="gutter">{continues ? time : <Avatar id={message.user} user={author} />}</div>
      <div className="content">
        {isEphemeral && <p className="only-you">Only visible to you</p>}
        {!continues && (
          <div className="byline">
            <b>{author?.realName || author?.name || message.user}</b>
            {author?.isBot && <span className="badge">APP</span>}
            {time}
          </div>
        )}
        <MessageBody message={message} />
        {!inThread && !isEphemeral && <ThreadLink message={message} />}
      </div>
    </li>
  );
}

/** Blocks where there are any, else the text: with blocks the text is only for notifications, as in Slack. */
function MessageBody({ message }: { readonly message: UiMessage }) {
  const [values, setValues] = useState<FormValues>({});
  const edited = message.editedAt !== undefined && <span className="edited">(edited)</span>;
  return (
    <SurfaceProvider
      place={{ channel: message.channel, messageTs: message.ts }}
      blocks={message.blocks}
      values={values}
      onValues={setValues}
    >
      {message.blocks.length > 0 ? <Blocks blocks={message.blocks} /> : <Mrkdwn text={message.text} />}
      {edited}
      <Files files={message.files} />
    </SurfaceProvider>
  );
}

function ThreadLink({ message }: { readonly message: UiMessage }) {
  const { snapshot, now } = useWorkspace();
  const href = formatRoute({ type: 'thread', channel: message.channel, ts: message.ts });
  const replies = snapshot.messages.filter(
    ({ channel, threadTs, ts, ephemeralTo }) =>
      channel === message.channel && threadTs === message.ts && ts !== message.ts && ephemeralTo === undefined,
  );
  const count = Math.max(message.replyCount, replies.length);
  const last = replies.at(-1);
  if (count === 0) {
    return (
      <a className="reply-link" href={href}>
        Reply in thread
      </a>
    );
  }
  return (
    <a className="thread-link" href={href}>
      <b>{count === 1 ? '1 reply' : `${count} replies`}</b>
      {last && <span className="quiet">Last reply {since(new Date(Number(last.ts) * 1_000), { now })}</span>}
    </a>
  );
}
