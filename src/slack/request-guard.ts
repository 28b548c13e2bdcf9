import type { IncomingMessage } from 'node:http';
import type { Budget } from '../core/ports/ports.ts';

/** Slack's clocks and ours may differ by so much; Bolt itself refuses what is older than five minutes. */
const FUTURE_S = 60;
const REPLAY_WINDOW_MS = 6 * 60_000;

/**
 * What Bolt's signature check lets through in HTTP mode: requests dated in the future, and exact replays within five
 * minutes. Answers why a request is refused, or undefined. Slack's own retries of events carry a retry header and are
 * let through: they are recognised by their event, like any redelivery.
 */
export async function refusalOf(request: IncomingMessage, budget: Budget, now: Date): Promise<string | undefined> {
  const signature = header(request, 'x-slack-signature');
  const timestamp = header(request, 'x-slack-request-timestamp');
  // Bolt refuses these itself, and answers Slack's unsigned ssl_check.
  if (signature === undefined || timestamp === undefined) return undefined;
  if (Number(timestamp) - now.getTime() / 1_000 > FUTURE_S) return 'dated in the future';
  if (header(request, 'x-slack-retry-num') !== undefined) return undefined;
  // Without the store nothing can be recorded, so a replay does no harm; and whoever asks is told so, by the handler.
  const first = await budget
    .take(`slack-signature:${signature.slice(0, 80)}`, 1, REPLAY_WINDOW_MS)
    .catch(() => ({ ok: true }));
  return first.ok ? undefined : 'a replay';
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
