import { setTimeout as sleep } from 'node:timers/promises';
import type { Faults } from '../faults.ts';
import type { Journal } from '../journal.ts';
import type { Json } from '../json.ts';
import type { Delivery, Envelope, Transport } from './envelope.ts';

export type Courier = {
  /** Commands and interactivity: delivered once, the answer is what the person sees. */
  readonly ask: (type: 'slash_commands' | 'interactive', payload: Json, acceptsResponse: boolean) => Promise<Delivery>;
  /** Events: delivered again up to three times until one delivery is acknowledged. */
  readonly tell: (payload: Json) => Promise<Delivery>;
  readonly close: () => void;
};

export type CourierOptions = {
  readonly transport: () => Transport;
  readonly faults: Faults;
  readonly journal: Journal;
  /** "The Events API": nearly at once, after one minute, after five minutes. */
  readonly retryDelaysMs: readonly number[];
};

function reasonOf(delivery: Delivery): string {
  if (delivery.type === 'late') return 'http_timeout';
  return delivery.type === 'failed' ? delivery.reason : 'connection_failed';
}

export function createCourier({ transport, faults, journal, retryDelaysMs }: CourierOptions): Courier {
  const stop = new AbortController();

  async function once(envelope: Envelope): Promise<Delivery> {
    journal.add({
      direction: 'to_bot',
      kind: envelope.type === 'interactive' ? 'interactive' : envelope.type,
      summary: `${envelope.type}${envelope.retry ? ` (retry ${envelope.retry.attempt})` : ''}`,
      detail: envelope.payload,
    });
    if (faults.value('deliveries') === 'lost') return { type: 'late' };
    return transport().deliver(envelope);
  }

  async function retry(payload: Json, first: Delivery): Promise<void> {
    let last = first;
    for (const [index, delayMs] of retryDelaysMs.entries()) {
      await sleep(delayMs, undefined, { signal: stop.signal });
      const again = { attempt: index + 1, reason: reasonOf(last) };
      last = await once({ type: 'events_api', payload, acceptsResponse: false, retry: again });
      if (last.type === 'acked') return;
    }
  }

  return {
    async ask(type, payload, acceptsResponse) {
      const envelope: Envelope = { type, payload, acceptsResponse };
      const delivery = await once(envelope);
      if (faults.value('deliveries') === 'duplicate') await once(envelope);
      return delivery;
    },
    async tell(payload) {
      const delivery = await once({ type: 'events_api', payload, acceptsResponse: false });
      if (faults.value('deliveries') === 'duplicate') {
        const retried = { attempt: 1, reason: 'http_timeout' };
        await once({ type: 'events_api', payload, acceptsResponse: false, retry: retried });
      }
      if (delivery.type !== 'acked') {
        // The only way out of a retry by exception is the abort at shutdown.
        void retry(payload, delivery).catch(() => undefined);
      }
      return delivery;
    },
    close: () => stop.abort(),
  };
}
