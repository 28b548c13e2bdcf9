import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { newId, newSecret } from '../ids.ts';
import type { Journal } from '../journal.ts';
import { isJson, parseJson } from '../json.ts';
import type { Delivery, Envelope, Transport } from './envelope.ts';

/** Slack allows ten connections per app. */
const MAX_CONNECTIONS = 10;
const PING_EVERY_MS = 10_000;

export type SocketModeOptions = {
  readonly appId: string;
  readonly ackTimeoutMs: number;
  /** A connection is asked to refresh after this long, with a warning `warningMs` before. */
  readonly lifetimeMs: number;
  readonly warningMs: number;
  readonly journal: Journal;
  readonly onCount: (open: number) => void;
};

export type SocketMode = Transport & {
  /** The path and query a client connects to, good for one connection; undefined when ten are open already. */
  readonly openTicket: () => string | undefined;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly count: () => number;
  /** Asks every connection to reconnect, as Slack does every few hours. */
  readonly refresh: (reason: 'warning' | 'refresh_requested' | 'link_disabled') => void;
  /** Cuts every connection; the TCP stream ends without a close handshake. */
  readonly drop: () => void;
  readonly close: () => void;
};

type Connection = { readonly id: string; readonly ws: WebSocket; draining: boolean; alive: boolean };
type Waiting = { readonly connection: Connection; readonly settle: (delivery: Delivery) => void };

export function createSocketMode(options: SocketModeOptions): SocketMode {
  const server = new WebSocketServer({ noServer: true });
  const tickets = new Map<string, { readonly lifetimeMs: number }>();
  const connections: Connection[] = [];
  const waiting = new Map<string, Waiting>();
  const timers = new Set<NodeJS.Timeout>();
  let turn = 0;

  const log = (direction: 'to_bot' | 'from_bot' | 'internal', summary: string, detail: unknown = {}) =>
    options.journal.add({ direction, kind: direction === 'from_bot' ? 'ack' : 'socket', summary, detail });

  function sayGoodbye(connection: Connection, reason: string): void {
    connection.draining = true;
    connection.ws.send(JSON.stringify({ type: 'disconnect', reason, debug_info: { host: 'rehearsal' } }));
    log('to_bot', `disconnect (${reason}) to ${connection.id}`);
  }

  function later(delayMs: number, action: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      timers.delete(timer);
      action();
    }, delayMs);
    timers.add(timer);
    return timer;
  }

  function gone(connection: Connection): void {
    const at = connections.indexOf(connection);
    if (at < 0) return;
    connections.splice(at, 1);
    log('internal', `connection ${connection.id} closed, ${connections.length} open`);
    options.onCount(connections.length);
    for (const entry of [...waiting.values()]) {
      if (entry.connection === connection) entry.settle({ type: 'late' });
    }
  }

  function received(connection: Connection, text: string): void {
    const ack = parseJson(text);
    const envelopeId = isJson(ack) ? ack['envelope_id'] : undefined;
    const entry = typeof envelopeId === 'string' ? waiting.get(envelopeId) : undefined;
    log('from_bot', entry ? `ack on ${connection.id}` : `unexpected message on ${connection.id}`, ack ?? text);
    // An answer counts only on the connection that was asked.
    if (entry?.connection === connection)
      entry.settle({ type: 'acked', body: isJson(ack) ? ack['payload'] : undefined });
  }

  function limitLife(connection: Connection, lifetimeMs: number): void {
    const whileOpen = (action: () => void) => () => {
      if (connections.includes(connection)) action();
    };
    later(
      Math.max(0, lifetimeMs - options.warningMs),
      whileOpen(() => {
        sayGoodbye(connection, 'warning');
        later(
          options.warningMs,
          whileOpen(() => {
            sayGoodbye(connection, 'refresh_requested');
            connection.ws.close(1000);
          }),
        );
      }),
    );
  }

  function accept(ws: WebSocket, lifetimeMs: number): void {
    const connection: Connection = { id: newId('c', 5), ws, draining: false, alive: true };
    connections.push(connection);
    ws.on('message', (raw: Buffer) => received(connection, raw.toString('utf8')));
    ws.on('pong', () => {
      connection.alive = true;
    });
    ws.on('close', () => gone(connection));
    ws.on('error', () => gone(connection));
    const hello = {
      type: 'hello',
      num_connections: connections.length,
      debug_info: { host: 'rehearsal', build_number: 1, approximate_connection_time: Math.round(lifetimeMs / 1_000) },
      connection_info: { app_id: options.appId },
    };
    ws.send(JSON.stringify(hello));
    log('to_bot', `hello to ${connection.id}, ${connections.length} open`, hello);
    options.onCount(connections.length);
    limitLife(connection, lifetimeMs);
  }

  const heartbeat = setInterval(() => {
    for (const connection of [...connections]) {
      if (!connection.alive) {
        connection.ws.terminate();
        continue;
      }
      connection.alive = false;
      connection.ws.ping();
    }
  }, PING_EVERY_MS);

  function nextConnection(): Connection | undefined {
    const usable = connections.filter(
      (candidate) => !candidate.draining && candidate.ws.readyState === candidate.ws.OPEN,
    );
    return usable[turn++ % Math.max(1, usable.length)];
  }

  return {
    openTicket() {
      if (connections.length >= MAX_CONNECTIONS) return undefined;
      const ticket = newSecret();
      tickets.set(ticket, { lifetimeMs: options.lifetimeMs });
      return `/link/?ticket=${ticket}&app_id=${options.appId}`;
    },
    upgrade(request, socket, head) {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const ticket = tickets.get(url.searchParams.get('ticket') ?? '');
      if (url.pathname !== '/link/' || !ticket || connections.length >= MAX_CONNECTIONS) {
        socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n');
        return;
      }
      tickets.delete(url.searchParams.get('ticket') ?? '');
      // debug_reconnects=true shortens a connection's life to 360 s ("Using Socket Mode").
      const short = url.searchParams.get('debug_reconnects') === 'true';
      const lifetimeMs = short ? Math.min(360_000, ticket.lifetimeMs) : ticket.lifetimeMs;
      server.handleUpgrade(request, socket, head, (ws) => accept(ws, lifetimeMs));
    },
    deliver(envelope: Envelope) {
      const connection = nextConnection();
      if (!connection) return Promise.resolve({ type: 'nobody' });
      const envelopeId = randomUUID();
      const retry = envelope.retry;
      const frame = {
        envelope_id: envelopeId,
        type: envelope.type,
        payload: envelope.payload,
        accepts_response_payload: envelope.acceptsResponse,
        ...(envelope.type === 'events_api'
          ? { retry_attempt: retry?.attempt ?? 0, retry_reason: retry?.reason ?? '' }
          : {}),
      };
      return new Promise<Delivery>((resolve) => {
        const timer = later(options.ackTimeoutMs, () => settle({ type: 'late' }));
        const settle = (delivery: Delivery) => {
          clearTimeout(timer);
          timers.delete(timer);
          waiting.delete(envelopeId);
          resolve(delivery);
        };
        waiting.set(envelopeId, { connection, settle });
        connection.ws.send(JSON.stringify(frame));
      });
    },
    count: () => connections.length,
    refresh(reason) {
      for (const connection of [...connections]) sayGoodbye(connection, reason);
    },
    drop() {
      for (const connection of [...connections]) connection.ws.terminate();
    },
    close() {
      clearInterval(heartbeat);
      for (const timer of timers) clearTimeout(timer);
      for (const entry of [...waiting.values()]) entry.settle({ type: 'nobody' });
      for (const connection of [...connections]) connection.ws.terminate();
      server.close();
    },
  };
}
