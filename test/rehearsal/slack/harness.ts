import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { App, HTTPReceiver, LogLevel, SocketModeReceiver } from '@slack/bolt';
import { WebClient } from '@slack/web-api';
import { afterEach } from 'vitest';
import {
  type RehearsalSlack,
  type RehearsalSlackOptions,
  startRehearsalSlack,
} from '../../../src/rehearsal/slack/server.ts';

type Json = Record<string, unknown>;

const closers: (() => Promise<unknown>)[] = [];

/** Whatever a test started is closed after it, the last one first. */
export function cleanUp(close: () => Promise<unknown>): void {
  closers.push(close);
}

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

export type Harness = {
  readonly slack: RehearsalSlack;
  readonly web: WebClient;
  /** A call of the Web API as it is on the wire; the token is the bot's unless one is given. */
  readonly api: (method: string, args?: Json, token?: string) => Promise<Json>;
  readonly control: (path: string, body: Json) => Promise<Json>;
  readonly read: (path: string) => Promise<Json>;
  readonly messages: (channel: string) => Promise<readonly Json[]>;
  readonly channel: (name: string) => string;
  readonly user: (name: string) => string;
};

async function json(response: Promise<Response>): Promise<Json> {
  return (await (await response).json()) as Json;
}

function named(table: Readonly<Record<string, string>>) {
  return (name: string): string => {
    const id = table[name];
    if (id === undefined) throw new Error(`there is no ${name}`);
    return id;
  };
}

/** A rehearsal Slack without rate limits, unless the test asks for them. */
export async function startSlack(options: RehearsalSlackOptions = {}): Promise<Harness> {
  const slack = await startRehearsalSlack({ rateLimitScale: Number.POSITIVE_INFINITY, ...options });
  cleanUp(() => slack.close());
  const api = (method: string, args: Json = {}, token = slack.tokens.botToken) =>
    json(
      fetch(`${slack.apiUrl}${method}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
        body: JSON.stringify(args),
      }),
    );
  const read = (path: string) => json(fetch(`${slack.controlUrl}/${path}`));
  return {
    slack,
    api,
    read,
    web: new WebClient(slack.tokens.botToken, {
      slackApiUrl: slack.apiUrl,
      retryConfig: { retries: 0 },
      logLevel: LogLevel.ERROR,
    }),
    control: (path, body) => json(fetch(`${slack.controlUrl}/${path}`, { method: 'POST', body: JSON.stringify(body) })),
    messages: async (channel) => (await read(`messages/${channel}`))['messages'] as readonly Json[],
    channel: named(slack.channels),
    user: named(slack.users),
  };
}

/** Silent: the tests look at what happens, and a closing server makes clients complain. */
const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  getLevel: () => LogLevel.ERROR,
  setName: () => undefined,
};

/** A Bolt app over Socket Mode, not yet started. */
export function socketApp({ slack }: Harness): App {
  const clientOptions = { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 } };
  const receiver = new SocketModeReceiver({
    appToken: slack.tokens.appToken,
    logger: quiet,
    clientPingTimeout: 500,
    // The receiver passes this on to its own client, whose types do not know slackApiUrl.
    installerOptions: { clientOptions },
  });
  const app = new App({ token: slack.tokens.botToken, receiver, logger: quiet, convoStore: false, clientOptions });
  cleanUp(() => app.stop());
  return app;
}

/** A Bolt app over HTTP on a free port, started; answers its request URL. */
export async function httpApp({ slack }: Harness, setUp: (app: App) => void): Promise<string> {
  const receiver = new HTTPReceiver({ signingSecret: slack.tokens.signingSecret, logger: quiet });
  const app = new App({
    token: slack.tokens.botToken,
    receiver,
    logger: quiet,
    convoStore: false,
    clientOptions: { slackApiUrl: slack.apiUrl },
  });
  setUp(app);
  const server = await receiver.start({ port: 0, host: '127.0.0.1' });
  cleanUp(() => app.stop());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port');
  return `http://127.0.0.1:${address.port}/slack/events`;
}

/** Waits until the look succeeds; the last failure is the error. */
export async function eventually<T>(look: () => Promise<T | undefined>, timeoutMs = 5_000): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > end) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export type Received = { readonly method: string; readonly headers: IncomingHttpHeaders; readonly body: string };

/** Somebody else's HTTP server on a free port: keeps what it got and answers as told. */
export async function listen(
  answer: (received: Received) => { status: number; body: string },
): Promise<{ url: string; seen: Received[] }> {
  const seen: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const received = {
        method: request.method ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      seen.push(received);
      const { status, body } = answer(received);
      response.writeHead(status);
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp(async () => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, seen };
}
