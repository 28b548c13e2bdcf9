import { onTestFinished } from 'vitest';
import { z } from 'zod';
import {
  type RehearsalSlack,
  type RehearsalSlackOptions,
  startRehearsalSlack,
} from '../../src/rehearsal/slack/server.ts';
import { createSlackBot, type SlackBot, type SlackConfig } from '../../src/slack/slack-bot.ts';
import { aWorld, type World } from '../app/world.ts';

const Message = z.object({
  ts: z.string(),
  text: z.string(),
  user: z.string().optional(),
  thread_ts: z.string().optional(),
  ephemeral_to: z.string().optional(),
  blocks: z.array(z.looseObject({ type: z.string() })).default([]),
  files: z.array(z.object({ id: z.string(), name: z.string() })).default([]),
});
export type Message = z.infer<typeof Message>;

const Acted = z.looseObject({ ok: z.boolean(), acked: z.boolean().optional(), failure: z.string().optional() });
const Logged = z.object({
  log: z.array(z.looseObject({ direction: z.string(), kind: z.string(), summary: z.string() })),
});

export type Desk = {
  readonly slack: RehearsalSlack;
  readonly bot: SlackBot;
  readonly world: World;
  readonly ops: string;
  readonly user: (name: string) => string;
  readonly command: (text: string, by?: string) => Promise<z.infer<typeof Acted>>;
  readonly act: (path: string, body: unknown) => Promise<z.infer<typeof Acted>>;
  readonly messages: (channel?: string) => Promise<readonly Message[]>;
  /** `chat.update → ok` and the like, in order. */
  readonly calls: () => Promise<readonly string[]>;
  readonly fault: (id: string, value: string) => Promise<void>;
};

export type Mode = 'socket' | 'http';

type Parts = {
  readonly mode?: Mode;
  readonly world?: World;
  readonly slack?: RehearsalSlackOptions;
};

/** The real Bolt against the rehearsal Slack, with the state in memory; both are gone when the test ends. */
export async function aDesk({ mode = 'socket', world = aWorld(), slack: options = {} }: Parts = {}): Promise<Desk> {
  const slack = await startRehearsalSlack({ mode, rateLimitScale: Number.POSITIVE_INFINITY, ...options });
  onTestFinished(() => slack.close());
  const bot = createSlackBot(configOf(mode, slack), world);
  await bot.start();
  onTestFinished(() => bot.stop());
  const { ops = '' } = slack.channels;
  const user = (name: string): string => slack.users[name] ?? '';
  const post = (path: string, body: unknown) =>
    fetch(`${slack.controlUrl}/${path}`, { method: 'POST', body: JSON.stringify(body) }).then((each) => each.json());
  const read = (path: string) => fetch(`${slack.controlUrl}/${path}`).then((each) => each.json());
  if (mode === 'http') await post('request-url', { url: `http://127.0.0.1:${bot.port()}/slack/events` });
  const act = async (path: string, body: unknown) => Acted.parse(await post(path, body));
  return {
    slack,
    bot,
    world,
    ops,
    user,
    act,
    command: (text, by = 'dana') => act('command', { channel: ops, user: user(by), command: '/cilium', text }),
    messages: async (channel = ops) =>
      z.object({ messages: z.array(Message) }).parse(await read(`messages/${channel}`)).messages,
    calls: async () => {
      const { log } = Logged.parse(await read('log'));
      return log.flatMap((each) => (each.direction === 'from_bot' && each.kind === 'web_api' ? [each.summary] : []));
    },
    fault: async (id, value) => {
      await act('faults', { id, value });
    },
  };
}

function configOf(mode: Mode, slack: RehearsalSlack): SlackConfig {
  const { botToken, appToken, signingSecret } = slack.tokens;
  const transport =
    mode === 'socket' ? ({ type: 'socket', appToken } as const) : ({ type: 'http', signingSecret, port: 0 } as const);
  return { botToken, apiUrl: slack.apiUrl, root: '/cilium', transport };
}

/** Runs on record. */
export async function runsOf({ world }: Pick<Desk, 'world'>) {
  return (await world.state.runs.recent({ limit: 100 })).map((each) => each.run);
}
