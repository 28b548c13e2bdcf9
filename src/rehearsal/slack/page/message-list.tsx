import { Fragment, useEffect, useLayoutEffect, useRef } from 'react';
import type { UiMessage } from '../ui-protocol.ts';
import { MessageView } from './message.tsx';
import { dayTitle, isoDay } from './slack-date.ts';
import { useWorkspace } from './workspace-context.tsx';

type Props = {
  readonly label: string;
  readonly messages: readonly UiMessage[];
  readonly inThread: boolean;
  readonly target: string | undefined;
};

const NEAR_BOTTOM_PX = 120;
const SAME_BREATH_SECONDS = 5 * 60;

/** Messages oldest first. It follows the newest one unless the reader has scrolled up. */
export function MessageList({ label, messages, inThread, target }: Props) {
  const { now } = useWorkspace();
  const { pane, content } = useFollowNewest(messages.length);
  useShowTarget(pane, target, messages.length > 0);
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

/** Pictures and late bundles change the height after a message was drawn, so the height itself is watched. */
function useFollowNewest(count: number) {
  const pane = useRef<HTMLElement>(null);
  const content = useRef<HTMLOListElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    const scroller = pane.current;
    if (!scroller || !content.current) return;
    const onScroll = () => {
      follows.current = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_BOTTOM_PX;
    };
    const watcher = new ResizeObserver(() => {
      if (follows.current) scroller.scrollTop = scroller.scrollHeight;
    });
    watcher.observe(content.current);
    watcher.observe(scroller);
    scroller.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      watcher.disconnect();
      scroller.removeEventListener('scroll', onScroll);
    };
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the count is the trigger, not an input
  useLayoutEffect(() => {
    if (follows.current && pane.current) pane.current.scrollTop = pane.current.scrollHeight;
  }, [count]);
  return { pane, content };
}

function useShowTarget(pane: { readonly current: HTMLElement | null }, target: string | undefined, ready: boolean) {
  useEffect(() => {
    if (!ready || target === undefined) return;
    pane.current?.querySelector(`[data-ts="${CSS.escape(target)}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [pane, target, ready]);
}
