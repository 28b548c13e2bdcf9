import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { HTTPReceiver, type Receiver, SocketModeReceiver } from '@slack/bolt';
import type { Budget, Log } from '../core/ports/ports.ts';
import { boltLogger } from './bolt-logger.ts';
import { refusalOf } from './request-guard.ts';

/** Slack closes a socket every few hours; a short ping timeout is also how soon Bolt opens the next one. */
const CLIENT_PING_TIMEOUT_MS = 1_500;

/** socket-mode overwrites a missing retryConfig with 100 retries for every client of the app: always give one. */
export const RETRIES = { retries: 5, factor: 2, minTimeout: 500, maxTimeout: 10_000 };

/** Slack waits 3 s for an answer. */
const GOODBYE_MS = 3_000;

export type Transport = {
  readonly receiver: Receiver;
  /** True while Slack can reach us. */
  readonly connected: () => boolean;
  readonly stop: () => Promise<void>;
  /** Where it listens, when it does. */
  readonly port: () => number | undefined;
};

export function socketTransport(options: {
  readonly appToken: string;
  readonly apiUrl: string | undefined;
  readonly log: Log;
}): Transport {
  const clientOptions = {
    retryConfig: RETRIES,
    ...(options.apiUrl === undefined ? {} : { slackApiUrl: options.apiUrl }),
  };
  const receiver = new SocketModeReceiver({
    appToken: options.appToken,
    clientPingTimeout: CLIENT_PING_TIMEOUT_MS,
    logger: boltLogger(options.log),
    installerOptions: { clientOptions },
  });
  let connected = false;
  receiver.client.on('connected', () => {
    connected = true;
  });
  for (const event of ['reconnecting', 'disconnecting', 'disconnected']) {
    receiver.client.on(event, () => {
      connected = false;
    });
  }
  return { receiver, connected: () => connected, stop: () => receiver.stop(), port: () => undefined };
}

type HttpOptions = {
  readonly signingSecret: string;
  readonly port: number;
  readonly host: string;
  readonly budget: Budget;
  readonly now: () => Date;
  readonly log: Log;
};

/** Bolt's own receiver behind a check for what it lets through; see `request-guard.ts`. */
export function httpTransport(options: HttpOptions): Transport {
  const receiver = new HTTPReceiver({ signingSecret: options.signingSecret, logger: boltLogger(options.log) });
  const server = createServer((request, response) => {
    guard(options, request, response)
      .then((passed) => passed && receiver.requestListener(request, response))
      .catch((thrown: unknown) => {
        options.log.error({ err: thrown }, 'request could not be checked');
        answer(response, 503, 'try again');
      });
  });
  const start = (): Promise<unknown> =>
    new Promise((resolve, reject) =>
      server.once('error', reject).listen(options.port, options.host, () => resolve(server)),
    );
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      // Requests under way are answered; a connection that says nothing does not hold up the shutdown.
      const rest = setTimeout(() => server.closeAllConnections(), GOODBYE_MS);
      server.close(() => {
        clearTimeout(rest);
        resolve();
      });
    });
  return {
    receiver: { init: (app) => receiver.init(app), start, stop },
    connected: () => server.listening,
    stop,
    port: () => portOf(server.address()),
  };
}

async function guard(options: HttpOptions, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const refusal = await refusalOf(request, options.budget, options.now());
  if (refusal === undefined) return true;
  options.log.warn({ refusal }, 'request refused');
  answer(response, 401, '');
  return false;
}

function answer(response: ServerResponse, status: number, text: string): void {
  if (!response.headersSent) response.writeHead(status);
  response.end(text);
}

function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number | undefined {
  return typeof address === 'object' && address !== null ? address.port : undefined;
}
