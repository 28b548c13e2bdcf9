import { useEffect, useRef, useState } from 'react';
import type { UiMessage } from '../ui-protocol.ts';
import { useWorkspace } from './workspace-context.tsx';

const SPOKEN_CHARS = 160;

/**
 * Reads out each new message of the open channel once, by its text (which apps must fill for this very purpose).
 * Edits stay silent: a progress message edited every few seconds would talk without end.
 */
export function Announcer({
  messages,
  channel,
}: {
  readonly messages: readonly UiMessage[];
  readonly channel: string;
}) {
  const { viewer, userName } = useWorkspace();
  const spokenUpTo = useRef(messages.at(-1)?.ts ?? '');
  const [spoken, setSpoken] = useState('');
  useEffect(() => {
    const fresh = messages.filter(
      ({ ts, user, ephemeralTo, ...message }) =>
        ts > spokenUpTo.current &&
        message.channel === channel &&
        user !== viewer &&
        (ephemeralTo === undefined || ephemeralTo === viewer),
    );
    spokenUpTo.current = messages.at(-1)?.ts ?? '';
    const last = fresh.at(-1);
    if (last) setSpoken(`${userName(last.user)}: ${last.text.slice(0, SPOKEN_CHARS)}`);
  }, [messages, channel, viewer, userName]);
  return (
    <div className="visually-hidden" aria-live="polite">
      {spoken}
    </div>
  );
}
