import { App } from '@slack/bolt';
import { WebClient } from '@slack/web-api';
import type { SubmitDeps } from '../app/submit.ts';
import type { CheckGroup } from '../core/doctoring.ts';
import { type Meter, NO_METER } from '../core/meter.ts';
import type { ChatPort } from '../core/ports/chat.ts';
import { boltLogger } from './bolt-logger.ts';
import type { Reach } from './doctor-checks.ts';
import { examineSlack } from './doctor-slack.ts';
import { createGroups } from './groups.ts';
import { createEar, kindOf } from './heard.ts';
import { onHome } from './home.ts';
import { createIdentity } from './identity.ts';
import { createLinks } from './links.ts';
import { listen } from './listeners.ts';
import { meteredFetch, timedReceiver } from './metered.ts';
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
  /** @throws OpsError BadConfig when Slack refuses the token, SlackUnavailable */
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly connected: () => boolean;
  /** Where it listens in HTTP mode; undefined in Socket Mode. */
  readonly port: () => number | undefined;
  /** What doctor asks about Slack, with this bot's own token. Never rejects. */
  readonly examine: () => Promise<readonly CheckGroup[]>;
};

/** Groups are Slack's; the rest comes from outside. */
export type BotDeps = Omit<SubmitDeps, 'groups' | 'linkTo'> & { readonly meter?: Meter };

const CALL_LIMIT_MS = 10_000;

export function createSlackBot(config: SlackConfig, deps: BotDeps): SlackBot {
  const transport = openTransport(config, deps);
  const meter = deps.meter ?? NO_METER;
  const fetch = meteredFetch(meter);
  const where = { fetch, ...(config.apiUrl === undefined ? {} : { slackApiUrl: config.apiUrl }) };
  const clientOptions = { retryConfig: RETRIES, timeout: CALL_LIMIT_MS, logger: boltLogger(deps.log), ...where };
  const identity = createIdentity(new WebClient(config.botToken, clientOptions), config.botToken);
  const app = new App({
    authorize: identity,
    receiver: timedReceiver(transport.receiver, meter),
    logger: boltLogger(deps.log),
    convoStore: false,
    clientOptions,
  });
  const heard = createEar(deps.clock.now);
  app.use(async ({ body, next }) => {
    heard.hear(kindOf(body));
    await next();
  });
  app.error(async (error) => deps.log.error({ err: error }, 'slack listener failed'));
  const publisher = new WebClient(config.botToken, {
    ...where,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: CALL_LIMIT_MS,
    logger: boltLogger(deps.log),
  });
  const links = createLinks();
  const submitting = { ...deps, groups: createGroups(publisher, deps.clock), linkTo: links.linkTo };
  listen(app, submitting, () => config.root);
  onHome(app, submitting, () => config.root);
  return {
    chat: createWebChat(publisher, deps.log),
    start: async () => {
      links.found((await identity()).workspaceUrl);
      await app.start();
    },
    stop: transport.stop,
    connected: transport.connected,
    port: transport.port,
    examine: () => {
      const { botToken, apiUrl } = config;
      const reach = (): Reach => reachOf(config, transport.connected());
      const door = { botToken, apiUrl, log: deps.log, fetch };
      return examineSlack({ door, config: deps.config(), reach, heard, now: deps.clock.now });
    },
  };
}

function reachOf({ transport: { type } }: SlackConfig, isOpen: boolean): Reach {
  return type === 'socket' ? { type, connected: isOpen } : { type, listening: isOpen };
}

function openTransport({ transport, apiUrl }: SlackConfig, deps: BotDeps): Transport {
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
