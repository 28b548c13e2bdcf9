import { useEffect, useMemo, useState } from 'react';
import type { UiMessage } from '../ui-protocol.ts';

/** Channels with messages that came after this window last showed them. Everything known at the start counts as read. */
export function useUnread(messages: readonly UiMessage[], shown: string, viewer: string): ReadonlySet<string> {
  const [openedAt] = useState(() => messages.at(-1)?.ts ?? '');
  const [readUpTo, setReadUpTo] = useState<Readonly<Record<string, string>>>({});
  const newest = messages.findLast(({ channel }) => channel === shown)?.ts ?? '';
  useEffect(() => setReadUpTo((before) => ({ ...before, [shown]: newest })), [shown, newest]);
  return useMemo(() => {
    const unread = messages.filter(
      ({ channel, ts, ephemeralTo }) =>
        channel !== shown &&
        ts > (readUpTo[channel] ?? openedAt) &&
        (ephemeralTo === undefined || ephemeralTo === viewer),
    );
    return new Set(unread.map(({ channel }) => channel));
  }, [messages, shown, viewer, readUpTo, openedAt]);
}
