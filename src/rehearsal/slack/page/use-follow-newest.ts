import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react';

const NEAR_BOTTOM_PX = 120;

type Following = { readonly count: number; readonly sent: number; readonly target: string | undefined };

/**
 * Keeps a list of messages at its newest one, until the reader scrolls up. Opening a thread shows its first message in
 * the channel without counting as scrolling up: the next new message is followed again. Who sends something wants to
 * see what comes of it, wherever they were.
 */
export function useFollowNewest({ count, sent, target }: Following) {
  const pane = useRef<HTMLElement>(null);
  const content = useRef<HTMLOListElement>(null);
  const position = useRef<Position>(START);
  useWatchedHeight(pane, content, position);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the count is the trigger, not an input
  useLayoutEffect(() => {
    if (position.current.follows) toNewest(pane.current, position);
  }, [count]);
  useLayoutEffect(() => {
    if (sent > 0) toNewest(pane.current, position);
  }, [sent]);
  const ready = count > 0;
  useEffect(() => {
    const scroller = pane.current;
    if (!ready || target === undefined || !scroller) return;
    scroller.querySelector(`[data-ts="${CSS.escape(target)}"]`)?.scrollIntoView({ block: 'nearest' });
    position.current = { ...position.current, shows: true, ...measured(scroller) };
  }, [target, ready]);
  return { pane, content };
}

type Position = {
  readonly follows: boolean;
  /** The target of a link is in view: growing pictures must not push it out. */
  readonly shows: boolean;
  /** As we left it: a scroll event with other heights, or at this place, is not the reader's doing. */
  readonly top: number;
  readonly height: number;
  readonly room: number;
};

const START: Position = { follows: true, shows: false, top: 0, height: 0, room: 0 };

function measured({ scrollTop, scrollHeight, clientHeight }: HTMLElement) {
  return { top: scrollTop, height: scrollHeight, room: clientHeight };
}

function toNewest(scroller: HTMLElement | null, position: { current: Position }): void {
  if (!scroller) return;
  scroller.scrollTop = scroller.scrollHeight;
  position.current = { follows: true, shows: false, ...measured(scroller) };
}

/** Pictures and late bundles change the height after a message was drawn, so the height itself is watched. */
function useWatchedHeight(
  pane: RefObject<HTMLElement | null>,
  content: RefObject<HTMLOListElement | null>,
  position: { current: Position },
): void {
  useEffect(() => {
    const scroller = pane.current;
    if (!scroller || !content.current) return;
    const onScroll = () => {
      const now = measured(scroller);
      const before = position.current;
      const byLayout = now.height !== before.height || now.room !== before.room;
      position.current = { ...before, ...now };
      if (byLayout || now.top === before.top) return;
      position.current = { ...now, shows: false, follows: now.height - now.top - now.room < NEAR_BOTTOM_PX };
    };
    const watcher = new ResizeObserver(() => {
      const { follows, shows } = position.current;
      if (follows && !shows) toNewest(scroller, position);
      else position.current = { ...position.current, ...measured(scroller) };
    });
    watcher.observe(content.current);
    watcher.observe(scroller);
    scroller.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      watcher.disconnect();
      scroller.removeEventListener('scroll', onScroll);
    };
  }, [pane, content, position]);
}
