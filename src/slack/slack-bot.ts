import { App } from '@slack/bolt';
import { WebClient } from '@slack/web-api';
import type { SubmitDeps } from '../app/submit.ts';
import type { ChatPort } from '../core/chat.ts';
import { boltLogger } from './bolt-logger.ts';
import { listen } from './listeners.ts';
import { httpTransport, RETRIES, socketTransport, type Transport } from './receivers.ts';
import { createWebChat } from './web-chat.ts';

export type SlackConfig = {
  readonly botToken: string;
  readonly apiUrl: string | undefined;
  /** How buttons and mentions name the command: `/cilium`. */
  readonly root: string;
  readonly transport:
    | { readonly type: 'socket'; readonly appToken: string }
    | { readonly type: 'http'; readonly signingSecret: string; readonly port: number };
};

export type SlackBot = {
  readonly chat: ChatPort;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly connected: () => boolean;
};

const CALL_LIMIT_MS = 10_000;

export function createSlackBot(config: SlackConfig, deps: SubmitDeps): SlackBot {
  const transport = openTransport(config, deps);
  const where = config.apiUrl === undefined ? {} : { slackApiUrl: config.apiUrl };
  const app = new App({
    token: config.botToken,
    receiver: transport.receiver,
    logger: boltLogger(deps.log),
    convoStore: false,
    clientOptions: { retryConfig: RETRIES, timeout: CALL_LIMIT_MS, ...where },
  });
  app.error(async (error) => deps.log.error({ err: error }, 'slack listener failed'));
  listen(app, deps, () => config.root);
  const publisher = new WebClient(config.botToken, {
    ...where,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: CALL_LIMIT_MS,
    logger: boltLogger(deps.log),
  });
  return {
    chat: createWebChat(publisher, deps.log),
    start: async () => {
      await app.start();
    },
    stop: transport.stop,
    connected: transport.connected,
  };
}

function openTransport({ transport, apiUrl }: SlackConfig, deps: SubmitDeps): Transport {
  if (transport.type === 'socket') return socketTransport({ appToken: transport.appToken, apiUrl, log: deps.log });
  return httpTransport({
    signingSecret: transport.signingSecret,
    port: transport.port,
    host: '0.0.0.0',
    budget: deps.state.budget,
    now: deps.clock.now,
    log: deps.log,
  });
}
