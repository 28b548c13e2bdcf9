import type { WebSocket } from 'ws';
import { newId } from '../ids.ts';

export type ConnectionEvents = {
  readonly message: (connection: Connection, text: string) => void;
  readonly gone: (connection: Connection) => void;
};

export type Lifetime = { readonly lifetimeMs: number; readonly warningMs: number };

/** One Socket Mode connection, from hello to goodbye. A draining one was told to reconnect and gets nothing more. */
export type Connection = {
  readonly id: string;
  readonly usable: () => boolean;
  readonly send: (frame: unknown) => void;
  readonly sayGoodbye: (reason: string) => void;
  /** Cuts the TCP stream, with no close handshake. */
  readonly cut: () => void;
};

const PING_EVERY_MS = 10_000;

/** Pings until the other side stops to answer; Slack does so too, and Bolt expects it. */
function keepAlive(ws: WebSocket): NodeJS.Timeout {
  let alive = true;
  ws.on('pong', () => {
    alive = true;
  });
  return setInterval(() => {
    if (!alive) return ws.terminate();
    alive = false;
    ws.ping();
  }, PING_EVERY_MS);
}

export function createConnection(ws: WebSocket, life: Lifetime, events: ConnectionEvents): Connection {
  let draining = false;
  let closed = false;
  const send = (frame: unknown) => ws.send(JSON.stringify(frame));
  const connection: Connection = {
    id: newId('c', 5),
    usable: () => !draining && ws.readyState === ws.OPEN,
    send,
    sayGoodbye(reason) {
      draining = true;
      send({ type: 'disconnect', reason, debug_info: { host: 'rehearsal' } });
    },
    cut: () => ws.terminate(),
  };
  const timers = [
    setTimeout(() => connection.sayGoodbye('warning'), Math.max(0, life.lifetimeMs - life.warningMs)),
    setTimeout(() => {
      connection.sayGoodbye('refresh_requested');
      ws.close(1000);
    }, life.lifetimeMs),
    keepAlive(ws),
  ];
  const gone = () => {
    if (closed) return;
    closed = true;
    for (const timer of timers) clearTimeout(timer);
    events.gone(connection);
  };
  ws.on('message', (raw: Buffer) => events.message(connection, raw.toString('utf8')));
  ws.on('close', gone);
  ws.on('error', gone);
  return connection;
}
