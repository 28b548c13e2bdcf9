import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { newSecret } from '../ids.ts';
import type { Journal } from '../journal.ts';
import { asJson, asText, parseJson } from '../json.ts';
import { createAcks } from './acks.ts';
import { type Connection, createConnection } from './connection.ts';
import type { Delivery, Envelope, Transport } from './envelope.ts';

/** Slack allows ten connections per app. */
const MAX_CONNECTIONS = 10;
/** `debug_reconnects=true` shortens a connection's life to this ("Using Socket Mode"). */
const DEBUG_LIFETIME_MS = 360_000;

export type SocketModeOptions = {
  readonly appId: string;
  readonly ackTimeoutMs: number;
  /** A connection is asked to refresh after this long, with a warning `warningMs` before. */
  readonly lifetimeMs: number;
  readonly warningMs: number;
  readonly journal: Journal;
  readonly onCount: (open: number) => void;
};

/**
 * The far end of Socket Mode: tickets, up to ten connections, every envelope to exactly one of them in turn, and an
 * acknowledgement that counts only on the connection that was asked.
 */
export class SocketMode implements Transport {
  readonly #options: SocketModeOptions;
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #tickets = new Set<string>();
  readonly #acks;
  #connections: readonly Connection[] = [];
  #turn = 0;

  constructor(options: SocketModeOptions) {
    this.#options = options;
    this.#acks = createAcks(options.ackTimeoutMs);
  }

  get count(): number {
    return this.#connections.length;
  }

  /** The path and query a client connects to, good for one connection; undefined when ten are open already. */
  openTicket(): string | undefined {
    if (this.count >= MAX_CONNECTIONS) return undefined;
    const ticket = newSecret();
    this.#tickets.add(ticket);
    return `/link/?ticket=${ticket}&app_id=${this.#options.appId}`;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const isKnown = this.#tickets.delete(url.searchParams.get('ticket') ?? '');
    if (url.pathname !== '/link/' || !isKnown || this.count >= MAX_CONNECTIONS) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n');
      return;
    }
    const isShort = url.searchParams.get('debug_reconnects') === 'true';
    const lifetimeMs = isShort ? Math.min(DEBUG_LIFETIME_MS, this.#options.lifetimeMs) : this.#options.lifetimeMs;
    this.#server.handleUpgrade(request, socket, head, (ws) => this.#accept(ws, lifetimeMs));
  }

  async deliver(envelope: Envelope): Promise<Delivery> {
    const usable = this.#connections.filter((candidate) => candidate.usable());
    const connection = usable[this.#turn++ % Math.max(1, usable.length)];
    if (!connection) return { type: 'nobody' };
    const envelopeId = randomUUID();
    const delivery = this.#acks.wait(envelopeId, connection);
    const { type, payload, retry } = envelope;
    const retryPart = { retry_attempt: retry?.attempt ?? 0, retry_reason: retry?.reason ?? '' };
    connection.send({
      envelope_id: envelopeId,
      type,
      payload,
      accepts_response_payload: envelope.acceptsResponse,
      ...(type === 'events_api' ? retryPart : {}),
    });
    return delivery;
  }

  /** Asks every connection to reconnect, as Slack does every few hours. */
  refresh(reason: 'warning' | 'refresh_requested' | 'link_disabled'): void {
    for (const connection of this.#connections) {
      connection.sayGoodbye(reason);
      this.#log('to_bot', `disconnect (${reason}) to ${connection.id}`);
    }
  }

  drop(): void {
    for (const connection of this.#connections) connection.cut();
  }

  close(): void {
    this.#acks.close();
    this.drop();
    this.#server.close();
  }

  #accept(ws: WebSocket, lifetimeMs: number): void {
    const connection = createConnection(
      ws,
      { lifetimeMs, warningMs: this.#options.warningMs },
      { message: (from, text) => this.#received(from, text), gone: (lost) => this.#gone(lost) },
    );
    this.#connections = [...this.#connections, connection];
    const seconds = Math.round(lifetimeMs / 1_000);
    const hello = {
      type: 'hello',
      num_connections: this.count,
      debug_info: { host: 'rehearsal', build_number: 1, approximate_connection_time: seconds },
      connection_info: { app_id: this.#options.appId },
    };
    connection.send(hello);
    this.#log('to_bot', `hello to ${connection.id}, ${this.count} open`, hello);
    this.#options.onCount(this.count);
  }

  #received(connection: Connection, text: string): void {
    const ack = asJson(parseJson(text));
    const isExpected = this.#acks.settle(asText(ack['envelope_id']), connection, ack['payload']);
    this.#log('from_bot', `${isExpected ? 'ack' : 'unexpected message'} on ${connection.id}`, ack);
  }

  #gone(connection: Connection): void {
    this.#connections = this.#connections.filter((other) => other !== connection);
    this.#log('internal', `connection ${connection.id} closed, ${this.count} open`);
    this.#options.onCount(this.count);
    this.#acks.lose(connection);
  }

  #log(direction: 'to_bot' | 'from_bot' | 'internal', summary: string, detail: unknown = {}): void {
    const kind = direction === 'from_bot' ? 'ack' : 'socket';
    this.#options.journal.add({ direction, kind, summary, detail });
  }
}
