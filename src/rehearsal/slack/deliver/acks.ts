import type { Connection } from './connection.ts';
import type { Delivery } from './envelope.ts';

type Waiting = { readonly connection: Connection; readonly settle: (delivery: Delivery) => void };

/** Deliveries that wait for their acknowledgement, each on the connection it went to. */
export type Acks = {
  readonly wait: (envelopeId: string, connection: Connection) => Promise<Delivery>;
  /** Answers false where nothing on that connection waits for it. */
  readonly settle: (envelopeId: string, connection: Connection, body: unknown) => boolean;
  readonly lose: (connection: Connection) => void;
  readonly close: () => void;
};

export function createAcks(ackTimeoutMs: number): Acks {
  const waiting = new Map<string, Waiting>();
  return {
    wait(envelopeId, connection) {
      return new Promise((resolve) => {
        const settle = (delivery: Delivery) => {
          clearTimeout(timer);
          waiting.delete(envelopeId);
          resolve(delivery);
        };
        const timer = setTimeout(() => settle({ type: 'late' }), ackTimeoutMs);
        waiting.set(envelopeId, { connection, settle });
      });
    },
    settle(envelopeId, connection, body) {
      const entry = waiting.get(envelopeId);
      if (entry?.connection !== connection) return false;
      entry.settle({ type: 'acked', body });
      return true;
    },
    lose(connection) {
      for (const entry of [...waiting.values()]) if (entry.connection === connection) entry.settle({ type: 'late' });
    },
    close() {
      for (const entry of [...waiting.values()]) entry.settle({ type: 'nobody' });
    },
  };
}
