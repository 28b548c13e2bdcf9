import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendJson } from './http-io.ts';
import type { World } from './world.ts';

/**
 * Lets the `web-api` fault take a call of the bot: to the Web API, to an upload address, to a response_url.
 * @returns whether the call was answered, or cut, already
 */
export async function takenByOutage(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const fault = world.faults.value('web-api');
  if (fault === 'off') return false;
  world.journal.add({ direction: 'from_bot', kind: 'fault', summary: `${fault}: ${request.url}`, detail: {} });
  switch (fault) {
    case '503':
      sendJson(response, 503, { ok: false, error: 'service_unavailable' });
      return true;
    case 'reset':
      request.socket.resetAndDestroy();
      return true;
    case 'slow':
      await sleep(world.times.faultSlowMs);
      return false;
    case 'internal-error':
      sendJson(response, 200, { ok: false, error: 'internal_error' });
      return true;
  }
}
