import { Fragment } from 'react';
import type { UiMessage } from '../ui-protocol.ts';
import { MessageView } from './message.tsx';
import { dayTitle, isoDay } from './slack-date.ts';
import { useFollowNewest } from './use-follow-newest.ts';
import { useWorkspace } from './workspace-context.tsx';

type Props = {
  readonly label: string;
  readonly messages: readonly UiMessage[];
  readonly inThread: boolean;
  readonly target: string | undefined;
  /** How often the reader has sent something from below the list. */
  readonly sent: number;
};

const SAME_BREATH_SECONDS = 5 * 60;

/** Messages oldest first. It follows the newest one unless the reader has scrolled up, and comes back when they send something. */
export function MessageList({ label, messages, inThread, target, sent }: Props) {
  const { now } = useWorkspace();
  const { pane, content } = useFollowNewest({ count: messages.length, sent, target });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="scroller" ref={pane} aria-label={label} tabIndex={0}>
      <ol className="messages" ref={content}>
        {messages.map((message, index) => {
          const before = messages[index - 1];
          const newDay = !inThread && (!before || dayOf(message, now) !== dayOf(before, now));
          return (
            <Fragment key={message.ts}>
              {newDay && <li className="day">{dayTitle(new Date(Number(message.ts) * 1_000), { now })}</li>}
              {inThread && index === 1 && (
                <li className="day">{messages.length === 2 ? '1 reply' : `${messages.length - 1} replies`}</li>
              )}
              <MessageView
                message={message}
                inThread={inThread}
                isTarget={inThread && message.ts === target}
                continues={!newDay && !(inThread && index === 1) && continues(before, message)}
              />
            </Fragment>
          );
        })}
        {messages.length === 0 && <li className="empty">No messages yet. Type /cilium to see what the bot can do.</li>}
      </ol>
    </section>
  );
}

function dayOf(message: UiMessage, now: Date): string {
  return isoDay(new Date(Number(message.ts) * 1_000), { now });
}

function continues(before: UiMessage | undefined, message: UiMessage): boolean {
  if (before?.user !== message.user || before.ephemeralTo !== message.ephemeralTo) return false;
  return message.ephemeralTo === undefined && Number(message.ts) - Number(before.ts) < SAME_BREATH_SECONDS;
}
